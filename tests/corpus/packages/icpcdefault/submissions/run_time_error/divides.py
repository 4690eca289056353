number = int(input())
print(number / number ** 0.5)
