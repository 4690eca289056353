#include <signal.h>
#include <time.h>
#include <unistd.h>

int main(void) {
    signal(SIGCHLD, SIG_IGN);
    for (;;) {
        int done[2];
        char byte;
        if (pipe(done) != 0) return 1;
        if (fork() == 0) {
            while (clock() < CLOCKS_PER_SEC / 20) continue;
            _exit(0);
        }
        close(done[1]);
        if (read(done[0], &byte, 1) < 0) return 1;
        close(done[0]);
    }
}
