//! Testlib's standard checkers of numbers: one or several, near to each other or in any order.

use super::standard::{Compared, accepted, ordinal, wrong};
use super::stream::{Stream, shown};
use crate::ruling::{Ruled, Ruling};

/// What testlib adds to most tolerances.
pub(super) const SLACK: f64 = 1e-15;

/// The most points that testlib lets a checker give, and what it takes for that number.
const MOST_POINTS: f64 = 1e6;
const POINTS_SLACK: f64 = 1e-8;

/// How near a number has to be.
#[derive(Debug, Clone, Copy)]
pub(super) enum Near {
    /// Within this absolute error.
    Absolute(f64),
    /// Within this absolute or this relative error.
    Either(f64),
}

impl Near {
    fn holds(self, expected: f64, found: f64) -> bool {
        match self {
            // The difference of two infinities is no number, and greater than none.
            Self::Absolute(most) => (expected - found).is_nan() || (expected - found).abs() <= most,
            Self::Either(most) => close(expected, found, most + SLACK),
        }
    }
}

/// Testlib's `doubleCompare`; beyond 1e300 every number is infinite.
fn close(expected: f64, found: f64, most: f64) -> bool {
    let infinite = |value: f64| value.abs() > 1e300;
    if infinite(expected) {
        return infinite(found) && (expected > 0.0) == (found > 0.0);
    }
    if infinite(found) {
        return false;
    }
    let (a, b) = (expected * (1.0 - most), expected * (1.0 + most));
    (found - expected).abs() <= most || (a.min(b)..=a.max(b)).contains(&found)
}

/// `rcmp4`, `rcmp6`, `rcmp9`, `rncmp`: a sequence of numbers.
pub(super) fn reals(out: &[u8], ans: &[u8], near: Near) -> Compared {
    let (mut output, mut answer) = (Stream::output(out), Stream::answer(ans));
    let mut n = 0;
    while !answer.only_blanks_left() {
        n += 1;
        let (expected, found) = (answer.real()?, output.real()?);
        if !near.holds(expected, found) {
            let what = format!("expected: '{expected:.10}', found: '{found:.10}'");
            return Err(wrong(format!("{} numbers differ - {what}", ordinal(n))));
        }
    }
    accepted(&mut output, format!("{n} numbers"))
}

/// `acmp`, `dcmp`, `rcmp`: one number.
pub(super) fn real(out: &[u8], ans: &[u8], near: Near) -> Compared {
    let (mut output, mut answer) = (Stream::output(out), Stream::answer(ans));
    let (expected, found) = (answer.real()?, output.real()?);
    if !near.holds(expected, found) {
        return Err(wrong(format!("expected {expected:.10}, found {found:.10}")));
    }
    accepted(&mut output, format!("answer is {expected:.10}"))
}

/// `icmp`: one integer of 32 bits.
pub(super) fn integer(out: &[u8], ans: &[u8]) -> Compared {
    let (mut output, mut answer) = (Stream::output(out), Stream::answer(ans));
    let (expected, found) = (answer.small_integer()?, output.small_integer()?);
    if expected != found {
        return Err(wrong(format!("expected {expected}, found {found}")));
    }
    accepted(&mut output, format!("answer is {expected}"))
}

/// `uncmp`: the same integers in any order.
pub(super) fn unordered(out: &[u8], ans: &[u8]) -> Compared {
    let (mut output, mut answer) = (Stream::output(out), Stream::answer(ans));
    let mut expected = answer.integers()?;
    let mut found = output.integers()?;
    if expected.len() != found.len() {
        let (expected, found) = (expected.len(), found.len());
        return Err(wrong(format!("Expected {expected} elements, but {found} found")));
    }
    expected.sort_unstable();
    found.sort_unstable();
    let n = expected.len();
    if expected != found {
        return Err(wrong(format!(
            "Expected sequence and output are different (as unordered sequences) [size={n}]"
        )));
    }
    let head = match n {
        0 => "empty sequence".to_owned(),
        1 => "1 number:".to_owned(),
        _ => format!("{n} numbers (in increasing order):"),
    };
    accepted(&mut output, format!("{head}{}", some_of(&expected, 2)))
}

/// Numbers for a message, each after a space: all of few, else so many of the first and two of the
/// last.
pub(super) fn some_of(numbers: &[i64], first: usize) -> String {
    let all = |numbers: &[i64]| numbers.iter().map(|n| format!(" {n}")).collect::<String>();
    if numbers.len() <= 5 {
        return all(numbers);
    }
    let last = numbers.get(numbers.len() - 2..).unwrap_or_default();
    format!("{} ...{}", all(numbers.get(..first).unwrap_or_default()), all(last))
}

/// `pointscmp`: the distance of two numbers is the points.
pub(super) fn points(out: &[u8], ans: &[u8]) -> Compared {
    let (mut output, mut answer) = (Stream::output(out), Stream::answer(ans));
    let (expected, found) = (answer.real()?, output.real()?);
    let points = (expected - found).abs();
    let failed =
        |why: &str| Err(Ruled::new(Ruling::Failed, format!("Parameter 'points' can't {why}")));
    if points.is_nan() {
        return failed("be nan");
    }
    if points.is_infinite() {
        return failed("be infinite");
    }
    if points > MOST_POINTS + POINTS_SLACK {
        return failed("be greater than 1E6");
    }
    accepted(&mut output, "")?;
    let points = points.min(MOST_POINTS);
    let digits = format!("{points:.10}");
    let digits = digits.trim_end_matches('0').trim_end_matches('.');
    let message = format!("{digits} ja={expected:.4} pa={found:.4}");
    Ok(Ruled::new(Ruling::Points(points), message))
}

/// `pointsinfo`: two numbers for the scorer, which gives the points.
pub(super) fn points_info(out: &[u8], ans: &[u8]) -> Compared {
    let (mut output, mut answer) = (Stream::output(out), Stream::answer(ans));
    let (found, expected) = (output.real()?, answer.real()?);
    accepted(&mut output, "")?;
    let distance = (expected - found).abs();
    let message = format!("points_info=pa={found:.6},ja={expected:.6} d={distance:.6}");
    Ok(Ruled::new(Ruling::ForScorer, message))
}

impl Stream<'_> {
    /// The next token as testlib's `readInt`.
    fn small_integer(&mut self) -> Result<i32, Ruled> {
        if self.only_blanks_left() {
            return Err(self.malformed("Unexpected end of file - int32 expected"));
        }
        let value = self.integer()?;
        let shown = shown(value.to_string().as_bytes());
        let wide = |_wide| self.malformed(&format!("Expected int32, but \"{shown}\" found"));
        i32::try_from(value).map_err(wide)
    }

    /// All that is left as integers.
    fn integers(&mut self) -> Result<Vec<i64>, Ruled> {
        let mut all = Vec::new();
        while !self.only_blanks_left() {
            all.push(self.integer()?);
        }
        Ok(all)
    }
}
