#define _GNU_SOURCE
#include <fcntl.h>
#include <unistd.h>

int main(void) {
    int file = open("big", O_RDWR | O_CREAT, 0600);
    if (file < 0 || pwrite(file, "x", 1, 1LL << 40) != 1) return 1;
    return 0;
}
