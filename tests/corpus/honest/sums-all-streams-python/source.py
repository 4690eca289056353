import sys


def solve():
    data = sys.stdin.buffer.read().split()
    n, q = int(data[0]), int(data[1])
    prefix = [0]
    for number in data[2 : 2 + n]:
        prefix.append(prefix[-1] + int(number))
    for i in range(2 + n, 2 + n + 2 * q, 2):
        print(prefix[int(data[i + 1])] - prefix[int(data[i]) - 1])


print("reading", file=sys.stderr)
solve()
print("done", file=sys.stderr)
