// How far the output is from the number: the scorer makes points of it.
#include "testlib.h"

int main(int argc, char* argv[]) {
    registerTestlibCmd(argc, argv);
    long long number = inf.readLong();
    long long power = ouf.readLong();
    if (power < 1 || (power & (power - 1)) != 0) quitf(_wa, "%lld is no power of two", power);
    quitpi("distance=" + vtos(std::abs(power - number)), "power " + vtos(power));
}
