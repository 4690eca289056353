#include "testlib.h"

int main(int argc, char* argv[]) {
    registerTestlibCmd(argc, argv);
    long long expected = ans.readLong();
    long long number = ouf.readLong();
    if (number != expected) quitf(_wa, "decoded %lld, it was %lld", number, expected);
    quitf(_ok, "%lld", number);
}
