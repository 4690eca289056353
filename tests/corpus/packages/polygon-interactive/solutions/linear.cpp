#include <iostream>

int main() {
    for (int number = 1;; number++) {
        std::cout << "? " << number << std::endl;
        char answer;
        std::cin >> answer;
        if (answer == '=') {
            std::cout << "! " << number << std::endl;
            return 0;
        }
    }
}
