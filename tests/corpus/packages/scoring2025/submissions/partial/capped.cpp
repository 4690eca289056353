#include <algorithm>
#include <iostream>

int main() {
    int target;
    std::cin >> target;
    std::cout << std::min(target, 500) << '\n';
}
