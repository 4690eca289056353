#include <iostream>
#include <thread>
#include <vector>

int main() {
    std::ios::sync_with_stdio(false);
    std::cin.tie(nullptr);
    int n, q;
    std::cin >> n >> q;
    std::vector<long long> prefix(n + 1);
    for (int i = 1; i <= n; i++) std::cin >> prefix[i];
    std::thread adding([&] {
        for (int i = 1; i <= n; i++) prefix[i] += prefix[i - 1];
    });
    adding.join();
    for (int l, r; q > 0 && std::cin >> l >> r; q--) std::cout << prefix[r] - prefix[l - 1] << '\n';
}
