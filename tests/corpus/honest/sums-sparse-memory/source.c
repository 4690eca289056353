#include <stdio.h>
#include <sys/mman.h>

int main(void) {
    int n, q, l, r;
    long long* prefix = mmap(NULL, 64LL << 30, PROT_READ | PROT_WRITE,
                             MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (prefix == MAP_FAILED || scanf("%d %d", &n, &q) != 2) return 1;
    for (int i = 1; i <= n; i++) {
        if (scanf("%lld", &prefix[i]) != 1) return 1;
        prefix[i] += prefix[i - 1];
    }
    while (q-- > 0) {
        if (scanf("%d %d", &l, &r) != 2) return 1;
        printf("%lld\n", prefix[r] - prefix[l - 1]);
    }
    return 0;
}
