task, word = input().split()
print(format(int(word), "x") if task == "encode" else word[100], flush=True)
