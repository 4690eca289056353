#include <stdio.h>

int main(void) {
    int low = 1, high = 1000;
    char answer[16];
    for (;;) {
        int middle = (low + high) / 2;
        printf("%d\n", middle);
        fflush(stdout);
        if (scanf("%15s", answer) != 1 || answer[0] == 'c') return 0;
        if (answer[0] == 'l') high = middle - 1;
        else low = middle + 1;
    }
}
