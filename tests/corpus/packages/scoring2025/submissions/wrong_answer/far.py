print(1 if int(input()) > 500 else 1000)
