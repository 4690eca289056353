def read(path):
    with open(path) as lines:
        return dict(line.split() for line in lines)
