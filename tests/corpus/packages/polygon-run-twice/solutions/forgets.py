task, word = input().split()
if task == "encode":
    print(format(int(word), "x"), flush=True)
else:
    print("".join(c for c in word if c.isdigit()) or 1, flush=True)
