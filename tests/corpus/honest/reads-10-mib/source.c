#define _GNU_SOURCE
#include <stdio.h>
#include <unistd.h>

int main(void) {
    static char block[1 << 16];
    long count = 0, got;
    while ((got = read(0, block, sizeof block)) > 0) count += got;
    printf("%ld\n", count);
    return got < 0 || (count > 8 << 20 && count != 10 << 20);
}
