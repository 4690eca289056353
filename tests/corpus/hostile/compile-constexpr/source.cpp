constexpr unsigned long long count(unsigned long long to) {
    unsigned long long i = 0;
    for (unsigned long long round = 0; round < to; round++) {
        for (unsigned long long j = 0; j < 250000; j++) i += j;
    }
    return i;
}

template <unsigned long long N>
struct Counted {
    static constexpr unsigned long long value = count(50 + N % 2) + Counted<N - 1>::value;
};

template <>
struct Counted<0> {
    static constexpr unsigned long long value = 0;
};

int main() { return Counted<800>::value != 0; }
