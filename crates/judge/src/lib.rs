//! Submission and problem in, judgement out: pure and synchronous.
//!
//! [`prepare()`] makes a package complete: generators make the missing inputs, the main solution the
//! missing answers. [`judge()`] compiles a submission, runs it on each test and asks the checker.
//! Both work in a [`Workshop`], which compiles, keeps [`Builds`] and asks the port [`Runs`] for
//! every run. [`Sandboxed`] is the one adapter of that port to boxes; everything else here is
//! tested without root, kernel or clock.
//!
//! Two rules shape the code. What the contestant's program did is read from the cause of its run
//! and from nothing else. And what the judge's own programs do wrong never becomes the
//! contestant's verdict: it is a [`Trouble`], with whose fault it is and one line about it.

#![forbid(unsafe_code)]

mod at_hand;
mod builds;
mod check;
mod compare;
mod ctd;
mod describe;
mod equipment;
mod fair;
#[cfg(test)]
mod fake;
mod feedback;
#[cfg(test)]
mod fuzz;
mod interact;
mod judging;
mod jury;
mod look;
mod pace;
mod port;
mod precompiled;
mod prepare;
mod program;
mod protocol;
mod quiet;
mod report;
mod ruling;
mod sandboxed;
mod scorer;
mod scores;
mod scoring;
mod share;
mod sources;
mod spent;
mod talk;
mod trouble;
mod verify;
mod workshop;

pub use at_hand::AtHand;
pub use builds::{Builds, BuildsError};
pub use compare::{MAX_COMPARED, compare, compare_default};
pub use equipment::Equipment;
pub use fair::Fairness;
pub use judging::{MAX_SOURCE, Options, SourceTooLong, SubmissionToJudge, check_source, judge};
pub use port::{
    Executable, InFile, Keep, OutFile, Outcome, Pair, PairOutcome, Request, Runs, RunsError,
};
pub use precompiled::{PRECOMPILED_INSIDE, Precompiled};
pub use prepare::{PrepareError, prepare};
pub use quiet::{Quiet, Turn};
pub use ruling::{MAX_COMMENT, Ruled, Ruling};
pub use sandboxed::Sandboxed;
pub use share::Share;
pub use spent::Spent;
pub use trouble::{Trouble, Unjudged};
pub use verify::{Checked, Finding, Verified, check_package, verify_solution};
pub use workshop::{MAX_LOG, Workshop};
