#include <iostream>
#include <vector>

int main() {
    std::ios::sync_with_stdio(false);
    std::cin.tie(nullptr);
    int n, q;
    std::cin >> n >> q;
    std::vector<int> numbers(n);
    for (int& number : numbers) std::cin >> number;
    std::vector<std::vector<long long>> sums(n);
    for (int l = 0; l < n; l++) {
        long long sum = 0;
        for (int r = l; r < n; r++) sums[l].push_back(sum += numbers[r]);
    }
    for (int l, r; q > 0 && std::cin >> l >> r; q--) std::cout << sums[l - 1][r - l] << '\n';
}
