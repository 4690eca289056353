// First run: gives the number, takes a code of at most eight letters and digits, and leaves it as
// the input of the second run. Second run: gives the code, and passes on what the number was.
#include "testlib.h"
#include <iostream>

int main(int argc, char* argv[]) {
    registerInteraction(argc, argv);
    std::string task = inf.readToken();
    if (task == "encode") {
        std::cout << "encode " << inf.readToken() << std::endl;
        std::string code = ouf.readToken("[0-9a-f]{1,8}", "code");
        tout << "decode " << code << std::endl;
        quitf(_ok, "the code is %s", code.c_str());
    }
    std::cout << "decode " << inf.readToken() << std::endl;
    tout << ouf.readLong(0LL, 1LL << 40, "number") << std::endl;
    quitf(_ok, "decoded");
}
