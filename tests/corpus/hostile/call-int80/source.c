int main(void) {
    int pid = 20;
    __asm__ volatile("int $0x80" : "+a"(pid));
    return 0;
}
