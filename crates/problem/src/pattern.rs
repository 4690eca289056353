//! Patterns of test files: `tests/%02d`, written as for C's `printf`.

/// A path with one number in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pattern {
    before: String,
    width: usize,
    after: String,
}

impl Pattern {
    /// Reads a pattern: one `%d` or `%0Nd` (N from 1 to 9); `%%` is a percent sign.
    ///
    /// # Errors
    /// What is wrong with it and what was expected.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let expected = "expected one `%d` or `%02d` for the test's number";
        let mut before = String::new();
        let mut after = String::new();
        let mut width = None;
        let mut chars = text.chars();
        while let Some(c) = chars.next() {
            let literal = if width.is_some() { &mut after } else { &mut before };
            if c != '%' {
                literal.push(c);
                continue;
            }
            let found = match chars.next() {
                Some('%') => {
                    literal.push('%');
                    continue;
                }
                Some('d') => 0,
                Some('0') => {
                    let digits = chars.next().and_then(|c| c.to_digit(10)).filter(|n| *n > 0);
                    match (digits, chars.next()) {
                        (Some(digits), Some('d')) => digits,
                        _ => return Err(format!("`{text}`: {expected}")),
                    }
                }
                _ => return Err(format!("`{text}`: {expected}")),
            };
            if width.replace(found).is_some() {
                return Err(format!("`{text}` has two numbers; {expected}"));
            }
        }
        let width = width.ok_or_else(|| format!("`{text}` has no number; {expected}"))?;
        let width = usize::try_from(width).unwrap_or(0);
        Ok(Self { before, width, after })
    }

    /// The number as the pattern writes it; more digits than its width are written in full.
    pub(crate) fn number(&self, number: usize) -> String {
        format!("{number:0width$}", width = self.width)
    }

    /// The path of the test with that number.
    pub(crate) fn expand(&self, number: usize) -> String {
        format!("{}{}{}", self.before, self.number(number), self.after)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_pattern_is_expanded_as_printf_does() {
        for (pattern, number, expected) in [
            ("tests/%02d", 1, "tests/01"),
            ("tests/%02d", 99, "tests/99"),
            ("tests/%02d", 100, "tests/100"),
            ("tests/%02d.a", 519, "tests/519.a"),
            ("tests/%03d", 7, "tests/007"),
            ("%d.in", 12, "12.in"),
            ("100%%/%d", 3, "100%/3"),
        ] {
            assert_eq!(Pattern::parse(pattern).unwrap().expand(number), expected, "{pattern}");
        }
    }

    #[test]
    fn a_pattern_without_one_number_is_refused_with_an_example() {
        for pattern in [
            "", "tests/", "tests/%", "%s", "%2d", "%0d", "%00d", "%02x", "%-2d", "%d%d", "%02d%%%d",
        ] {
            let error = Pattern::parse(pattern).unwrap_err();
            assert!(error.contains("%02d` for the test's number"), "{pattern}: {error}");
        }
    }

    proptest! {
        #[test]
        fn numbers_read_back_and_differ(width in 0_usize..=9, number in 0_usize..1_000_000) {
            let text = if width == 0 { "t/%d.in".to_owned() } else { format!("t/%0{width}d.in") };
            let pattern = Pattern::parse(&text).unwrap();
            let path = pattern.expand(number);
            let digits = path.strip_prefix("t/").and_then(|p| p.strip_suffix(".in")).unwrap();
            prop_assert!(digits.len() >= width);
            prop_assert_eq!(digits.parse::<usize>().unwrap(), number);
            prop_assert_ne!(pattern.expand(number + 1), path);
        }

        #[test]
        fn no_text_breaks_the_reader(text in "[%0-9d/a]{0,10}") {
            if let Ok(pattern) = Pattern::parse(&text) {
                prop_assert!(pattern.expand(1).contains('1'));
            }
        }
    }
}
