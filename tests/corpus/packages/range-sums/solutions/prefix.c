#include <stdio.h>

static long long prefix[200001];

int main(void) {
    int n, q;
    if (scanf("%d %d", &n, &q) != 2) return 1;
    for (int i = 1; i <= n; i++) {
        int number;
        if (scanf("%d", &number) != 1) return 1;
        prefix[i] = prefix[i - 1] + number;
    }
    while (q--) {
        int l, r;
        if (scanf("%d %d", &l, &r) != 2) return 1;
        printf("%lld\n", prefix[r] - prefix[l - 1]);
    }
    return 0;
}
