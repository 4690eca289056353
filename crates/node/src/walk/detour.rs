//! Why a walk does not come to a verdict, and what that leads to: another try here or elsewhere, or
//! the dead letters. A fault of the judge never becomes a contestant's verdict.

use std::time::Duration;

use minos_model::{Fault, Judgement, Verdict};

use super::Walk;
use crate::border::Failure;
use crate::metrics::{Buried, Retry};
use crate::ports::{Held, Outside};

/// The least and the most delay of a job that is handed back because of a fault.
const HAND_BACK_MS: (u64, u64) = (1_000, 5_000);
/// A checker or a package that fails on this many deliveries is buried.
const DELIVERIES_BAD_PACKAGE: u32 = 2;

/// Why a job does not come to a verdict, in one line. A dead letter has all of it; a log line never has
/// what programs and messages have said.
pub(super) enum Why {
    /// In words of this node's own, with identifiers at most.
    Own(String),
    /// In words of a checker, a package or a message: they may quote a submission.
    Quoting(String),
}

impl Why {
    /// All of it, for the dead letter.
    pub(super) fn text(&self) -> &str {
        match self {
            Self::Own(text) | Self::Quoting(text) => text,
        }
    }

    /// What may stand in a log.
    pub(super) fn logged(&self) -> &str {
        match self {
            Self::Own(text) => text,
            Self::Quoting(_) => "not told here, for it may quote a submission: see its dead letter",
        }
    }
}

/// Why the walk leaves its way.
pub(super) enum Detour {
    /// The verdict is there already: only the acknowledgement was lost.
    Judged,
    /// The operator has cancelled it.
    Cancelled,
    /// Another try, here or elsewhere, may succeed.
    Back { retry: Retry, delay: Duration, why: Why, broken: bool },
    /// No node can judge it.
    Bury { buried: Buried, fault: Fault, why: Why },
}

impl<O: Outside> Walk<O> {
    /// A judgement that tells a fault, or a cancellation nobody asked for, is no verdict.
    pub(super) fn trusted(&self, judgement: Judgement) -> Result<Judgement, Detour> {
        match judgement.verdict {
            Verdict::JudgeError => {
                let unnamed = || (Fault::Node, "no fault was named".to_owned());
                let (fault, what) = judgement.fault.unwrap_or_else(unnamed);
                Err(self.failed(Failure { fault, what, broken: fault == Fault::Node }))
            }
            Verdict::Cancelled => Err(back(Retry::Node, Why::Own("broken off".to_owned()))),
            Verdict::Accepted
            | Verdict::WrongAnswer
            | Verdict::PresentationError
            | Verdict::PartiallyCorrect
            | Verdict::TimeLimit
            | Verdict::WallTimeLimit
            | Verdict::MemoryLimit
            | Verdict::OutputLimit
            | Verdict::RuntimeError
            | Verdict::SecurityViolation
            | Verdict::CompileError
            | Verdict::CompileLimit
            | Verdict::Skipped => Ok(judgement),
        }
    }

    /// Whether this may be the doing of a damaged copy of the problem: a package that fails, or a
    /// node that fails over the same job again.
    pub(super) fn casts_doubt(&self, detour: &Detour) -> bool {
        match detour {
            Detour::Judged | Detour::Cancelled => false,
            Detour::Bury { .. } => true,
            Detour::Back { retry, .. } => {
                *retry == Retry::Package || (*retry == Retry::Node && self.held.delivered() > 1)
            }
        }
    }

    /// What a fault leads to: another try elsewhere, or the end.
    pub(super) fn failed(&self, failure: Failure) -> Detour {
        let Failure { fault, what, broken } = failure;
        match fault {
            Fault::Checker | Fault::Package => {
                let buried =
                    if fault == Fault::Checker { Buried::Checker } else { Buried::Package };
                let ends = (buried, fault);
                self.perhaps_later(DELIVERIES_BAD_PACKAGE, Retry::Package, ends, Why::Quoting(what))
            }
            Fault::Node => {
                let (retry, why) = (Retry::Node, Why::Own(what));
                Detour::Back { retry, delay: jittered(), why, broken }
            }
            Fault::Broker => back(Retry::Broker, Why::Own(what)),
        }
    }

    /// Back until the delivery `most`, and then to the dead letters.
    pub(super) fn perhaps_later(
        &self,
        most: u32,
        retry: Retry,
        (buried, fault): (Buried, Fault),
        why: Why,
    ) -> Detour {
        if self.held.delivered() < most.min(self.held.most()) {
            back(retry, why)
        } else {
            Detour::Bury { buried, fault, why }
        }
    }
}

pub(super) fn back(retry: Retry, why: Why) -> Detour {
    Detour::Back { retry, delay: jittered(), why, broken: false }
}

/// Whether an answer came because the run was cancelled.
pub(super) fn broken_off(answer: &Result<Judgement, Failure>) -> bool {
    match answer {
        Ok(judgement) => judgement.verdict == Verdict::Cancelled,
        Err(_) => true,
    }
}

pub(super) fn given_up() -> Detour {
    let why = Why::Own("the node stops".to_owned());
    Detour::Back { retry: Retry::Stopping, delay: Duration::ZERO, why, broken: false }
}

/// A delay in the bounds, so that jobs that failed together do not come back together.
pub(super) fn jittered() -> Duration {
    let (least, most) = HAND_BACK_MS;
    Duration::from_millis(crate::jitter::between(least, most))
}
