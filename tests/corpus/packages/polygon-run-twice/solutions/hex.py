task, word = input().split()
print(format(int(word), "x") if task == "encode" else int(word, 16), flush=True)
