#include "validate.h"
#include <string>

void refuse(const char *folder, const char *why) {
    std::string path = std::string(folder) + "judgemessage.txt";
    if (FILE *file = std::fopen(path.c_str(), "a")) {
        std::fprintf(file, "%s\n", why);
        std::fclose(file);
    }
    std::exit(43);
}
