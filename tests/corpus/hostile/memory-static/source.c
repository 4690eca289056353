
static void touch(char* block, long size) {
    for (long i = 0; i < size; i += 4096) block[i] = 1;
    __asm__ volatile("" : : "r"(block) : "memory");
}

static long long numbers[100000000];

int main(void) {
    touch((char*)numbers, sizeof numbers);
    return 0;
}
