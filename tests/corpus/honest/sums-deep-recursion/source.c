#include <stdio.h>

static long long prefix[200001];

static int read_from(int i, int n) {
    volatile char frame[256];
    frame[0] = (char)i;
    if (i > n) return frame[0] * 0;
    if (scanf("%lld", &prefix[i]) != 1) return 1;
    prefix[i] += prefix[i - 1];
    return read_from(i + 1, n) + frame[0] * 0;
}

int main(void) {
    int n, q, l, r;
    if (scanf("%d %d", &n, &q) != 2 || read_from(1, n) != 0) return 1;
    while (q-- > 0) {
        if (scanf("%d %d", &l, &r) != 2) return 1;
        printf("%lld\n", prefix[r] - prefix[l - 1]);
    }
    return 0;
}
