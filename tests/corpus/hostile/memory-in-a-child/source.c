#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static void touch(char* block, long size) {
    for (long i = 0; i < size; i += 4096) block[i] = 1;
    __asm__ volatile("" : : "r"(block) : "memory");
}

int main(void) {
    int ended = 0;
    if (fork() == 0) {
        for (;;) {
            char* block = malloc(1 << 20);
            if (block != NULL) touch(block, 1 << 20);
        }
    }
    wait(&ended);
    fprintf(stderr, "fatal: a child was killed by signal %d\n", ended & 127);
    return 1;
}
