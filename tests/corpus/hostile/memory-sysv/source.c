#define _GNU_SOURCE
#include <stddef.h>
#include <sys/ipc.h>
#include <sys/shm.h>

static void touch(char* block, long size) {
    for (long i = 0; i < size; i += 4096) block[i] = 1;
    __asm__ volatile("" : : "r"(block) : "memory");
}

int main(void) {
    for (int i = 0; i < 512; i++) {
        int id = shmget(IPC_PRIVATE, 1 << 20, IPC_CREAT | 0600);
        char* block = id < 0 ? (char*)-1 : shmat(id, NULL, 0);
        if (block == (char*)-1) return 1;
        touch(block, 1 << 20);
        shmdt(block);
    }
    return 1;
}
