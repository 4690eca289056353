numbers = [1] * (1 << 30)
print(len(numbers))
