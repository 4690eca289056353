import sys

import table

print(table.read(sys.argv[1])[input()].lower())
