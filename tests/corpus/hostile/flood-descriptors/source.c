#define _GNU_SOURCE
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>

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
    int set = epoll_create1(0), pair[2];
    for (int i = 0; i < 100000; i++) {
        struct epoll_event event = {.events = EPOLLIN};
        int file = i % 2 == 0 ? eventfd(0, 0) : timerfd_create(CLOCK_MONOTONIC, 0);
        if (file < 0) break;
        epoll_ctl(set, EPOLL_CTL_ADD, file, &event);
        socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
    }
    return solve();
}
