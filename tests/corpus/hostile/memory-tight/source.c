#define _GNU_SOURCE
#include <stdlib.h>

static void touch(char* block, long size) {
    for (long i = 0; i < size; i += 4096) block[i] = 1;
    __asm__ volatile("" : : "r"(block) : "memory");
}

int main(void) {
    for (;;) {
        char* block = malloc(1 << 16);
        if (block != NULL) touch(block, 1 << 16);
    }
}
