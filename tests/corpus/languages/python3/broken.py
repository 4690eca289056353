print("no end
