#include <iostream>

int main() {
    long long a, b;
    std::cin >> a >> b;
    volatile long long product = 0;
    for (long long i = 0; i < a; i++)
        for (long long j = 0; j < b; j++) product = product + 1;
    std::cout << product << '\n';
}
