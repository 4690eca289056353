template <int Depth, class A, class B>
struct Grow {
    using Left = typename Grow<Depth - 1, Grow<Depth, A, B>, B>::Type;
    using Right = typename Grow<Depth - 1, A, Grow<Depth, Left, B>>::Type;
    using Type = Grow<Depth, Left, Right>;
};

template <class A, class B>
struct Grow<0, A, B> {
    using Type = A;
};

int main() { return sizeof(Grow<400, int, char>::Type); }
