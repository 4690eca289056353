//! Testlib's standard checkers of numbered cases: `Case 1: …`, `Case 2: …`.

use super::numbers::some_of;
use super::standard::{Compared, accepted, wrong};
use super::stream::{Stream, integer_of, shown};
use crate::ruling::Ruled;

/// The word that begins a case.
const CASE: &[u8] = b"Case";

/// A file of cases.
struct Cases<'a> {
    stream: Stream<'a>,
    /// The word that begins the next case was read with the last of the one before.
    begun: bool,
}

impl<'a> Cases<'a> {
    const fn of(stream: Stream<'a>) -> Self {
        Self { stream, begun: false }
    }

    /// The word and the number that begin a case.
    fn begin(&mut self, n: usize) -> Result<(), Ruled> {
        if !self.begun {
            let word = self.stream.token()?;
            self.expect("Case", word, n)?;
        }
        let number = self.stream.token()?;
        self.expect(&format!("{n}:"), number, n)
    }

    fn expect(&self, expected: &str, found: &[u8], n: usize) -> Result<(), Ruled> {
        if found == expected.as_bytes() {
            return Ok(());
        }
        let found = shown(found);
        let message = format!("Expected '{expected}' but found '{found}' [test case {n}]");
        Err(self.stream.malformed(&message))
    }

    /// A whole case; each of its tokens as `read` has it.
    fn case<T>(
        &mut self,
        n: usize,
        read: fn(&Stream<'a>, &'a [u8]) -> Result<T, Ruled>,
    ) -> Result<Vec<T>, Ruled> {
        self.begin(n)?;
        let mut all = Vec::new();
        while !self.stream.only_blanks_left() {
            let token = self.stream.token()?;
            if token == CASE {
                // Testlib never takes this back: the word is optional from then on.
                self.begun = true;
                break;
            }
            all.push(read(&self.stream, token)?);
        }
        Ok(all)
    }
}

/// Compares case by case, as many as the answer has.
fn compare<'a, T: PartialEq>(
    (out, ans): (&'a [u8], &'a [u8]),
    read: fn(&Stream<'a>, &'a [u8]) -> Result<T, Ruled>,
    in_words: fn(&[T]) -> String,
) -> Compared {
    let mut output = Cases::of(Stream::output(out));
    let mut answer = Cases::of(Stream::answer(ans));
    let mut n = 0;
    while !answer.stream.only_blanks_left() {
        n += 1;
        let (expected, found) = (answer.case(n, read)?, output.case(n, read)?);
        if expected != found {
            let words = |all: &[T]| match all.len() {
                0 => "\"\" [size=0]".to_owned(),
                size => format!("\"{}\" [size={size}]", in_words(all)),
            };
            return Err(wrong(format!(
                "Sequences differ: jury has {}, but participant has {} [test case {n}]",
                words(&expected),
                words(&found)
            )));
        }
    }
    accepted(&mut output.stream, format!("{n} test cases(s)"))
}

/// `casencmp`: cases of integers.
pub(super) fn integers(out: &[u8], ans: &[u8]) -> Compared {
    let in_words = |all: &[i64]| some_of(all, 3).trim().to_owned();
    compare((out, ans), |stream, token| integer_of(stream, token), in_words)
}

/// `casewcmp`: cases of tokens.
pub(super) fn words<'a>(out: &'a [u8], ans: &'a [u8]) -> Compared {
    let in_words = |all: &[&[u8]]| shown(&all.join(&b' '));
    compare::<&'a [u8]>((out, ans), |_stream, token| Ok(token), in_words)
}

/// `caseicmp`: cases of one integer each.
pub(super) fn integer(out: &[u8], ans: &[u8]) -> Compared {
    let all = |stream| -> Result<(Stream<'_>, Vec<i64>), Ruled> {
        let mut cases = Cases::of(stream);
        let mut all = Vec::new();
        while !cases.stream.only_blanks_left() {
            cases.begin(all.len() + 1)?;
            all.push(cases.stream.integer()?);
        }
        Ok((cases.stream, all))
    };
    let (_, expected) = all(Stream::answer(ans))?;
    let (mut output, found) = all(Stream::output(out))?;
    for (n, (one, other)) in (1..).zip(expected.iter().zip(&found)) {
        if one != other {
            return Err(wrong(format!("Expected {one} found {other} [test case {n}]")));
        }
    }
    let n = expected.len();
    if n != found.len() {
        let found = found.len();
        return Err(output.malformed(&format!("Expected {n} test case(s) but found {found}")));
    }
    accepted(&mut output, format!("{n} case(s):{}", some_of(&expected, 3)))
}
