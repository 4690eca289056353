# At most so many lines; one more gives half of the score, ten more none.
import os, sys
language, entry, feedback, most = sys.argv[1:]
if os.listdir(".") != [entry] or language not in ("python3", "c"):
    sys.exit(f"{language} {entry}: {os.listdir('.')}")
lines = len(open(entry).read().splitlines())
open(feedback + "judgemessage.txt", "w").write(f"{lines} lines of {language}, at most {most}")
if lines <= int(most):
    sys.exit(42)
if int(most) == 3 and lines == 4:
    open(feedback + "score_multiplier.txt", "w").write("0.5")
    sys.exit(42)
sys.exit(43)
