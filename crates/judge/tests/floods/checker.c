/* A checker that writes too much: its last two arguments are the exit code it ends with and where it
   writes. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char block[65536];

/* So many bytes; the program ends when nobody takes them. */
static void pour(int into, long bytes) {
    for (; bytes > 0; bytes -= (long)sizeof block) {
        if (write(into, block, sizeof block) < 0) exit(9);
    }
}

int main(int argc, char **argv) {
    const long much = 1L << 30;
    const char *how = argv[argc - 1];
    int good = atoi(argv[argc - 2]);
    char path[4096];
    memset(block, 'x', sizeof block);
    /* A folder for a validator's message, or the file of a report. */
    if (good == 42) snprintf(path, sizeof path, "%sjudgemessage.txt", argv[3]);
    else snprintf(path, sizeof path, "%s", argv[4]);
    if (!strcmp(how, "stdout")) pour(1, much);
    if (!strcmp(how, "stderr")) pour(2, much / 16);
    if (!strcmp(how, "stderr-on")) {
        for (;;) pour(2, much);
    }
    if (!strcmp(how, "message")) pour(open(path, O_WRONLY | O_CREAT, 0600), much);
    if (!strcmp(how, "long-message")) pour(open(path, O_WRONLY | O_CREAT, 0600), 1L << 20);
    if (!strcmp(how, "files")) {
        for (int number = 0;; number++) {
            snprintf(path, sizeof path, "%d", number);
            int file = open(path, O_WRONLY | O_CREAT, 0600);
            if (file < 0) return 9;
            close(file);
        }
    }
    return good;
}
