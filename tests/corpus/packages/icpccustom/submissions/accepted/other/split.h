long long larger(long long n);
