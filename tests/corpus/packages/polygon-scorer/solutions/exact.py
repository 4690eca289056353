n = int(input())
print(min((2**k for k in range(40)), key=lambda p: abs(p - n)))
