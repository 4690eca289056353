#include <iostream>
#include <ranges>
#include <vector>

int main() {
    std::ios::sync_with_stdio(false);
    std::cin.tie(nullptr);
    int n, q;
    std::cin >> n >> q;
    std::vector<long long> prefix(n + 1);
    for (int i : std::views::iota(1, n + 1)) {
        std::cin >> prefix[i];
        prefix[i] += prefix[i - 1];
    }
    for (int l, r; q > 0 && std::cin >> l >> r; q--) std::cout << prefix[r] - prefix[l - 1] << '\n';
}
