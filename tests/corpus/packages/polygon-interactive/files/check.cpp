// Reads what the interactor wrote: the claim and the number of questions, of which ten are enough.
#include "testlib.h"

int main(int argc, char* argv[]) {
    registerTestlibCmd(argc, argv);
    int hidden = inf.readInt();
    int claimed = ouf.readInt();
    int asked = ouf.readInt();
    if (claimed != hidden) quitf(_wa, "claimed %d, hidden was %d", claimed, hidden);
    if (asked > 10) quitf(_wa, "asked %d times", asked);
    quitf(_ok, "asked %d times", asked);
}
