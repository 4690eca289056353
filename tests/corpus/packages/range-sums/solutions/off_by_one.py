import sys
from itertools import accumulate


def main():
    data = list(map(int, sys.stdin.buffer.read().split()))
    n, q = data[0], data[1]
    prefix = [0, *accumulate(data[2:2 + n])]
    queries = data[2 + n:2 + n + 2 * q]
    sums = (prefix[r - 1] - prefix[l - 1] for l, r in zip(queries[::2], queries[1::2]))
    sys.stdout.write("\n".join(map(str, sums)) + "\n")


main()
