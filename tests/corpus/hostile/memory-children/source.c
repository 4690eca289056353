#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(void) {
    for (int i = 0; i < 10; i++) {
        if (fork() == 0) {
            char* block = malloc(64 << 20);
            memset(block, 1, 64 << 20);
            __asm__ volatile("" : : "r"(block) : "memory");
            for (;;) pause();
        }
    }
    for (;;) pause();
}
