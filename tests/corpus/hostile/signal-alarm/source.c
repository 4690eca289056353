#define _GNU_SOURCE
#include <unistd.h>

int main(void) {
    alarm(1);
    ualarm(1000, 0);
    for (;;) pause();
}
