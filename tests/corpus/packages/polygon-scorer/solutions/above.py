n = int(input())
print(next(2**k for k in range(40) if 2**k >= n))
