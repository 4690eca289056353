// Prints one test: -n numbers, -q queries, numbers up to -max; -negative 1 allows negative ones,
// -wide 1 lets every query cover at least half of the numbers.
#include "testlib.h"

int main(int argc, char* argv[]) {
    registerGen(argc, argv, 1);
    int n = opt<int>("n");
    int q = opt<int>("q");
    int max = opt<int>("max");
    bool negative = opt<int>("negative", 0) != 0;
    bool wide = opt<int>("wide", 0) != 0;

    println(n, q);
    std::vector<int> numbers(n);
    for (int& number : numbers) number = rnd.next(negative ? -max : 0, max);
    println(numbers);
    for (int i = 0; i < q; i++) {
        int l = rnd.next(1, wide ? (n + 1) / 2 : n);
        int r = rnd.next(wide ? std::max(l, n / 2) : l, n);
        println(l, r);
    }
}
