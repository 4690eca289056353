//! What the contestant is told, and the one function that decides which test speaks for all.

use std::fmt;
use std::str::FromStr;

use crate::{Cause, Ending, LimitKind};

/// The answer to a submission, a test or a compilation; identifiers of the ICPC CCS list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// Accepted.
    Accepted,
    /// Wrong answer.
    WrongAnswer,
    /// Presentation error; only a checker says so.
    PresentationError,
    /// Partially correct: a score below the maximum.
    PartiallyCorrect,
    /// CPU time limit.
    TimeLimit,
    /// Wall-clock limit while CPU time was within its limit.
    WallTimeLimit,
    /// Memory limit, whichever process of the run hit it.
    MemoryLimit,
    /// Output limit, stdout or a file.
    OutputLimit,
    /// Non-zero exit or fatal signal.
    RuntimeError,
    /// Ended by the system-call filter.
    SecurityViolation,
    /// Does not compile.
    CompileError,
    /// Compilation hit a time, memory or output limit.
    CompileLimit,
    /// The judge failed; see the fault.
    JudgeError,
    /// Cancelled by the operator.
    Cancelled,
    /// Test not run: an earlier one decided.
    Skipped,
}

/// The five verdicts every scoreboard knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Big5 {
    /// Accepted.
    Accepted,
    /// Wrong answer.
    WrongAnswer,
    /// Time limit.
    TimeLimit,
    /// Run-time error.
    RuntimeError,
    /// Compile error.
    CompileError,
}

impl Big5 {
    /// The identifier.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "AC",
            Self::WrongAnswer => "WA",
            Self::TimeLimit => "TLE",
            Self::RuntimeError => "RTE",
            Self::CompileError => "CE",
        }
    }
}

/// Not the identifier of a verdict.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no verdict (one of AC WA PE PC TLE WTL MLE OLE RTE SV CE CTL JE CS SK)")]
pub struct UnknownVerdict(pub String);

impl Verdict {
    /// Every verdict.
    pub const ALL: [Self; 15] = [
        Self::Accepted,
        Self::WrongAnswer,
        Self::PresentationError,
        Self::PartiallyCorrect,
        Self::TimeLimit,
        Self::WallTimeLimit,
        Self::MemoryLimit,
        Self::OutputLimit,
        Self::RuntimeError,
        Self::SecurityViolation,
        Self::CompileError,
        Self::CompileLimit,
        Self::JudgeError,
        Self::Cancelled,
        Self::Skipped,
    ];

    /// The identifier.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "AC",
            Self::WrongAnswer => "WA",
            Self::PresentationError => "PE",
            Self::PartiallyCorrect => "PC",
            Self::TimeLimit => "TLE",
            Self::WallTimeLimit => "WTL",
            Self::MemoryLimit => "MLE",
            Self::OutputLimit => "OLE",
            Self::RuntimeError => "RTE",
            Self::SecurityViolation => "SV",
            Self::CompileError => "CE",
            Self::CompileLimit => "CTL",
            Self::JudgeError => "JE",
            Self::Cancelled => "CS",
            Self::Skipped => "SK",
        }
    }

    /// The scoreboard's simplification; `None` where the contestant is not answered.
    #[must_use]
    pub const fn big5(self) -> Option<Big5> {
        match self {
            Self::Accepted => Some(Big5::Accepted),
            Self::WrongAnswer
            | Self::PresentationError
            | Self::PartiallyCorrect
            | Self::OutputLimit => Some(Big5::WrongAnswer),
            Self::TimeLimit | Self::WallTimeLimit => Some(Big5::TimeLimit),
            Self::MemoryLimit | Self::RuntimeError | Self::SecurityViolation => {
                Some(Big5::RuntimeError)
            }
            Self::CompileError | Self::CompileLimit => Some(Big5::CompileError),
            Self::JudgeError | Self::Cancelled | Self::Skipped => None,
        }
    }

    /// What a run of the contestant's program says by itself: `None` when it ended well and the
    /// checker has to be asked.
    #[must_use]
    pub fn of_run(cause: &Cause, ending: Ending) -> Option<Self> {
        match cause {
            Cause::Exited => match ending {
                Ending::Exited { code: 0 } => None,
                Ending::Exited { .. } | Ending::Signalled { .. } => Some(Self::RuntimeError),
            },
            Cause::Signalled => Some(Self::RuntimeError),
            Cause::Limit { limit, .. } => Some(match limit {
                LimitKind::CpuTime => Self::TimeLimit,
                LimitKind::WallTime => Self::WallTimeLimit,
                LimitKind::Memory => Self::MemoryLimit,
                LimitKind::Output => Self::OutputLimit,
            }),
            Cause::Syscall { .. } => Some(Self::SecurityViolation),
            Cause::Cancelled => Some(Self::Cancelled),
        }
    }

    /// What a run of the compiler says: `None` when there is something to run.
    #[must_use]
    pub fn of_compilation(cause: &Cause, ending: Ending) -> Option<Self> {
        match cause {
            Cause::Exited => match ending {
                Ending::Exited { code: 0 } => None,
                Ending::Exited { .. } | Ending::Signalled { .. } => Some(Self::CompileError),
            },
            Cause::Signalled | Cause::Syscall { .. } => Some(Self::CompileError),
            Cause::Limit { .. } => Some(Self::CompileLimit),
            Cause::Cancelled => Some(Self::Cancelled),
        }
    }

    /// Whether the judging of a pass/fail problem ends here.
    #[must_use]
    pub const fn decides(self) -> bool {
        !matches!(self, Self::Accepted | Self::Skipped)
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Verdict {
    type Err = UnknownVerdict;

    fn from_str(text: &str) -> Result<Self, UnknownVerdict> {
        let found = Self::ALL.into_iter().find(|verdict| verdict.as_str() == text);
        found.ok_or_else(|| UnknownVerdict(text.to_owned()))
    }
}

/// The verdict of a pass/fail submission from its tests in order, with the index of the test that
/// decided. A judge error anywhere outranks everything (the contestant cannot be told a verdict
/// that rests on a broken test), then a cancellation; otherwise the first test that is not
/// accepted speaks. Without any such test the submission is accepted.
#[must_use]
pub fn decide(tests: &[Verdict]) -> (Verdict, Option<usize>) {
    for outranking in [Verdict::JudgeError, Verdict::Cancelled] {
        if let Some(index) = tests.iter().position(|verdict| *verdict == outranking) {
            return (outranking, Some(index));
        }
    }
    tests
        .iter()
        .position(|verdict| verdict.decides())
        .and_then(|index| tests.get(index).map(|verdict| (*verdict, Some(index))))
        .unwrap_or((Verdict::Accepted, None))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::By;

    #[track_caller]
    fn check(cause: &Cause, ending: Ending, expected: Option<Verdict>) {
        assert_eq!(Verdict::of_run(cause, ending), expected, "{cause:?} {ending:?}");
    }

    #[test]
    fn an_exit_or_a_signal_of_its_own_is_never_a_limit() {
        check(&Cause::Exited, Ending::Exited { code: 0 }, None);
        for code in 1..=255 {
            check(&Cause::Exited, Ending::Exited { code }, Some(Verdict::RuntimeError));
        }
        for signal in 1..=64 {
            let ending = Ending::Signalled { signal };
            check(&Cause::Signalled, ending, Some(Verdict::RuntimeError));
        }
    }

    #[test]
    fn a_limit_has_its_own_verdict_however_the_program_ended() {
        let rows = [
            (LimitKind::CpuTime, Verdict::TimeLimit),
            (LimitKind::WallTime, Verdict::WallTimeLimit),
            (LimitKind::Memory, Verdict::MemoryLimit),
            (LimitKind::Output, Verdict::OutputLimit),
        ];
        for (limit, verdict) in rows {
            for ending in [Ending::Exited { code: 0 }, Ending::Signalled { signal: 9 }] {
                let cause = Cause::Limit { limit, by: By::Watchdog, allowed: 1, observed: 2 };
                check(&cause, ending, Some(verdict));
                assert_eq!(
                    Verdict::of_compilation(&cause, ending),
                    Some(Verdict::CompileLimit),
                    "{limit}"
                );
            }
        }
    }

    #[test]
    fn identifiers_read_back_and_map_to_five() {
        for verdict in Verdict::ALL {
            assert_eq!(verdict.as_str().parse(), Ok(verdict));
        }
        let big5 = |id: &str| id.parse::<Verdict>().unwrap().big5().map(Big5::as_str);
        for (id, five) in [
            ("AC", Some("AC")),
            ("WA", Some("WA")),
            ("PE", Some("WA")),
            ("PC", Some("WA")),
            ("TLE", Some("TLE")),
            ("WTL", Some("TLE")),
            ("MLE", Some("RTE")),
            ("OLE", Some("WA")),
            ("RTE", Some("RTE")),
            ("SV", Some("RTE")),
            ("CE", Some("CE")),
            ("CTL", Some("CE")),
            ("JE", None),
            ("CS", None),
            ("SK", None),
        ] {
            assert_eq!(big5(id), five, "{id}");
        }
        "XX".parse::<Verdict>().unwrap_err();
    }

    #[test]
    fn the_first_test_that_fails_decides_unless_the_judge_failed() {
        use Verdict::{
            Accepted as AC, JudgeError as JE, RuntimeError as RTE, Skipped as SK, WrongAnswer as WA,
        };
        for (tests, expected) in [
            (vec![], (AC, None)),
            (vec![AC, AC], (AC, None)),
            (vec![AC, WA, RTE], (WA, Some(1))),
            (vec![RTE, SK, SK], (RTE, Some(0))),
            (vec![WA, AC, JE], (JE, Some(2))),
        ] {
            assert_eq!(decide(&tests), expected, "{tests:?}");
        }
    }
}
