#include "split.h"
#include <iostream>

int main() {
    long long n;
    std::cin >> n;
    if (n < 2) std::cout << "none\n";
    else std::cout << larger(n) << ' ' << n - larger(n) << '\n';
}
