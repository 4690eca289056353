task, word = input().split()
letters = "abcdefghij"
if task == "encode":
    print("".join(letters[int(digit)] for digit in word))
else:
    print("".join(str(letters.index(letter)) for letter in word))
