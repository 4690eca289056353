#define _GNU_SOURCE
#include <signal.h>

int main(void) {
    raise(SIGXFSZ);
    return 0;
}
