"""Accepts when at least as many results as the first argument says are accepted; the score is their
number. Groups are asked about their tests, the root about its groups."""
import sys

needed = int(sys.argv[1])
results = [line.split() for line in sys.stdin if line.strip()]
accepted = [float(score) for verdict, score in results if verdict == "AC"]
if len(accepted) >= needed:
    print("AC", sum(accepted))
else:
    print(next(verdict for verdict, _ in results if verdict != "AC"), 0)
