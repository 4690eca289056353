//! The words of minos as types: plain data, no I/O, no clock.
//!
//! A [`Submission`] is what a contestant sent; a [`Job`] is a submission as it lies in the stream.
//! Each program of a submission is executed in a box as a run, bounded by [`Limits`], and ends for
//! exactly one [`Cause`], reported in a [`RunReport`]. Causes and the checker's word become a
//! [`Verdict`] per test, and the tests become one [`Judgement`].
//!
//! Every other crate speaks these words. Nothing here knows how a word is written on a wire, read
//! from a file or measured.

#![forbid(unsafe_code)]

mod cause;
mod ids;
mod judgement;
mod limits;
mod submission;
mod units;
mod verdict;

pub use cause::{By, Cause, Ending, Flag, Isolation, LimitKind, RunReport};
pub use ids::{
    Digest, Generation, IdError, Lane, LanguageId, NodeId, Pool, ProblemId, ProblemRef,
    SubmissionId, Tenant,
};
pub use judgement::{
    CompileResult, Fault, GroupResult, JudgedProblem, Judgement, Progress, Repeat, Score, Stage,
    TestResult,
};
pub use limits::{LimitError, Limits, RawLimits};
pub use submission::{Job, Source, Submission};
pub use units::{Bytes, CpuTime, UnitError, WallTime};
pub use verdict::{Big5, UnknownVerdict, Verdict, decide};
