#include "split.h"

long long larger(long long n) { return n - 1; }
