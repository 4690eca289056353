//! `--mix warm`: many distinct small C programs whose builds are reused, as in a rejudging.
//!
//! All of them run all three tests of `warm-sums`; what is wrong is wrong on the last one.

use minos_model::LanguageId;

use super::Program;

/// The problem they are judged against.
pub(crate) const PROBLEM: &str = "warm-sums";
/// How many there are.
const PROGRAMS: usize = 256;

const RIGHT: &str = "\
#include <stdio.h>

int main(void) {
    int n;
    long long number, sum = 0;
    if (scanf(\"%d\", &n) != 1) return 1;
    while (n-- > 0 && scanf(\"%lld\", &number) == 1) sum += number;
    printf(\"%lld\\n\", sum);
    return 0;
}
";
/// Sums in 32 bits.
const WRONG: &str = "\
#include <stdio.h>

int main(void) {
    int n, number;
    unsigned sum = 0;
    if (scanf(\"%d\", &n) != 1) return 1;
    while (n-- > 0 && scanf(\"%d\", &number) == 1) sum += (unsigned)number;
    printf(\"%d\\n\", (int)sum);
    return 0;
}
";
/// Gives up above a hundred numbers.
const CRASHING: &str = "\
#include <stdio.h>
#include <stdlib.h>

int main(void) {
    int n;
    long long number, sum = 0;
    if (scanf(\"%d\", &n) != 1) return 1;
    if (n > 100) abort();
    while (n-- > 0 && scanf(\"%lld\", &number) == 1) sum += number;
    printf(\"%lld\\n\", sum);
    return 0;
}
";

/// The programs: seven of ten right, two wrong, one crashing.
pub(super) fn programs(language: &LanguageId) -> Vec<Program> {
    (0..PROGRAMS)
        .map(|number| {
            let (kind, text, expected) = match number % 10 {
                0..=6 => ("right", RIGHT, "AC exited"),
                7 | 8 => ("wrong", WRONG, "WA exited"),
                _ => ("crashing", CRASHING, "RTE signalled"),
            };
            Program {
                name: format!("warm/{kind}-{number:03}"),
                language: language.clone(),
                source: format!("/* {number} */\n{text}").into_bytes(),
                problem: PROBLEM.to_owned(),
                expected: vec![expected.to_owned()],
                class: None,
                hostile: false,
                weight: 1.0,
            }
        })
        .collect()
}
