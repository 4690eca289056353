print(500, flush=True)
while input() != "correct":
    print(500, flush=True)
