#define _GNU_SOURCE
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>

#include <stddef.h>

static void touch(char* block, long size) {
    for (long i = 0; i < size; i += 4096) block[i] = 1;
    __asm__ volatile("" : : "r"(block) : "memory");
}

int main(void) {
    struct rlimit all = {RLIM_INFINITY, RLIM_INFINITY};
    setrlimit(RLIMIT_CORE, &all);
    char* block = malloc(64 << 20);
    touch(block, 64 << 20);
    *(volatile int*)NULL = 1;
    return 0;
}
