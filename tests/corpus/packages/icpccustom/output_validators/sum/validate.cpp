// Two numbers from 1 on stdin whose sum is the input, or `none` when there are none.
#include "validate.h"
#include <fstream>
#include <iostream>
#include <string>

int main(int, char *argv[]) {
    long long sum;
    std::ifstream(argv[1]) >> sum;
    std::string first, second, rest;
    if (!(std::cin >> first)) refuse(argv[3], "nothing was printed");
    if (first == "none") {
        if (std::cin >> rest) refuse(argv[3], "more than `none`");
        if (sum >= 2) refuse(argv[3], "there are two numbers");
        return 42;
    }
    if (!(std::cin >> second) || std::cin >> rest) refuse(argv[3], "not two numbers");
    if (first.size() > 18 || second.size() > 18) refuse(argv[3], "too large");
    char *end;
    long long a = std::strtoll(first.c_str(), &end, 10);
    if (*end) refuse(argv[3], "not a number");
    long long b = std::strtoll(second.c_str(), &end, 10);
    if (*end) refuse(argv[3], "not a number");
    if (a < 1 || b < 1 || a + b != sum) refuse(argv[3], "not that sum");
    return 42;
}
