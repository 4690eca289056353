//! Testlib's standard checkers, in process: the same ruling for every pair of files as the
//! programs of the same name. What is malformed in the contestant's output is a presentation
//! error, what is malformed in the jury's answer a failure of the jury; tokens left in the output
//! after an accepted answer are a presentation error, as testlib has it.

use super::stream::{Stream, shown};
use crate::ruling::{Ruled, Ruling};

pub(super) type Compared = Result<Ruled, Ruled>;

pub(super) fn accepted(output: &mut Stream<'_>, message: impl Into<String>) -> Compared {
    if output.only_blanks_left() {
        Ok(Ruled::new(Ruling::Accepted, message))
    } else {
        Err(Ruled::new(Ruling::Presentation, "Extra information in the output file"))
    }
}

pub(super) fn wrong(message: impl Into<String>) -> Ruled {
    Ruled::new(Ruling::WrongAnswer, message)
}

/// `1st`, `2nd`, `11th`.
pub(super) fn ordinal(n: usize) -> String {
    let ending = match (n % 100 / 10, n % 10) {
        (1, _) => "th",
        (_, 1) => "st",
        (_, 2) => "nd",
        (_, 3) => "rd",
        _ => "th",
    };
    format!("{n}{ending}")
}

fn differ(n: usize, what: &str, expected: &str, found: &str) -> Ruled {
    wrong(format!("{} {what} differ - expected: '{expected}', found: '{found}'", ordinal(n)))
}

/// Lines as they are (`fcmp`) or as sequences of tokens (`lcmp`).
pub(super) fn lines(out: &[u8], ans: &[u8], same: fn(&[u8], &[u8]) -> bool) -> Compared {
    let (mut output, mut answer) = (Stream::output(out), Stream::answer(ans));
    let (mut n, mut last) = (0, Vec::new());
    while !answer.at_end() {
        let expected = answer.line();
        if expected.is_empty() && answer.at_end() {
            break;
        }
        let found = output.line();
        n += 1;
        if !same(&expected, &found) {
            return Err(differ(n, "lines", &shown(&expected), &shown(&found)));
        }
        last = expected;
    }
    let message =
        if n == 1 { format!("single line: '{}'", shown(&last)) } else { format!("{n} lines") };
    accepted(&mut output, message)
}

pub(super) fn same_bytes(a: &[u8], b: &[u8]) -> bool {
    a == b
}

/// Lines of the same tokens; tokens are separated as C++ streams separate them.
pub(super) fn same_tokens(a: &[u8], b: &[u8]) -> bool {
    let space = |byte: &u8| byte.is_ascii_whitespace() || *byte == 0x0b;
    let tokens = |line: &'_ [u8]| {
        line.split(space).filter(|token| !token.is_empty()).map(<[u8]>::to_vec).collect::<Vec<_>>()
    };
    tokens(a) == tokens(b)
}

/// `wcmp`: the same tokens.
pub(super) fn words(out: &[u8], ans: &[u8]) -> Compared {
    let (mut output, mut answer) = (Stream::output(out), Stream::answer(ans));
    let (mut n, mut last) = (0, String::new());
    while !answer.only_blanks_left() && !output.only_blanks_left() {
        n += 1;
        let (expected, found) = (answer.token()?, output.token()?);
        if expected != found {
            return Err(differ(n, "words", &shown(expected), &shown(found)));
        }
        last = shown(found);
    }
    if !answer.only_blanks_left() {
        return Err(wrong("Unexpected EOF in the participants output"));
    }
    if !output.only_blanks_left() {
        return Err(wrong("Participant output contains extra tokens"));
    }
    accepted(&mut output, if n == 1 { last } else { format!("{n} words") })
}

fn longer(in_answer: usize, in_output: usize, n: usize) -> Result<(), Ruled> {
    if in_answer > 0 {
        return Err(wrong(format!(
            "Answer contains longer sequence [length = {}], but output contains {n} elements",
            n + in_answer
        )));
    }
    if in_output > 0 {
        return Err(wrong(format!(
            "Output contains longer sequence [length = {}], but answer contains {n} elements",
            n + in_output
        )));
    }
    Ok(())
}

/// `ncmp`: the same sequence of 64-bit integers.
pub(super) fn integers(out: &[u8], ans: &[u8]) -> Compared {
    let (mut output, mut answer) = (Stream::output(out), Stream::answer(ans));
    let (mut n, mut first) = (0, Vec::new());
    while !answer.only_blanks_left() && !output.only_blanks_left() {
        n += 1;
        let (expected, found) = (answer.integer()?, output.integer()?);
        if expected != found {
            return Err(differ(n, "numbers", &expected.to_string(), &found.to_string()));
        }
        if n <= 5 {
            first.push(expected.to_string());
        }
    }
    let (mut in_answer, mut in_output) = (0, 0);
    while !answer.only_blanks_left() {
        answer.integer()?;
        in_answer += 1;
    }
    while !output.only_blanks_left() {
        output.integer()?;
        in_output += 1;
    }
    longer(in_answer, in_output, n)?;
    let message = if n <= 5 {
        format!("{n} number(s): \"{}\"", shown(first.join(" ").as_bytes()))
    } else {
        format!("{n} numbers")
    };
    accepted(&mut output, message)
}

/// `hcmp`: one integer of any length.
pub(super) fn huge(out: &[u8], ans: &[u8]) -> Compared {
    fn numeric(token: &[u8]) -> bool {
        let digits = token.strip_prefix(b"-").unwrap_or(token);
        token == b"0"
            || (digits.first().is_some_and(|&first| first != b'0')
                && digits.iter().all(u8::is_ascii_digit))
    }
    let (mut output, mut answer) = (Stream::output(out), Stream::answer(ans));
    let (expected, found) = (answer.token()?, output.token()?);
    if !numeric(expected) {
        return Err(answer.malformed(&format!("{} is not a valid integer", shown(expected))));
    }
    if !answer.only_blanks_left() {
        return Err(answer.malformed("expected exactly one token in the answer file"));
    }
    if !numeric(found) {
        return Err(output.malformed(&format!("{} is not a valid integer", shown(found))));
    }
    if expected != found {
        let (expected, found) = (shown(expected), shown(found));
        return Err(wrong(format!("expected '{expected}', found '{found}'")));
    }
    accepted(&mut output, format!("answer is '{}'", shown(expected)))
}

/// One YES or NO of either file, in upper case.
fn yes_no(stream: &Stream<'_>, token: &[u8], at: &str) -> Result<(), Ruled> {
    if token == b"YES" || token == b"NO" {
        return Ok(());
    }
    Err(stream.malformed(&format!("YES or NO expected, but {} found{at}", shown(token))))
}

/// `yesno`: one YES or NO in any case.
pub(super) fn yesno(out: &[u8], ans: &[u8]) -> Compared {
    let (mut output, mut answer) = (Stream::output(out), Stream::answer(ans));
    let expected = answer.token()?.to_ascii_uppercase();
    let found = output.token()?.to_ascii_uppercase();
    yes_no(&answer, &expected, "")?;
    yes_no(&output, &found, "")?;
    if expected != found {
        return Err(wrong(format!("expected {}, found {}", shown(&expected), shown(&found))));
    }
    accepted(&mut output, format!("answer is {}", shown(&expected)))
}

/// `nyesno`: a sequence of YES and NO in any case.
pub(super) fn yesnos(out: &[u8], ans: &[u8]) -> Compared {
    let (mut output, mut answer) = (Stream::output(out), Stream::answer(ans));
    let (mut n, mut yes) = (0, 0);
    while !answer.only_blanks_left() && !output.only_blanks_left() {
        n += 1;
        let expected = answer.token()?.to_ascii_uppercase();
        let found = output.token()?.to_ascii_uppercase();
        let at = format!(" [{} token]", ordinal(n));
        yes_no(&answer, &expected, &at)?;
        yes_no(&output, &found, &at)?;
        if expected != found {
            let (expected, found) = (shown(&expected), shown(&found));
            return Err(wrong(format!("expected {expected}, found {found}{at}")));
        }
        yes += usize::from(found == b"YES");
    }
    let (mut in_answer, mut in_output) = (0, 0);
    while !answer.only_blanks_left() {
        answer.token()?;
        in_answer += 1;
    }
    while !output.only_blanks_left() {
        output.token()?;
        in_output += 1;
    }
    longer(in_answer, in_output, n)?;
    let no = n - yes;
    let message = format!("{n} token(s): yes count is {yes}, no count is {no}");
    accepted(&mut output, if n == 0 { "Empty output".to_owned() } else { message })
}
