#define _GNU_SOURCE
#include <pthread.h>
#include <stddef.h>

static void* end(void* unused) { return unused; }

int main(void) {
    for (;;) {
        pthread_t thread;
        if (pthread_create(&thread, NULL, end, NULL) == 0) pthread_detach(thread);
    }
}
