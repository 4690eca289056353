import re
import sys

text = sys.stdin.read()
sys.exit(0 if re.fullmatch(r"[1-9][0-9]{0,8}\n", text) else 3)
