#include <iostream>

int main() {
    int n, largest = 0;
    std::cin >> n;
    for (int x; std::cin >> x;) largest = std::max(largest, x);
    std::cout << largest << '\n';
}
