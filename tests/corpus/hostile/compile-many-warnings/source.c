/* Ten thousand warnings, which no bound on errors counts: megabytes of them. */
#define W x += 1 << 40;
#define TEN(a) a a a a a a a a a a
int main(void) {
    int x = 0;
    TEN(TEN(TEN(TEN(W))))
    return 3;
}
