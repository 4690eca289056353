#define _GNU_SOURCE
#include <fcntl.h>
#include <unistd.h>

int main(void) {
    static char block[1 << 16];
    fcntl(1, F_SETPIPE_SZ, 1 << 20);
    for (;;) write(1, block, sizeof block);
}
