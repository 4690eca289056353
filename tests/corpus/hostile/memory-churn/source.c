#define _GNU_SOURCE
#include <stddef.h>
#include <sys/mman.h>

static void touch(char* block, long size) {
    for (long i = 0; i < size; i += 4096) block[i] = 1;
    __asm__ volatile("" : : "r"(block) : "memory");
}

int main(void) {
    for (long size = 1 << 20;; size += 64 << 20) {
        char* block = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (block == MAP_FAILED) return 1;
        touch(block, size);
        munmap(block, size);
    }
}
