#include "table.h"
#include <iostream>

int main(int, char *argv[]) {
    std::string key;
    std::cin >> key;
    std::cout << read(argv[1])[key] << '\n';
}
