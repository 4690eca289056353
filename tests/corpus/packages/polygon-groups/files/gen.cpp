#include "testlib.h"
#include <iostream>

int main(int argc, char* argv[]) {
    registerGen(argc, argv, 1);
    long long most = std::stoll(argv[1]);
    std::cout << rnd.next(most / 2, most) << ' ' << rnd.next(most / 2, most) << '\n';
}
