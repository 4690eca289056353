#include <iostream>
#include <vector>

int main() {
    std::ios::sync_with_stdio(false);
    std::cin.tie(nullptr);
    int n, q;
    std::cin >> n >> q;
    std::vector<int> numbers(n);
    for (int& number : numbers) std::cin >> number;
    while (q--) {
        int l, r;
        std::cin >> l >> r;
        long long sum = 0;
        for (int i = l - 1; i < r; i++) sum += numbers[i];
        std::cout << sum << '\n';
    }
}
