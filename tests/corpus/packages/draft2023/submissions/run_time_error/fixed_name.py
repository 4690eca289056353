import table

print(table.read("table.txt")[input()])
