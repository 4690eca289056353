//! What an author says of a solution.

use std::fmt;
use std::str::FromStr;

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
