//! Faults of the judge, each with one line about it.

use minos_model::{Fault, Judgement};

use crate::RunsError;

/// Why judging or preparing could not go on; never the contestant's doing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Trouble {
    /// Whose fault it is.
    pub fault: Fault,
    /// One line: which step, which test, which program, and what happened.
    pub message: String,
}

impl Trouble {
    pub(crate) fn package(message: impl Into<String>) -> Self {
        Self { fault: Fault::Package, message: message.into() }
    }

    pub(crate) fn checker(message: impl Into<String>) -> Self {
        Self { fault: Fault::Checker, message: message.into() }
    }

    pub(crate) fn node(message: impl Into<String>) -> Self {
        Self { fault: Fault::Node, message: message.into() }
    }

    /// The same trouble, with what was being done in front.
    pub(crate) fn during(self, what: &str) -> Self {
        Self { fault: self.fault, message: format!("{what}: {}", self.message) }
    }
}

impl From<RunsError> for Trouble {
    fn from(error: RunsError) -> Self {
        Self::node(error.to_string())
    }
}

/// A submission that could not be judged. Whoever asked decides: hand it back for another node, or
/// publish the judgement, which is a JE with everything that was found out before.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{trouble}")]
pub struct Unjudged {
    /// What went wrong.
    pub trouble: Trouble,
    /// The JE judgement.
    pub judgement: Judgement,
}
