#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(void) {
    char mode[16];
    long a, b;
    if (scanf("%15s %ld %ld", mode, &a, &b) != 3) return 1;
    volatile long spin = 1;
    while (strcmp(mode, "endless") == 0) spin++;
    while (strcmp(mode, "hog") == 0) memset(malloc(1 << 20), 1, 1 << 20);
    if (strcmp(mode, "crash") == 0) abort();
    printf("%ld\n", strcmp(mode, "wrong") == 0 ? a - b : a + b);
    return 0;
}
