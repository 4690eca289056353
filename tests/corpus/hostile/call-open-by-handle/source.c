#define _GNU_SOURCE
#include <fcntl.h>

int main(void) {
    struct file_handle handle = {.handle_bytes = 0};
    open_by_handle_at(AT_FDCWD, &handle, O_RDONLY);
    return 0;
}
