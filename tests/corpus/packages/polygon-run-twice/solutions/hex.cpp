#include <iostream>

int main() {
    std::string task;
    long long number;
    std::cin >> task;
    if (task == "encode") {
        std::cin >> number;
        std::cout << std::hex << number << std::endl;
    } else {
        std::cin >> std::hex >> number;
        std::cout << std::dec << number << std::endl;
    }
}
