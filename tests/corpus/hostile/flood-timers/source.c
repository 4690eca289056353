#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <time.h>

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
    for (int i = 0; i < 100000; i++) {
        struct sigevent silent = {.sigev_notify = SIGEV_NONE};
        timer_t timer;
        if (timer_create(CLOCK_MONOTONIC, &silent, &timer) != 0) break;
    }
    return solve();
}
