#include <math.h>
#include <stdio.h>

int main(void) {
    double number;
    if (scanf("%lf", &number) != 1) return 1;
    printf("%.12e\n", sqrt(number));
    return 0;
}
