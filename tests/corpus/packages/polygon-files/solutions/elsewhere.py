with open("reverse.in") as given, open("other.out", "w") as made:
    made.write(given.readline().strip()[::-1] + "\n")
