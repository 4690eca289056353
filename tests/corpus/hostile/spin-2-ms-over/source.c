#define _GNU_SOURCE
#include <time.h>

/* The clock of the process lags by up to a tick while a CPU limit is set; that of its thread does not. */
static int burn(long until_us) {
    struct timespec now;
    do {
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    } while (now.tv_sec * 1000000 + now.tv_nsec / 1000 < until_us);
    return 0;
}

int main(void) {
    return burn(1002000);
}
