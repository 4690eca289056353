n = int(input())
while n >= 500:
    pass
print(n)
