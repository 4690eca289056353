#define _GNU_SOURCE
#include <stdio.h>
#include <time.h>

/* The clock of the process lags by up to a tick while a CPU limit is set; that of its thread does not. */
static int burn(long until_us) {
    struct timespec now;
    do {
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    } while (now.tv_sec * 1000000 + now.tv_nsec / 1000 < until_us);
    return 0;
}

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
    int wrong = solve();
    fflush(stdout);
    return wrong | burn(998000);
}
