int numbers[99999999999];

int main(void) { return numbers[0]; }
