// Compares the sums one by one and names the first query that is answered wrongly.
#include "testlib.h"

int main(int argc, char* argv[]) {
    setName("compare the sums of all queries");
    registerTestlibCmd(argc, argv);
    inf.readInt();
    int q = inf.readInt();
    for (int i = 1; i <= q; i++) {
        long long expected = ans.readLong();
        long long found = ouf.readLong();
        if (expected != found)
            quitf(_wa, "query %d: expected %lld, found %lld", i, expected, found);
    }
    quitf(_ok, "%d sums", q);
}
