mode, a, b = input().split()
a, b = int(a), int(b)
spin = 1
while mode == "endless":
    spin ^= a
kept = []
while mode == "hog":
    kept.append(bytearray(b"x" * (1 << 20)))
if mode == "crash":
    raise ValueError("crash")
print(a - b if mode == "wrong" else a + b)
