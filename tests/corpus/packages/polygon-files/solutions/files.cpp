#include <algorithm>
#include <fstream>
#include <string>

int main() {
    std::ifstream given("reverse.in");
    std::ofstream made("reverse.out");
    std::string line;
    std::getline(given, line);
    std::reverse(line.begin(), line.end());
    made << line << '\n';
}
