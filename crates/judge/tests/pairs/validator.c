/* An output validator that talks: its behaviour is its first additional argument. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void read_all(void) {
    char block[4096];
    while (read(0, block, sizeof block) > 0) {
    }
}

int main(int argc, char **argv) {
    const char *how = argc > 4 ? argv[4] : "";
    int answer = 0;
    if (!strcmp(how, "reject")) return 43;
    if (!strcmp(how, "crash")) abort();
    if (!strcmp(how, "unknown")) return 7;
    if (!strcmp(how, "spin")) {
        for (;;) {
        }
    }
    if (!strcmp(how, "silent")) {
        read_all();
        return 43;
    }
    if (!strcmp(how, "accept-all")) {
        read_all();
        return 42;
    }
    if (!strcmp(how, "flood")) {
        static char block[65536];
        memset(block, '1', sizeof block);
        for (;;) {
            if (write(1, block, sizeof block) < 0) return 43;
        }
    }
    if (!strcmp(how, "talk-on")) {
        /* Until the pipe breaks, by the signal. */
        for (;;) {
            printf("1\n");
            fflush(stdout);
        }
    }
    printf("1\n");
    fflush(stdout);
    if (scanf("%d", &answer) != 1) return 43;
    return answer == 2 ? 42 : 43;
}
