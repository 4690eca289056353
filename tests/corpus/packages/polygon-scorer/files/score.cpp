// Of 100 points every test has a quarter, and loses as many as its distance is.
#include "testlib.h"

int main(int argc, char* argv[]) {
    registerScorer(argc, argv, [](std::vector<TestResult> results) {
        double score = 0;
        for (const TestResult& result : results) {
            std::string key = "points_info=distance=";
            size_t at = result.checkerComment.find(key);
            if (result.verdict != OK || at == std::string::npos) continue;
            double distance = std::stod(result.checkerComment.substr(at + key.size()));
            score += std::max(0.0, 25 - distance);
        }
        return score;
    });
}
