#define _GNU_SOURCE
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

static long long prefix[200001];

static int solve(void) {
    int n, q, l, r;
    if (scanf("%d %d", &n, &q) != 2) return 1;
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

int main(void) {
    if (syscall(SYS_request_key, "user", "left", 0, -4) >= 0) return 99;
    if (syscall(SYS_add_key, "user", "left", "secret", 6, -4) >= 0) return 99;
    if (syscall(SYS_keyctl, 0, -4, 1) >= 0) return 99;
    return solve();
}
