task, word = input().split()
assert task == "encode"
print("".join("abcdefghij"[int(digit)] for digit in word))
