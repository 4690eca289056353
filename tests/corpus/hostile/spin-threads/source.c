#include <pthread.h>
#include <stddef.h>

static void* spin(void* unused) {
    for (;;) __asm__ volatile("" : : "r"(unused));
}

int main(void) {
    pthread_t thread;
    for (int i = 0; i < 7; i++) pthread_create(&thread, NULL, spin, NULL);
    spin(NULL);
}
