#include <iostream>
#include <stdexcept>
#include <string>
#include <vector>

int main() {
    std::string mode;
    long a, b;
    std::cin >> mode >> a >> b;
    volatile long spin = 1;
    while (mode == "endless") spin = spin + 1;
    std::vector<std::vector<char>> kept;
    while (mode == "hog") kept.push_back(std::vector<char>(1 << 20, 'x'));
    if (mode == "crash") throw std::runtime_error("crash");
    std::cout << (mode == "wrong" ? a - b : a + b) << '\n';
}
