n = int(input())
print(2 if n < 10 else "many")
