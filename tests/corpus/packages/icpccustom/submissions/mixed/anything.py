# @EXPECTED_RESULTS@: WRONG-ANSWER, RUN-ERROR
n = int(input())
print(n // 2, n // (n - 1))
