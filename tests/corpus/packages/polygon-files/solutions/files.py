with open("reverse.in") as given, open("reverse.out", "w") as made:
    made.write(given.readline().strip()[::-1] + "\n")
