//! An output or an answer, read as testlib reads it: blanks are line feed, carriage return, space
//! and tab, and nothing else.

use super::Side;
use crate::ruling::Ruled;

/// The longest token testlib accepts, in bytes.
const MAX_TOKEN: usize = 32 << 20;

/// A position in one of the two files.
#[derive(Debug)]
pub(super) struct Stream<'a> {
    bytes: &'a [u8],
    at: usize,
    side: Side,
}

const fn is_blank(byte: u8) -> bool {
    matches!(byte, b'\n' | b'\r' | b' ' | b'\t')
}

impl<'a> Stream<'a> {
    /// The contestant's output; a byte order mark at its head is skipped.
    pub(super) fn output(bytes: &'a [u8]) -> Self {
        let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
        Self { bytes, at: 0, side: Side::Output }
    }

    /// The jury's answer.
    pub(super) const fn answer(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0, side: Side::Answer }
    }

    fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    pub(super) fn at_end(&self) -> bool {
        self.at >= self.bytes.len()
    }

    /// Whether nothing but blanks is left; they are skipped.
    pub(super) fn only_blanks_left(&mut self) -> bool {
        let blanks = self.rest().iter().take_while(|&&byte| is_blank(byte)).count();
        self.at += blanks;
        self.at_end()
    }

    /// The next token; a file that has none left is not in the expected form.
    pub(super) fn token(&mut self) -> Result<&'a [u8], Ruled> {
        if self.only_blanks_left() {
            return Err(self.malformed("Unexpected end of file - token expected"));
        }
        let rest = self.rest();
        let length = rest.iter().take_while(|&&byte| !is_blank(byte)).count();
        let token = rest.get(..length).unwrap_or_default();
        if token.len() > MAX_TOKEN {
            let shown = shown(token);
            return Err(self.malformed(&format!(
                "Length of token exceeds {MAX_TOKEN}, token is '{shown}...'"
            )));
        }
        self.at += length;
        Ok(token)
    }

    /// The next line without its end, LF or CR LF; empty at the end of the file. A carriage return
    /// inside a line is dropped, as testlib drops it.
    pub(super) fn line(&mut self) -> Vec<u8> {
        let mut line = Vec::new();
        while let Some((&byte, after)) = self.rest().split_first() {
            if byte == b'\n' {
                self.at += 1;
                break;
            }
            if byte != b'\r' {
                line.push(byte);
                self.at += 1;
                continue;
            }
            match after.first() {
                Some(b'\n') => {
                    self.at += 2;
                    break;
                }
                Some(&next) => {
                    line.push(next);
                    self.at += 2;
                }
                None => {
                    // Testlib reads its end-of-file mark as a character here.
                    line.push(u8::MAX);
                    self.at += 1;
                }
            }
        }
        line
    }

    /// The next token as testlib's `readLong`.
    pub(super) fn integer(&mut self) -> Result<i64, Ruled> {
        let token = self.token()?;
        integer_of(self, token)
    }

    /// The next token as testlib's `readDouble`; it may be infinite when it overflows.
    pub(super) fn real(&mut self) -> Result<f64, Ruled> {
        let token = self.token()?;
        loose_real(token).ok_or_else(|| {
            self.malformed(&format!("Expected double, but \"{}\" found", shown(token)))
        })
    }

    /// What a malformed file means: the contestant's is a presentation error, the jury's a failure.
    pub(super) fn malformed(&self, message: &str) -> Ruled {
        self.side.malformed(message)
    }
}

/// A token of a stream as testlib's `readLong` reads it.
pub(super) fn integer_of(stream: &Stream<'_>, token: &[u8]) -> Result<i64, Ruled> {
    strict_integer(token).ok_or_else(|| {
        stream.malformed(&format!("Expected integer, but \"{}\" found", shown(token)))
    })
}

/// Testlib's integers: no plus, no leading zero, no minus zero, within 64 bits.
fn strict_integer(token: &[u8]) -> Option<i64> {
    let digits = match token {
        [b'-', digits @ ..] if !digits.is_empty() => digits,
        digits => digits,
    };
    let negative = digits.len() < token.len();
    let canonical = match digits {
        [] => false,
        [b'0'] => !negative,
        [first, ..] => *first != b'0',
    };
    if token.len() > 20 || !canonical || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(token).ok()?.parse().ok()
}

/// Testlib's doubles: digits, one point, one exponent; neither `nan` nor `inf` nor hexadecimal. An
/// exponent without digits counts as none, as it does for glibc's `scanf`.
fn loose_real(token: &[u8]) -> Option<f64> {
    let allowed = |byte: &u8| byte.is_ascii_digit() || b".eE+-".contains(byte);
    let exponents = token.iter().filter(|byte| matches!(byte, b'e' | b'E')).count();
    if exponents > 1 || !token.iter().all(allowed) {
        return None;
    }
    let text = std::str::from_utf8(token).ok()?;
    let unsigned = text.strip_suffix(['+', '-']).unwrap_or(text);
    unsigned.strip_suffix(['e', 'E']).unwrap_or(text).parse().ok()
}

/// A token as it is quoted in a message: at most 64 bytes of it.
pub(super) fn shown(token: &[u8]) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).replace('\0', "~");
    let cut = token.first_chunk::<30>().zip(token.last_chunk::<31>());
    match cut {
        Some((head, tail)) if token.len() > 64 => format!("{}...{}", text(head), text(tail)),
        _ => text(token),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_are_canonical() {
        for (token, value) in [
            ("0", Some(0)),
            ("-5", Some(-5)),
            ("9223372036854775807", Some(i64::MAX)),
            ("-9223372036854775808", Some(i64::MIN)),
            ("9223372036854775808", None),
            ("-0", None),
            ("00", None),
            ("007", None),
            ("-07", None),
            ("+5", None),
            ("-", None),
            ("--5", None),
            ("5.0", None),
            ("1e3", None),
        ] {
            assert_eq!(strict_integer(token.as_bytes()), value, "{token}");
        }
    }

    #[test]
    fn doubles_are_numbers_in_any_common_notation() {
        for (token, value) in [
            ("1.5", Some(1.5)),
            ("-.5", Some(-0.5)),
            ("5.", Some(5.0)),
            ("+2", Some(2.0)),
            ("1e3", Some(1000.0)),
            ("1.E-3", Some(0.001)),
            ("1e999", Some(f64::INFINITY)),
            ("nan", None),
            ("inf", None),
            ("0x10", None),
            ("1e", Some(1.0)),
            ("5.E+", Some(5.0)),
            (".", None),
            (".e", None),
            ("1+", None),
            ("1-2", None),
            ("1e5e", None),
            ("1e5-", None),
            ("1e+-5", None),
            ("1,5", None),
        ] {
            assert_eq!(loose_real(token.as_bytes()), value, "{token}");
        }
    }

    #[test]
    fn lines_end_at_a_line_feed_with_or_without_a_carriage_return() {
        let mut stream = Stream::answer(b"a\r\nb\n\nc\rd\n e");
        let mut lines = Vec::new();
        while !stream.at_end() {
            lines.push(String::from_utf8(stream.line()).unwrap());
        }
        assert_eq!(lines, ["a", "b", "", "cd", " e"]);
        assert_eq!(stream.line(), b"");
    }

    #[test]
    fn a_long_token_is_quoted_by_its_ends() {
        assert_eq!(shown(&[b'x'; 64]).len(), 64);
        assert_eq!(shown(&[b'x'; 65]), format!("{}...{}", "x".repeat(30), "x".repeat(31)));
        assert_eq!(shown(b"a\0b"), "a~b");
    }
}
