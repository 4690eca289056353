#include <iostream>
#include <vector>

int main() {
    std::ios::sync_with_stdio(false);
    std::cin.tie(nullptr);
    int n, q;
    std::cin >> n >> q;
    std::vector<unsigned> prefix(n + 1);
    for (int i = 1; i <= n; i++) {
        int number;
        std::cin >> number;
        prefix[i] = prefix[i - 1] + static_cast<unsigned>(number);
    }
    for (int l, r; q > 0 && std::cin >> l >> r; q--) {
        std::cout << static_cast<int>(prefix[r] - prefix[l - 1]) << '\n';
    }
}
