#define _GNU_SOURCE
#include <sys/mount.h>

int main(void) {
    umount2("/proc", MNT_DETACH);
    return 0;
}
