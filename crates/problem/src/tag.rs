//! What an author says of a solution.

use std::fmt;
use std::str::FromStr;

use minos_model::Verdict;

use crate::Verdicts;

/// A solution's tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum SolutionTag {
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
    pub(crate) const ALL: [Self; 10] = [
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
    pub(crate) const fn as_str(self) -> &'static str {
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

    /// What the tag claims of the tests it is about: each has one of the first verdicts, at least
    /// one has one of the second.
    pub(crate) fn claims(self) -> (Option<Verdicts>, Option<Verdicts>) {
        use Verdict::{
            Accepted, MemoryLimit, PartiallyCorrect, PresentationError, RuntimeError, TimeLimit,
            WallTimeLimit, WrongAnswer,
        };
        let of = |verdicts: &[Verdict]| Some(Verdicts::of(verdicts));
        match self {
            Self::Main | Self::Accepted => (of(&[Accepted]), None),
            Self::Rejected | Self::Failed => {
                let rejections = Verdict::ALL.into_iter().filter(|verdict| *verdict != Accepted);
                (None, of(&rejections.collect::<Vec<_>>()))
            }
            Self::WrongAnswer => (
                of(&[Accepted, WrongAnswer, PresentationError, PartiallyCorrect]),
                of(&[WrongAnswer, PresentationError, PartiallyCorrect]),
            ),
            Self::PresentationError => (None, of(&[PresentationError, WrongAnswer])),
            Self::TimeLimitExceeded => (None, of(&[TimeLimit, WallTimeLimit])),
            Self::TimeLimitExceededOrAccepted => (of(&[Accepted, TimeLimit, WallTimeLimit]), None),
            Self::TimeLimitExceededOrMemoryLimitExceeded => {
                (None, of(&[TimeLimit, WallTimeLimit, MemoryLimit]))
            }
            Self::MemoryLimitExceeded => (None, of(&[MemoryLimit, RuntimeError])),
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
            ("main", vec!["AC AC"], vec!["AC WA", "CE"]),
            ("accepted", vec!["AC"], vec!["TLE", "AC WTL"]),
            ("rejected", vec!["AC RTE", "CE", "MLE"], vec!["AC AC"]),
            ("failed", vec!["WA"], vec!["AC"]),
            ("wrong-answer", vec!["AC WA", "PE", "PC AC"], vec!["AC", "WA TLE", "OLE"]),
            ("presentation-error", vec!["PE", "AC WA"], vec!["AC", "TLE"]),
            ("time-limit-exceeded", vec!["AC TLE", "WTL"], vec!["AC", "WA", "MLE"]),
            ("time-limit-exceeded-or-accepted", vec!["AC", "TLE AC"], vec!["AC WA"]),
            ("time-limit-exceeded-or-memory-limit-exceeded", vec!["MLE", "TLE"], vec!["AC"]),
            ("memory-limit-exceeded", vec!["AC MLE", "RTE"], vec!["AC", "TLE"]),
        ] {
            let tag: SolutionTag = tag.parse().unwrap();
            let (all, one) = tag.claims();
            let holds = |ids: &str| {
                let verdicts: Vec<Verdict> = ids.split(' ').map(|id| id.parse().unwrap()).collect();
                all.as_ref().is_none_or(|all| verdicts.iter().all(|verdict| all.holds(*verdict)))
                    && one.as_ref().is_none_or(|one| verdicts.iter().any(|id| one.holds(*id)))
            };
            for ids in permitted {
                assert!(holds(ids), "{tag} permits {ids}");
            }
            for ids in contradicted {
                assert!(!holds(ids), "{tag} contradicts {ids}");
            }
        }
    }

    #[test]
    fn every_tag_reads_back() {
        for tag in SolutionTag::ALL {
            assert_eq!(tag.as_str().parse(), Ok(tag));
        }
        assert!("MAIN".parse::<SolutionTag>().unwrap_err().contains("main, accepted"));
    }
}
