#include <fstream>

int main() {
    std::ifstream given("reverse.in");
    std::ofstream made("reverse.out");
    made << given.rdbuf();
}
