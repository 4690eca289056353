import sys


def main():
    data = sys.stdin.buffer.read().split()
    n, q = int(data[0]), int(data[1])
    sums = [0]
    for value in data[2:2 + n]:
        sums.append(sums[-1] + int(value))
    queries = list(map(int, data[2 + n:2 + n + 2 * q]))
    out = [sums[r] - sums[l - 1] for l, r in zip(queries[::2], queries[1::2])]
    print("\n".join(map(str, out)))


main()
