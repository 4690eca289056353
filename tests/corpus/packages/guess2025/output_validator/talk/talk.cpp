// Hides the number; ten guesses, each answered by lower, higher or correct.
#include <fstream>
#include <iostream>
#include <string>

int main(int, char *argv[]) {
    int hidden, guess;
    std::ifstream(argv[1]) >> hidden;
    std::ofstream message(std::string(argv[3]) + "judgemessage.txt", std::ios::app);
    for (int asked = 1; asked <= 10; asked++) {
        if (!(std::cin >> guess)) {
            message << "no guess\n";
            return 43;
        }
        if (guess == hidden) {
            std::cout << "correct" << std::endl;
            message << "found with " << asked << "\n";
            return 42;
        }
        std::cout << (hidden < guess ? "lower" : "higher") << std::endl;
    }
    message << "not found\n";
    return 43;
}
