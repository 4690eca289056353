print("no number at all")
