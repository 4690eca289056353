#pragma once
#include <fstream>
#include <map>
#include <string>

inline std::map<std::string, std::string> read(const char *path) {
    std::map<std::string, std::string> table;
    std::ifstream lines(path);
    for (std::string key, value; lines >> key >> value;) table[key] = value;
    return table;
}
