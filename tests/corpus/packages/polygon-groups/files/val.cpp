#include "testlib.h"

int main(int argc, char* argv[]) {
    registerValidation(argc, argv);
    int most = validator.group() == "1" ? 1000 : 2000000000;
    inf.readInt(0, most, "a");
    inf.readSpace();
    inf.readInt(0, most, "b");
    inf.readEoln();
    inf.readEof();
}
