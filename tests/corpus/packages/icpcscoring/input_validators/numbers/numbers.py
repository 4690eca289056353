import sys

most = int(sys.argv[1]) if len(sys.argv) > 1 else 10**18
lines = sys.stdin.read().split("\n")
numbers = list(map(int, lines[1].split()))
fine = len(lines) == 3 and int(lines[0]) == len(numbers) and all(abs(n) <= most for n in numbers)
sys.exit(42 if fine else 43)
