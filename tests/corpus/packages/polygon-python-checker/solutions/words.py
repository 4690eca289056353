print("there is one")
