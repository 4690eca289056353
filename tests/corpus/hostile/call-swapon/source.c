#define _GNU_SOURCE
#include <sys/swap.h>

int main(void) {
    swapon("/w/swap", 0);
    return 0;
}
