//! From how a checker ended to what it ruled: the wait status first, then the exit code, then the
//! report. A checker that did not end as the protocol says has failed; it never makes a wrong
//! answer.

use minos_model::{Cause, Ending, RunReport};

use crate::report;
use crate::ruling::{Ruled, Ruling};

/// Where testlib's own builds put `_pc(0)`: the default, the value of the enumeration, TESTSYS.
const PARTIAL_BASES: [u8; 3] = [0, 16, 50];

/// What an interpreter writes when it, not the program, ends the process: Python and the JVM exit
/// with code 1 then, which a checker uses to say "wrong answer". It begins a line: a checker that
/// quotes what a contestant printed does not begin a line with it.
const CRASHES: [&str; 3] = [
    "Traceback (most recent call last)",
    "Error occurred during initialization of VM",
    "Exception in thread",
];

/// How a message begins that is for the scorer.
const INFO: &str = "points_info=";

/// How a checker is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Calling {
    /// Input, output, answer, a file for the report and `-appes`: programs made with testlib.
    Testlib,
    /// Input, output, answer: programs made with testlib whose points a scorer may have to make of
    /// what they say on stderr. In a report there is no place for that.
    TestlibForScorer,
    /// Input, output, answer; the exit code says everything.
    ExitCode,
}

impl Calling {
    /// Of a program of that type: those in C++ are written with testlib; what others print is their
    /// own.
    pub(crate) fn of(kind: &str) -> Self {
        if kind.starts_with("cpp") || matches!(kind, "cc" | "cxx" | "c++") {
            Self::Testlib
        } else {
            Self::ExitCode
        }
    }
}

/// What a checker left behind.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Left<'a> {
    pub(crate) report: &'a RunReport,
    pub(crate) xml: Option<&'a [u8]>,
    pub(crate) stderr: &'a [u8],
}

/// What the checker ruled, or what was wrong with the checker.
pub(crate) fn ruled(calling: Calling, left: Left<'_>) -> Result<Ruled, String> {
    let code = match (&left.report.cause, left.report.ending) {
        (Cause::Exited, Ending::Exited { code }) => code,
        (
            Cause::Exited
            | Cause::Signalled
            | Cause::Limit { .. }
            | Cause::Syscall { .. }
            | Cause::Cancelled,
            _,
        ) => return Err(crate::describe::ending(left.report)),
    };
    let reported = match calling {
        Calling::Testlib => left.xml.and_then(report::read),
        Calling::TestlibForScorer | Calling::ExitCode => None,
    };
    match reported {
        Some(ruled) if agrees(ruled.ruling, code) => Ok(ruled),
        Some(ruled) => Err(format!(
            "reported `{}` and exited with code {code}: one of them is wrong",
            ruled.comment()
        )),
        None => from_code(calling, code, left.stderr),
    }
}

/// Whether a report and an exit code can come from the same checker.
fn agrees(ruling: Ruling, code: u8) -> bool {
    match ruling {
        Ruling::Accepted => code == 0,
        Ruling::WrongAnswer => code == 1,
        Ruling::Presentation => matches!(code, 2 | 4 | 8),
        Ruling::Failed => code == 3,
        Ruling::Points(_) | Ruling::ForScorer => code == 7,
        Ruling::Partial(k) => is_partial(k, code),
        // No word of this protocol.
        Ruling::Share(_) => false,
    }
}

fn is_partial(k: u8, code: u8) -> bool {
    PARTIAL_BASES.iter().any(|base| base.wrapping_add(k) == code)
}

/// The ruling of a checker that left no report.
fn from_code(calling: Calling, code: u8, stderr: &[u8]) -> Result<Ruled, String> {
    let text = String::from_utf8_lossy(stderr);
    let text = text.trim();
    let line = text.lines().next().unwrap_or_default();
    if calling == Calling::ExitCode
        && matches!(code, 1 | 2)
        && let Some(sign) = CRASHES.iter().find(|sign| text.lines().any(|l| l.starts_with(**sign)))
    {
        return Err(format!("crashed with exit code {code}: its stderr says `{sign}`"));
    }
    if calling != Calling::ExitCode {
        if let Some(ruled) = partial(line).filter(|ruled| agrees(ruled.ruling, code)) {
            return Ok(ruled);
        }
        if let (7, Some(ruled)) = (code, pointed(line)) {
            return Ok(ruled);
        }
        if calling == Calling::TestlibForScorer
            && code == 7
            && let Some(info) = line.strip_prefix("points ")
            && info.starts_with(INFO)
        {
            return Ok(Ruled::new(Ruling::ForScorer, info));
        }
    }
    let ruling = match code {
        0 => Ruling::Accepted,
        1 => Ruling::WrongAnswer,
        2 | 4 | 8 => Ruling::Presentation,
        3 => Ruling::Failed,
        7 => return Err("exited with code 7 (points) without saying how many".to_owned()),
        _ => {
            return Err(format!(
                "exited with code {code}, which the protocol does not know (0 right, 1 wrong, \
                 2 malformed, 3 jury's fault, 7 points)"
            ));
        }
    };
    Ok(Ruled::new(ruling, without_prefix(ruling, text)))
}

/// `partially correct (13) message`.
fn partial(line: &str) -> Option<Ruled> {
    let (k, message) = line.strip_prefix("partially correct (")?.split_once(')')?;
    let plain = !k.is_empty() && k.bytes().all(|byte| byte.is_ascii_digit());
    let k = if plain { k.parse().ok()? } else { return None };
    Some(Ruled::new(Ruling::Partial(k), message.trim()))
}

/// `points 37.5 message`.
fn pointed(line: &str) -> Option<Ruled> {
    let rest = line.strip_prefix("points ")?;
    let number = rest.split(' ').next()?;
    Some(Ruled::new(Ruling::Points(report::points(number)?), rest))
}

/// Testlib writes its prefix to stderr; a comment gets it back later.
fn without_prefix(ruling: Ruling, text: &str) -> &str {
    let prefixes: &[&str] = match ruling {
        Ruling::Accepted => &["ok "],
        Ruling::WrongAnswer => &["wrong answer "],
        Ruling::Presentation => &["wrong output format ", "unexpected eof "],
        Ruling::Failed => &["FAIL "],
        Ruling::Partial(_) | Ruling::Points(_) | Ruling::Share(_) | Ruling::ForScorer => &[],
    };
    prefixes.iter().find_map(|prefix| text.strip_prefix(prefix)).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake;
    use minos_model::{By, LimitKind};

    fn xml(outcome: &str) -> String {
        format!("<?xml?><result outcome = {outcome}>said</result>")
    }

    /// An empty `xml` is a checker that wrote no report.
    #[track_caller]
    fn check(code: u8, xml: &str, stderr: &str, expected: Result<Ruling, &str>) {
        let report = fake::exited(code);
        let written = (!xml.is_empty()).then_some(xml.as_bytes());
        let left = Left { report: &report, xml: written, stderr: stderr.as_bytes() };
        let what = format!("{code} {xml:?} {stderr:?}");
        match (ruled(Calling::Testlib, left), expected) {
            (Ok(ruled), Ok(ruling)) => assert_eq!(ruled.ruling, ruling, "{what}"),
            (Err(error), Err(part)) => assert!(error.contains(part), "{what}: {error}"),
            (got, _) => panic!("{what}: {got:?}"),
        }
    }

    #[test]
    fn without_a_report_the_exit_code_rules() {
        for (code, expected) in [
            (0, Ok(Ruling::Accepted)),
            (1, Ok(Ruling::WrongAnswer)),
            (2, Ok(Ruling::Presentation)),
            (3, Ok(Ruling::Failed)),
            (4, Ok(Ruling::Presentation)),
            (5, Err("code 5")),
            (6, Err("code 6")),
            (7, Err("without saying how many")),
            (8, Ok(Ruling::Presentation)),
            (9, Err("code 9")),
            (16, Err("code 16")),
            (42, Err("code 42")),
            (255, Err("code 255")),
        ] {
            check(code, "", "", expected);
            check(code, "not xml", "", expected);
        }
    }

    #[test]
    fn points_and_partial_scores_are_read_from_the_first_line_of_stderr() {
        check(7, "", "points 37.5 good\nmore", Ok(Ruling::Points(37.5)));
        check(7, "", "points 1e3", Err("without saying"));
        check(7, "", "points -1", Err("without saying"));
        check(7, "", "well\npoints 5", Err("without saying"));
        for code in [13, 29, 63] {
            check(code, "", "partially correct (13) so", Ok(Ruling::Partial(13)));
        }
        check(0, "", "partially correct (0) none", Ok(Ruling::Partial(0)));
        check(1, "", "partially correct (1) little", Ok(Ruling::Partial(1)));
        check(14, "", "partially correct (13) so", Err("code 14"));
        check(0, "", "partially correct (x)", Ok(Ruling::Accepted));
    }

    #[test]
    fn a_report_rules_when_the_exit_code_agrees() {
        check(0, &xml("\"accepted\""), "", Ok(Ruling::Accepted));
        check(1, &xml("\"wrong-answer\""), "", Ok(Ruling::WrongAnswer));
        check(2, &xml("\"presentation-error\""), "", Ok(Ruling::Presentation));
        check(3, &xml("\"fail\""), "", Ok(Ruling::Failed));
        check(7, &xml("\"points\" points = \"5\""), "", Ok(Ruling::Points(5.0)));
        check(1, &xml("\"partially-correct\" pctype = \"1\""), "", Ok(Ruling::Partial(1)));
        check(63, &xml("\"partially-correct\" pctype = \"13\""), "", Ok(Ruling::Partial(13)));
        check(0, &xml("\"wrong-answer\""), "", Err("one of them is wrong"));
        check(1, &xml("\"accepted\""), "", Err("one of them is wrong"));
    }

    #[test]
    fn a_checker_that_crashed_or_hit_a_limit_never_makes_a_wrong_answer() {
        let killed = |cause| RunReport { cause, ..fake::signalled(9) };
        let limit = |limit| Cause::Limit { limit, by: By::Watchdog, allowed: 1, observed: 2 };
        for report in [
            fake::signalled(6),
            killed(limit(LimitKind::CpuTime)),
            killed(limit(LimitKind::WallTime)),
            killed(limit(LimitKind::Memory)),
            killed(limit(LimitKind::Output)),
            killed(Cause::Syscall { syscall: "ptrace".to_owned() }),
            // One that exited 0 above a limit is that limit's all the same.
            RunReport { cause: limit(LimitKind::Memory), ..fake::exited(0) },
        ] {
            let accepted = xml("\"accepted\"");
            let left = Left { report: &report, xml: Some(accepted.as_bytes()), stderr: b"ok" };
            assert!(ruled(Calling::Testlib, left).is_err(), "{report:?}");
        }
    }

    #[test]
    fn a_foreign_checker_speaks_by_its_exit_code_alone() {
        let report = fake::exited(1);
        let accepted = xml("\"accepted\"");
        let stderr = b"partially correct (1) x";
        let left = Left { report: &report, xml: Some(accepted.as_bytes()), stderr };
        let ruled = ruled(Calling::ExitCode, left).unwrap();
        assert_eq!(ruled.ruling, Ruling::WrongAnswer);
        assert_eq!(ruled.comment(), "wrong answer partially correct (1) x");
    }

    #[test]
    fn an_interpreter_that_crashed_is_the_checkers_fault() {
        let traceback = "Traceback (most recent call last):\n  File \"check.py\", line 1";
        let thread = "Exception in thread \"main\" java.lang.Error";
        let vm = "Error occurred during initialization of VM\nno heap";
        for (calling, code, stderr, crashed) in [
            (Calling::ExitCode, 1, traceback, true),
            (Calling::ExitCode, 2, traceback, true),
            (Calling::ExitCode, 1, thread, true),
            (Calling::ExitCode, 1, vm, true),
            (Calling::ExitCode, 1, "line 3 differs", false),
            (Calling::ExitCode, 1, "found `Traceback (most recent call last)`", false),
            (Calling::ExitCode, 0, traceback, false),
            (Calling::Testlib, 1, traceback, false),
        ] {
            let report = fake::exited(code);
            let left = Left { report: &report, xml: None, stderr: stderr.as_bytes() };
            let ruled = ruled(calling, left);
            assert_eq!(ruled.is_err(), crashed, "{calling:?} {code} {stderr}: {ruled:?}");
        }
    }

    #[test]
    fn the_prefix_of_a_message_stands_in_the_comment_once() {
        let report = fake::exited(1);
        let stderr = b"wrong answer 1st words differ\n";
        let left = Left { report: &report, xml: None, stderr };
        let ruled = ruled(Calling::Testlib, left).unwrap();
        assert_eq!(ruled.comment(), "wrong answer 1st words differ");
    }
}
