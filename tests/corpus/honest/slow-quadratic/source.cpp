#include <iostream>
#include <vector>

int main() {
    std::ios::sync_with_stdio(false);
    std::cin.tie(nullptr);
    int n, q;
    std::cin >> n >> q;
    std::vector<int> numbers(n);
    for (int& number : numbers) std::cin >> number;
    for (int l, r; q > 0 && std::cin >> l >> r; q--) {
        volatile long long sum = 0;
        for (int i = l - 1; i < r; i++) sum = sum + numbers[i];
        std::cout << sum << '\n';
    }
}
