#include <cstdio>

int main() {
    long long number;
    if (std::scanf("%lld", &number) != 1) return 1;
    volatile double root = 0;
    while (root * root < number) root = root + 1e-5;
    std::printf("%.5f\n", root);
}
