#include <iostream>
#include <numeric>
#include <vector>

int main() {
    std::ios::sync_with_stdio(false);
    std::cin.tie(nullptr);
    int n, q;
    std::cin >> n >> q;
    std::vector<long long> numbers(n), prefix(n + 1);
    for (auto& number : numbers) std::cin >> number;
    std::inclusive_scan(numbers.begin(), numbers.end(), prefix.begin() + 1);
    for (int l, r; q > 0 && std::cin >> l >> r; q--) std::cout << prefix[r] - prefix[l - 1] << '\n';
}
