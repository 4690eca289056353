//! What a contestant sent, and how it lies in the stream.

use crate::{Digest, Generation, Lane, LanguageId, Pool, ProblemRef, SubmissionId, Tenant};

/// The program text of a submission.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// The text itself, as bytes: contestants send what they like.
    Inline(Vec<u8>),
    /// The address of the text in the object store.
    Stored(Digest),
}

/// What a contestant sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submission {
    /// Its name, unique within the tenant.
    pub id: SubmissionId,
    /// Who sent it.
    pub tenant: Tenant,
    /// Which judging of it this is.
    pub generation: Generation,
    /// What it is meant to solve.
    pub problem: ProblemRef,
    /// What it is written in.
    pub language: LanguageId,
    /// The program text.
    pub source: Source,
}

/// A submission as it lies in the stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// The submission.
    pub submission: Submission,
    /// The lane it waits in.
    pub lane: Lane,
    /// The nodes that may take it.
    pub pool: Pool,
}
