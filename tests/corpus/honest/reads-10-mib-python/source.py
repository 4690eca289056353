import sys

count = sum(len(line) for line in sys.stdin)
print(count)
sys.exit(count > 8 << 20 and count != 10 << 20)
