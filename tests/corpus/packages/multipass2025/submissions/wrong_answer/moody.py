import os

task, word = input().split()
print("a" * (1 + os.urandom(1)[0]) if task == "encode" else 0)
