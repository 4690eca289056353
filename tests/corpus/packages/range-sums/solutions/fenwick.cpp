#include <cstdint>
#include <iostream>
#include <vector>

std::int64_t sum(const std::vector<std::int64_t>& tree, int i) {
    std::int64_t total = 0;
    for (; i > 0; i -= i & -i) total += tree[i];
    return total;
}

int main() {
    std::ios::sync_with_stdio(false);
    std::cin.tie(nullptr);
    int n, q;
    std::cin >> n >> q;
    std::vector<std::int64_t> tree(n + 1);
    for (int i = 1; i <= n; i++) {
        std::int64_t number;
        std::cin >> number;
        for (int j = i; j <= n; j += j & -j) tree[j] += number;
    }
    while (q--) {
        int l, r;
        std::cin >> l >> r;
        std::cout << sum(tree, r) - sum(tree, l - 1) << '\n';
    }
}
