/* A submission whose behaviour is its first argument. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void flood(void) {
    static char block[65536];
    memset(block, '1', sizeof block);
    for (;;) {
        if (write(1, block, sizeof block) < 0) exit(0);
    }
}

/* Twice its output limit, on stderr. */
static void complain(void) {
    static char block[65536];
    memset(block, '1', sizeof block);
    for (int i = 0; i < 128; i++) {
        if (write(2, block, sizeof block) < 0) exit(0);
    }
}

static void read_all(void) {
    char block[4096];
    while (read(0, block, sizeof block) > 0) {
    }
}

int main(int argc, char **argv) {
    const char *how = argc > 1 ? argv[1] : "";
    int number = 0;
    if (!strcmp(how, "leave")) return 0;
    if (!strcmp(how, "crash")) abort();
    if (!strcmp(how, "fail")) return 3;
    if (!strcmp(how, "spin")) {
        for (;;) {
        }
    }
    if (!strcmp(how, "wait")) {
        read_all();
        return 0;
    }
    if (!strcmp(how, "crash-at-end")) {
        read_all();
        /* In the same moment nobody could tell who was first. */
        usleep(20000);
        abort();
    }
    if (!strcmp(how, "flood")) flood();
    if (!strcmp(how, "close")) {
        close(1);
        read_all();
        return 0;
    }
    if (!strcmp(how, "deaf")) {
        close(0);
        for (;;) pause();
    }
    if (!strcmp(how, "complain")) complain();
    if (scanf("%d", &number) != 1) return 1;
    printf("%d\n", number + 1);
    fflush(stdout);
    if (!strcmp(how, "chatter")) {
        /* Until the pipe breaks. */
        for (;;) {
            printf("more\n");
            fflush(stdout);
        }
    }
    return 0;
}
