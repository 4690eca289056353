//! What an author says of a solution.

use std::fmt;
use std::str::FromStr;

use minos_model::Verdict;

/// A solution's tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SolutionTag {
    /// Accepted, and the source of all answers.
    Main,
    /// Accepted.
    Accepted,
    /// Anything but accepted.
    Rejected,
    /// A wrong answer somewhere.
    WrongAnswer,
    /// Over the time limit somewhere.
    TimeLimitExceeded,
    /// Over the time limit, or accepted.
    TimeLimitExceededOrAccepted,
    /// Over the time or the memory limit somewhere.
    TimeLimitExceededOrMemoryLimitExceeded,
    /// Over the memory limit somewhere.
    MemoryLimitExceeded,
    /// A presentation error somewhere.
    PresentationError,
    /// Anything but accepted; an older name of `rejected`.
    Failed,
}

impl SolutionTag {
    /// Every tag.
    pub const ALL: [Self; 10] = [
        Self::Main,
        Self::Accepted,
        Self::Rejected,
        Self::WrongAnswer,
        Self::TimeLimitExceeded,
        Self::TimeLimitExceededOrAccepted,
        Self::TimeLimitExceededOrMemoryLimitExceeded,
        Self::MemoryLimitExceeded,
        Self::PresentationError,
        Self::Failed,
    ];

    /// The name in a manifest.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Main => "main",
            Self::Accepted => "accepted",
            Self::Rejected => "rejected",
            Self::WrongAnswer => "wrong-answer",
            Self::TimeLimitExceeded => "time-limit-exceeded",
            Self::TimeLimitExceededOrAccepted => "time-limit-exceeded-or-accepted",
            Self::TimeLimitExceededOrMemoryLimitExceeded => {
                "time-limit-exceeded-or-memory-limit-exceeded"
            }
            Self::MemoryLimitExceeded => "memory-limit-exceeded",
            Self::PresentationError => "presentation-error",
            Self::Failed => "failed",
        }
    }

    /// Whether a solution with this tag may get these verdicts, one for each test it was judged
    /// on; a single `CE` for one that does not compile. No tag permits a fault of the judge.
    #[must_use]
    pub fn permits(self, tests: &[Verdict]) -> bool {
        use Verdict::{
            Accepted, MemoryLimit, PartiallyCorrect, PresentationError, RuntimeError, TimeLimit,
            WallTimeLimit, WrongAnswer,
        };
        let all = |allowed: &[Verdict]| tests.iter().all(|verdict| allowed.contains(verdict));
        let any = |wanted: &[Verdict]| tests.iter().any(|verdict| wanted.contains(verdict));
        let judged = !any(&[Verdict::JudgeError, Verdict::Cancelled]);
        judged
            && match self {
                Self::Main | Self::Accepted => all(&[Accepted]),
                Self::Rejected | Self::Failed => !all(&[Accepted]),
                Self::WrongAnswer => {
                    let wrong = [WrongAnswer, PresentationError, PartiallyCorrect];
                    any(&wrong)
                        && all(&[Accepted, WrongAnswer, PresentationError, PartiallyCorrect])
                }
                Self::PresentationError => any(&[PresentationError, WrongAnswer]),
                Self::TimeLimitExceeded => any(&[TimeLimit, WallTimeLimit]),
                Self::TimeLimitExceededOrAccepted => all(&[Accepted, TimeLimit, WallTimeLimit]),
                Self::TimeLimitExceededOrMemoryLimitExceeded => {
                    any(&[TimeLimit, WallTimeLimit, MemoryLimit])
                }
                Self::MemoryLimitExceeded => any(&[MemoryLimit, RuntimeError]),
            }
    }

    /// What [`SolutionTag::permits`], in words.
    #[must_use]
    pub const fn expectation(self) -> &'static str {
        match self {
            Self::Main | Self::Accepted => "AC on every test",
            Self::Rejected | Self::Failed => "anything but AC on every test",
            Self::WrongAnswer => "WA on at least one test and AC on the others",
            Self::PresentationError => "PE or WA on at least one test",
            Self::TimeLimitExceeded => "TLE on at least one test",
            Self::TimeLimitExceededOrAccepted => "TLE or AC on every test",
            Self::TimeLimitExceededOrMemoryLimitExceeded => "TLE or MLE on at least one test",
            Self::MemoryLimitExceeded => "MLE or RTE on at least one test",
        }
    }
}

impl fmt::Display for SolutionTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for SolutionTag {
    type Err = String;

    /// Reads the name in a manifest; the error lists the names there are.
    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|tag| tag.as_str() == text).ok_or_else(|| {
            let known: Vec<&str> = Self::ALL.iter().map(|tag| tag.as_str()).collect();
            format!("`{text}` is none of {}", known.join(", "))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_permits_what_its_author_claims() {
        for (tag, permitted, contradicted) in [
            ("main", vec!["AC AC"], vec!["AC WA", "CE", "AC JE"]),
            ("accepted", vec!["AC"], vec!["TLE", "AC SK"]),
            ("rejected", vec!["AC RTE", "CE", "MLE"], vec!["AC AC", "AC JE", "CS"]),
            ("failed", vec!["WA"], vec!["AC"]),
            ("wrong-answer", vec!["AC WA", "PE", "PC AC"], vec!["AC", "WA TLE", "WA JE", "OLE"]),
            ("presentation-error", vec!["PE", "AC WA"], vec!["AC", "TLE"]),
            ("time-limit-exceeded", vec!["AC TLE", "WTL"], vec!["AC", "WA", "MLE"]),
            ("time-limit-exceeded-or-accepted", vec!["AC", "TLE AC"], vec!["AC WA"]),
            ("time-limit-exceeded-or-memory-limit-exceeded", vec!["MLE", "TLE"], vec!["AC"]),
            ("memory-limit-exceeded", vec!["AC MLE", "RTE"], vec!["AC", "TLE"]),
        ] {
            let tag: SolutionTag = tag.parse().unwrap();
            let verdicts = |ids: &str| -> Vec<Verdict> {
                ids.split(' ').map(|id| id.parse().unwrap()).collect()
            };
            for ids in permitted {
                assert!(tag.permits(&verdicts(ids)), "{tag} permits {ids}");
            }
            for ids in contradicted {
                assert!(!tag.permits(&verdicts(ids)), "{tag} contradicts {ids}");
            }
        }
    }

    #[test]
    fn every_tag_reads_back() {
        for tag in SolutionTag::ALL {
            assert_eq!(tag.as_str().parse(), Ok(tag));
            assert!(!tag.expectation().is_empty());
        }
        assert!("MAIN".parse::<SolutionTag>().unwrap_err().contains("main, accepted"));
    }
}
