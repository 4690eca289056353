"""The nearer, the more: score_multiplier.txt falls from 1 to 0 over a distance of 100, unless
the first argument asks for the target itself."""
import sys

target = int(open(sys.argv[1]).read())
folder = sys.argv[3]
words = sys.stdin.read().split()


def refuse(why):
    with open(folder + "judgemessage.txt", "a") as message:
        message.write(why + "\n")
    sys.exit(43)


if len(words) != 1 or not words[0].isdigit() or int(words[0]) > {{most}}:
    refuse("expected one number from 0 to {{most}}")
distance = abs(int(words[0]) - target)
if "exact" in sys.argv[4:]:
    sys.exit(42 if distance == 0 else refuse("not the target"))
if distance >= 100:
    refuse(f"too far: {distance}")
with open(folder + "score_multiplier.txt", "w") as multiplier:
    multiplier.write(f"{1 - distance / 100}\n")
sys.exit(42)
