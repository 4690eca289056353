import os
import sys


def solve():
    data = sys.stdin.buffer.read().split()
    n, q = int(data[0]), int(data[1])
    prefix = [0]
    for number in data[2 : 2 + n]:
        prefix.append(prefix[-1] + int(number))
    for i in range(2 + n, 2 + n + 2 * q, 2):
        print(prefix[int(data[i + 1])] - prefix[int(data[i]) - 1])


for become in (os.setuid, os.setgid, os.seteuid):
    try:
        become(0)
        sys.exit(99)
    except OSError:
        pass
if 0 in (os.getuid(), os.geteuid(), os.getgid(), os.getegid()) or 0 in os.getgroups():
    sys.exit(99)
solve()
