q = int(input().split()[1])
print("\n".join(["-999"] * q))
