#define _GNU_SOURCE
#include <sched.h>
#include <stdio.h>
#include <sys/resource.h>
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
    cpu_set_t cores;
    struct sched_param first = {.sched_priority = 1};
    unsigned deadline[12] = {48, 6, 0, 0, 0, 0, 1000000, 0, 2000000, 0, 2000000, 0};
    CPU_ZERO(&cores);
    for (int core = 0; core < 64; core++) CPU_SET(core, &cores);
    if (sched_setaffinity(0, sizeof cores, &cores) == 0) return 99;
    if (sched_setscheduler(0, SCHED_FIFO, &first) == 0 || sched_setscheduler(0, SCHED_RR, &first) == 0) return 99;
    if (syscall(SYS_sched_setattr, 0, deadline, 0) == 0) return 99;
    if (nice(-1) != -1 || setpriority(PRIO_PROCESS, 0, -1) == 0) return 99;
    if (syscall(SYS_ioprio_set, 1, 0, 1 << 13) == 0) return 99;
    return solve();
}
