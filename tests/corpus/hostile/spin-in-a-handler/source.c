#define _GNU_SOURCE
#include <signal.h>
#include <stddef.h>

static void again(int unused) { (void)unused; }

int main(void) {
    signal(SIGSEGV, again);
    *(volatile int*)NULL = 1;
    return 0;
}
