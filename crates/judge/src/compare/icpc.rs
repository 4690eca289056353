//! ICPC's default output validator, in process: the same ruling as the program's.

use minos_problem::Comparison;

use super::stream::shown;
use crate::ruling::{Ruled, Ruling};

/// White space as C has it.
const fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c)
}

/// A position in one of the two files.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, which: impl Fn(u8) -> bool) -> &'a [u8] {
        let length = self.0.iter().take_while(|byte| which(**byte)).count();
        let (taken, rest) = self.0.split_at(length);
        self.0 = rest;
        taken
    }

    fn spaces(&mut self) -> &'a [u8] {
        self.take(is_space)
    }

    fn token(&mut self) -> &'a [u8] {
        self.take(|byte| !is_space(byte))
    }
}

pub(super) fn default(rules: Comparison, output: &[u8], answer: &[u8]) -> Ruled {
    let (mut team, mut judge) = (Reader(output), Reader(answer));
    let wrong = |message: String| Ruled::new(Ruling::WrongAnswer, message);
    let mut tokens = 0_u64;
    loop {
        let (wanted, found) = (judge.spaces(), team.spaces());
        if rules.space_change_sensitive && wanted != found {
            return wrong(format!("white space differs after {tokens} tokens"));
        }
        let (expected, found) = (judge.token(), team.token());
        match (expected.is_empty(), found.is_empty()) {
            (true, true) => return Ruled::new(Ruling::Accepted, format!("{tokens} tokens")),
            (true, false) => return wrong(format!("trailing output: '{}'", shown(found))),
            (false, true) => {
                return wrong(format!(
                    "the output ends after {tokens} tokens; expected '{}'",
                    shown(expected)
                ));
            }
            (false, false) => {}
        }
        tokens += 1;
        if !same(rules, expected, found) {
            let (expected, found) = (shown(expected), shown(found));
            return wrong(format!("token {tokens}: expected '{expected}', found '{found}'"));
        }
    }
}

fn same(rules: Comparison, expected: &[u8], found: &[u8]) -> bool {
    if (rules.float_absolute.is_some() || rules.float_relative.is_some())
        && let Some(wanted) = real(expected)
    {
        let Some(got) = real(found) else { return false };
        let off = (wanted - got).abs();
        return wanted.total_cmp(&got).is_eq()
            || rules.float_absolute.is_some_and(|most| off <= most)
            || rules.float_relative.is_some_and(|most| off <= most * wanted.abs());
    }
    if rules.case_sensitive { expected == found } else { expected.eq_ignore_ascii_case(found) }
}

/// A decimal number. Words such as `inf` are none: they are compared as texts.
fn real(token: &[u8]) -> Option<f64> {
    let decimal = token.iter().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(byte));
    if decimal { std::str::from_utf8(token).ok()?.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_numbers_case_and_spaces_count_as_the_flags_say() {
        use Ruling::{Accepted, WrongAnswer};
        for (flags, output, answer, ruling) in [
            ("", "", "", Accepted),
            ("", "a  B\r\n", "A b", Accepted),
            ("", "a", "a b", WrongAnswer),
            ("", "a b", "a", WrongAnswer),
            ("", "1.0", "1", WrongAnswer),
            ("case_sensitive", "a", "A", WrongAnswer),
            ("case_sensitive", "A", "A", Accepted),
            ("space_change_sensitive", "a b\n", "a b\n", Accepted),
            ("space_change_sensitive", "a  b\n", "a b\n", WrongAnswer),
            ("space_change_sensitive", "a b", "a b\n", WrongAnswer),
            ("float_tolerance 1e-6", "1.0000009", "1", Accepted),
            ("float_tolerance 1e-6", "1.0000011", "1", WrongAnswer),
            ("float_tolerance 1e-6", "1000000.9", "1000000", Accepted),
            ("float_absolute_tolerance 1e-6", "1000000.9", "1000000", WrongAnswer),
            ("float_absolute_tolerance 0.5", "0.5", "0", Accepted),
            ("float_relative_tolerance 0.5", "0.5", "0", WrongAnswer),
            ("float_tolerance 1e-6", "one", "1", WrongAnswer),
            ("float_tolerance 1e-6", "ONE", "one", Accepted),
            ("float_tolerance 1e-6", "NaN", "nan", Accepted),
            ("float_tolerance 1e-6", "-inf", "inf", WrongAnswer),
            ("float_tolerance 1e-6", "inf", "1", WrongAnswer),
            ("float_tolerance 1e-6", "1e999", "1e999", Accepted),
            ("float_tolerance 1e-6", "1e999", "1", WrongAnswer),
            ("float_tolerance 1e-6", "1.", "1", Accepted),
            ("float_tolerance 1e-6", "+.1e1", "1", Accepted),
            ("float_tolerance 0", "1", "1.0", Accepted),
        ] {
            let flags: Vec<&str> = flags.split_whitespace().collect();
            let rules = Comparison::parse(&flags).unwrap();
            let ruled = default(rules, output.as_bytes(), answer.as_bytes());
            assert_eq!(ruled.ruling, ruling, "{flags:?} {output:?} {answer:?}");
        }
    }
}
