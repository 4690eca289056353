// Hides a number from 1 to 1000. `? x` is answered by <, > or =; `! x` ends the talk. What was
// claimed, and after how many questions, goes to the checker.
#include "testlib.h"
#include <iostream>

int main(int argc, char* argv[]) {
    registerInteraction(argc, argv);
    int hidden = inf.readInt(1, 1000);
    for (int asked = 0; asked <= 2000; asked++) {
        std::string word = ouf.readToken("[?!]");
        int number = ouf.readInt(1, 1000);
        if (word == "!") {
            tout << number << ' ' << asked << std::endl;
            quitf(_ok, "claimed after %d questions", asked);
        }
        std::cout << (hidden < number ? "<" : hidden > number ? ">" : "=") << std::endl;
    }
    quitf(_wa, "asks without an end");
}
