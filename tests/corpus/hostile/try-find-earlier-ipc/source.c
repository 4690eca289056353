#define _GNU_SOURCE
#include <fcntl.h>
#include <mqueue.h>
#include <semaphore.h>
#include <stdio.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>

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
    if (semget(7777, 1, 0) >= 0 || msgget(7777, 0) >= 0) return 99;
    if (mq_open("/left", O_RDONLY) >= 0 || sem_open("/left", 0) != SEM_FAILED) return 99;
    semget(7777, 1, IPC_CREAT | 0666);
    msgget(7777, IPC_CREAT | 0666);
    mq_open("/left", O_RDWR | O_CREAT, 0666, NULL);
    sem_open("/left", O_CREAT, 0666, 1);
    return solve();
}
