//! What can go wrong between us and the broker, with what to do about it.

use std::path::PathBuf;
use std::time::Duration;

use minos_model::{Digest, ProblemRef};

use crate::server::ServerError;

/// A failure of the queue. Never the contestant's fault: the environment's, or the caller's.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum QueueError {
    /// Nothing answers at the address.
    #[error(
        "nothing listens at {url}: {reason} (hint: `minos up`, or name a broker with --nats URL)"
    )]
    NoBroker {
        /// Where it was looked for.
        url: String,
        /// What the system said.
        reason: String,
    },
    /// The broker does not know us.
    #[error(
        "{url} refuses these credentials: {reason} (hint: --creds FILE, or --dir DIR of the running `minos up`)"
    )]
    Refused {
        /// Which broker.
        url: String,
        /// What it said.
        reason: String,
    },
    /// The file that says how to connect is missing or unreadable.
    #[error(
        "{path}: {reason} (hint: `minos up --dir DIR` writes it; or name a broker with --nats URL)"
    )]
    Endpoint {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A stream, consumer or bucket is not there.
    #[error("the broker has no {what} (hint: `minos cluster init --config cluster.toml`)")]
    NotInitialised {
        /// Which one.
        what: String,
    },
    /// The stream of jobs is at its limit: the submission was refused, nothing was stored.
    #[error(
        "the queue is full: {subject} was refused ({reason}); try again when jobs have been judged"
    )]
    QueueFull {
        /// The subject of the job.
        subject: String,
        /// What the broker said.
        reason: String,
    },
    /// A stream is at its limit: hold the message, do not acknowledge, try again later.
    #[error(
        "stream {stream} is full: {subject} was refused ({reason}) (hint: raise its max_bytes in cluster.toml)"
    )]
    StreamFull {
        /// Which stream.
        stream: &'static str,
        /// The subject that was refused.
        subject: String,
        /// What the broker said.
        reason: String,
    },
    /// More bytes than the bound.
    #[error("{what} has {size} bytes, more than {max}")]
    TooLarge {
        /// What was too large.
        what: &'static str,
        /// Its size in bytes.
        size: u64,
        /// The bound in bytes.
        max: u64,
    },
    /// No package of that name was ever pushed.
    #[error("problem `{0}` is unknown (hint: `minos problem push PACKAGE`)")]
    UnknownProblem(ProblemRef),
    /// The prefix of a revision fits several revisions.
    #[error("`{reference}` is ambiguous: {} (write more of the hash)", .revisions.iter().map(Digest::to_string).collect::<Vec<_>>().join(", "))]
    AmbiguousRevision {
        /// As it was asked for.
        reference: ProblemRef,
        /// What fits.
        revisions: Vec<Digest>,
    },
    /// The object store has nothing at this address.
    #[error("the object store {bucket} has no {digest}")]
    NoObject {
        /// Which store.
        bucket: &'static str,
        /// The address.
        digest: Digest,
    },
    /// What came back is not what its address says.
    #[error("{what} is damaged: {reason}")]
    Damaged {
        /// Which thing.
        what: String,
        /// How it differs.
        reason: String,
    },
    /// There is no such dead letter.
    #[error("there is no dead letter {0} (hint: `minos dead list`)")]
    NoDeadLetter(u64),
    /// A dead letter whose subject names no submission cannot be judged again.
    #[error("dead letter {number} cannot be retried: {reason}")]
    NotRetryable {
        /// Which dead letter.
        number: u64,
        /// Why.
        reason: String,
    },
    /// No answer in time: it is unknown whether the broker did it. Doing it again is safe.
    #[error("the broker did not answer {operation} within {} ms", .after.as_millis())]
    Timeout {
        /// What was asked.
        operation: String,
        /// How long it was waited for.
        after: Duration,
    },
    /// The broker answered with an error of its own.
    #[error("{operation}: {reason}")]
    Broker {
        /// What was asked.
        operation: String,
        /// What it said.
        reason: String,
    },
    /// A local file could not be read or written while an object was copied.
    #[error("copying {what}: {source}")]
    Copy {
        /// What was copied.
        what: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// The private nats-server could not be started.
    #[error(transparent)]
    Server(#[from] ServerError),
}

impl QueueError {
    /// Whether the caller asked for something that is not there or not valid (exit code 2), as
    /// opposed to an environment that cannot do it (exit code 3).
    #[must_use]
    pub const fn is_usage(&self) -> bool {
        match self {
            Self::UnknownProblem(_)
            | Self::AmbiguousRevision { .. }
            | Self::TooLarge { .. }
            | Self::NoObject { .. }
            | Self::NoDeadLetter(_)
            | Self::NotRetryable { .. } => true,
            Self::NoBroker { .. }
            | Self::Refused { .. }
            | Self::Endpoint { .. }
            | Self::NotInitialised { .. }
            | Self::QueueFull { .. }
            | Self::StreamFull { .. }
            | Self::Damaged { .. }
            | Self::Timeout { .. }
            | Self::Broker { .. }
            | Self::Copy { .. }
            | Self::Server(_) => false,
        }
    }

    /// Whether doing the same again later may work without anybody's help.
    #[must_use]
    pub const fn is_passing(&self) -> bool {
        matches!(
            self,
            Self::Timeout { .. }
                | Self::Broker { .. }
                | Self::NoBroker { .. }
                | Self::QueueFull { .. }
                | Self::StreamFull { .. }
        )
    }
}
