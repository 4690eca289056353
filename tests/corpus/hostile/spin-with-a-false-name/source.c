#define _GNU_SOURCE
#include <sys/prctl.h>
#include <unistd.h>

int main(void) {
    prctl(PR_SET_NAME, "x) Z 0 0 0 0");
    fork();
    prctl(PR_SET_NAME, "\n) S 1\n");
    for (;;) __asm__ volatile("");
}
