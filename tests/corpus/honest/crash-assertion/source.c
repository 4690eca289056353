#include <assert.h>
#include <stdio.h>

int main(void) {
    int n;
    assert(scanf("%d", &n) == 2);
    return 0;
}
