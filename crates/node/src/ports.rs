//! What a slot asks of the world, as traits: the broker and the package cache stand behind them in
//! a node, a simulated queue in the tests of the actors.

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use minos_model::{
    Digest, Fault, Generation, Job, Judgement, LanguageId, ProblemRef, Progress, Submission,
    SubmissionId,
};

use crate::metrics::Buried;

/// A request to the broker that failed; it may succeed later.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Trouble(pub(crate) String);

/// A verdict that was not stored; the job stays in hand.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum Unstored {
    /// The stream of results has no room: nothing is stored until people make some.
    #[error("{0}")]
    Full(String),
    /// It may have been stored or not.
    #[error(transparent)]
    Trouble(#[from] Trouble),
}

/// Why a message is no job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NoJob {
    /// One line.
    pub(crate) why: String,
    /// A newer node may be able to read it.
    pub(crate) perhaps_newer: bool,
}

/// What this node knows of a language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Knows {
    /// Its self-test passed.
    Works,
    /// There is a file for it, but its compiler or interpreter does not work here.
    Broken,
    /// No file of this node has it.
    Not,
}

/// What became of a verdict that was handed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kept {
    /// It is the verdict of its generation.
    First,
    /// Another one was stored before; this one is dropped.
    Already,
}

/// Why there is no problem to judge with.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum NoProblem {
    /// Nobody has pushed it, or the prefix names none of its revisions.
    #[error("problem {0} is not in the package store")]
    Unknown(String),
    /// What the store has under this revision is not that package.
    #[error("problem {problem} is damaged in the package store: {why}")]
    Damaged {
        /// As the job names it.
        problem: String,
        /// What differs.
        why: String,
    },
    /// The store, the network or this node's disk failed; another try may succeed.
    #[error("problem {problem} could not be made ready here: {why}")]
    Unready {
        /// As the job names it.
        problem: String,
        /// What failed.
        why: String,
    },
}

/// The world of a slot.
pub(crate) trait Outside: Send + Sync + 'static {
    /// A delivery in hand.
    type Held: Held;
    /// What judging needs to know of a problem.
    type Problem: Send + Sync + 'static;
    /// The slot's place in the rotation of the lanes.
    type Turn: Send + 'static;

    /// The place slot `index` starts from.
    fn turn(&self, index: u16) -> Self::Turn;
    /// Sweeps the lanes, and waits for a job for a bounded time when all are empty.
    fn next(
        &self,
        turn: &mut Self::Turn,
    ) -> impl Future<Output = Result<Option<Self::Held>, Trouble>> + Send;
    /// Tells who watches; may be lost.
    fn progress(&self, progress: Progress) -> impl Future<Output = ()> + Send;
    /// Whether this generation has its verdict.
    fn judged(&self, submission: &Submission)
    -> impl Future<Output = Result<bool, Trouble>> + Send;
    /// Stores a verdict unless there is one.
    fn store(&self, judgement: &Judgement) -> impl Future<Output = Result<Kept, Unstored>> + Send;
    /// Whether the stream of results has room again.
    fn room(&self) -> impl Future<Output = bool> + Send;
    /// The text of a stored source; `None` when the store does not have it.
    fn source(
        &self,
        digest: Digest,
    ) -> impl Future<Output = Result<Option<Vec<u8>>, Trouble>> + Send;
    /// The problem, on this node's disk.
    fn problem(
        &self,
        problem: &ProblemRef,
    ) -> impl Future<Output = Result<Arc<Self::Problem>, NoProblem>> + Send;
    /// Judging with that problem failed; before it is used again, it is to be checked again.
    fn distrust(&self, problem: &Self::Problem);
    /// What this node knows of a language.
    fn language(&self, language: &LanguageId) -> Knows;
    /// Whether the operator has cancelled it.
    fn cancelled(&self, submission: &Submission) -> bool;
}

/// A delivery in hand. Dropped without a word, it comes back after the broker's ack wait.
pub(crate) trait Held: Send + Sync + 'static {
    /// Keeps the delivery alive until it is dropped.
    type Lease: Send;

    /// The job, or why the message is none.
    fn job(&self) -> Result<&Job, NoJob>;
    /// Which judging it is, as far as the message says: its subject may name one although its
    /// body is no job.
    fn names(&self) -> Option<(&SubmissionId, Generation)> {
        self.job().ok().map(|job| (&job.submission.id, job.submission.generation))
    }
    /// The how-manieth delivery this is, from 1.
    fn delivered(&self) -> u32;
    /// How many deliveries the broker makes in all.
    fn most(&self) -> u32;
    /// When the submission was stored in the stream.
    fn published(&self) -> SystemTime;
    /// Starts the heartbeat, in a task of its own.
    fn lease(&self) -> Self::Lease;
    /// Keeps the submission for rejudges, when the server does not do that by itself.
    fn archive(&self) -> impl Future<Output = Result<(), Trouble>> + Send;
    /// The job is done.
    fn ack(&self) -> impl Future<Output = Result<(), Trouble>> + Send;
    /// The job goes to another slot after the delay.
    fn hand_back(&self, delay: Duration) -> impl Future<Output = Result<(), Trouble>> + Send;
    /// The message goes to the dead letters with its reason and leaves the stream; when it names a
    /// submission that has no verdict, a JE becomes its verdict.
    fn bury(
        &self,
        reason: Buried,
        fault: Fault,
        why: &str,
    ) -> impl Future<Output = Result<(), Trouble>> + Send;
}
