"""Accepts any divisor but 1 and the number itself: exit code 0, 1 or 2, a line on stderr."""
import sys

number = int(open(sys.argv[1]).read())
try:
    (divisor,) = map(int, open(sys.argv[2]).read().split())
except ValueError:
    print("expected one number", file=sys.stderr)
    sys.exit(2)
if 1 < divisor < number and number % divisor == 0:
    print(f"{divisor} divides {number}", file=sys.stderr)
    sys.exit(0)
print(f"{divisor} is no divisor of {number}", file=sys.stderr)
sys.exit(1)
