#define _GNU_SOURCE
#include <sys/mman.h>
#include <unistd.h>

static void touch(char* block, long size) {
    for (long i = 0; i < size; i += 4096) block[i] = 1;
    __asm__ volatile("" : : "r"(block) : "memory");
}

int main(void) {
    for (;;) {
        int file = memfd_create("m", 0);
        if (file < 0 || ftruncate(file, 1 << 20) != 0) return 1;
        char* block = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
        if (block == MAP_FAILED) return 1;
        touch(block, 1 << 20);
        close(file);
    }
}
