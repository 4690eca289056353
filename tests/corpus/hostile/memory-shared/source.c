#define _GNU_SOURCE
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static char block[1 << 20];

int main(void) {
    int file = memfd_create("x", 0);
    memset(block, 1, sizeof block);
    for (;;) {
        if (write(file, block, sizeof block) < 0) {
            void* more = mmap(0, sizeof block, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
            if (more != MAP_FAILED) memset(more, 1, sizeof block);
        }
    }
}
