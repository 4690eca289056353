#include <stdio.h>

int main(void) {
    int n, number;
    unsigned sum = 0;
    if (scanf("%d", &n) != 1) return 1;
    while (n-- > 0 && scanf("%d", &number) == 1) sum += (unsigned)number;
    printf("%d\n", (int)sum);
    return 0;
}
