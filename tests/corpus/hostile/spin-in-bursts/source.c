#define _GNU_SOURCE
#include <time.h>

int main(void) {
    const struct timespec pause = {0, 1000000};
    for (;;) {
        clock_t until = clock() + CLOCKS_PER_SEC * 3 / 1000;
        while (clock() < until) continue;
        nanosleep(&pause, NULL);
    }
}
