//! Streams, leases and verdicts: everything minos says to NATS JetStream, in its own words.
//!
//! A job is one message of the work queue JOBS, on a subject that names its lane, its pool and
//! its judging. A slot takes one with [`Lanes::next`], keeps it with a [`Lease`], stores the
//! verdict with [`Broker::store_verdict`] (the first one wins, atomically, for ever) and only then
//! acknowledges. What cannot be judged is buried with [`Broker::bury`]: a dead letter with its
//! reason, and a verdict JE. No type of the client library leaves this crate.
//!
//! | stream | subjects | holds |
//! |---|---|---|
//! | JOBS | `jobs.<lane>.<pool>.<tenant>.<submission>.<generation>` | jobs until they are done, kept by shard of the tenant |
//! | RESULTS | `results.<tenant>.<submission>.<generation>` | one verdict per judging |
//! | TRIALS | `trials.<tenant>.<submission>.<generation>` | verdicts a rejudge previews |
//! | SUBMISSIONS | `submissions.<problem>.<tenant>.<submission>.<generation>` | what was judged |
//! | EVENTS | `events.<tenant>.<submission>.<generation>` | the last progress; it may be lost |
//! | DEAD | `dlq.<reason>.<tenant>.<submission>` | dead letters |
//! | ADVISORIES | what the server says of deliveries it gave up | until the janitor has read it |

#![forbid(unsafe_code)]

mod archive;
mod assets;
mod broker;
mod builds;
mod changes;
mod control;
mod dead;
mod delivery;
pub mod endpoint;
mod error;
mod janitor;
mod lanes;
mod leftover;
mod misplaced;
mod news;
mod place;
mod problems;
mod puller;
mod reads;
mod rejudge;
mod scan;
pub mod server;
mod sources;
mod status;
mod streams;
mod subject;
mod submit;
mod topology;
mod turns;
mod verdicts;
pub mod wire;

pub use archive::Archived;
pub use broker::{Broker, ConnectOptions};
pub use builds::{Claim, MAX_BUILD};
pub use changes::{Change, Difference};
pub use control::{Control, ControlWatch};
pub use dead::{DeadLetter, DeadReason};
pub use delivery::{Delivery, Lease};
pub use error::QueueError;
pub use lanes::{LaneWeight, Lanes, Rotation};
pub use leftover::Leftover;
pub use news::ProgressNews;
pub use problems::{ProblemEntry, Pushed};
pub use rejudge::{Applied, Matrix, Plan, Rejudge, RejudgeScope, Trial, Trials};
pub use status::{ClusterStatus, LaneStatus, NodeState, RECENT};
pub use subject::{JobSubject, JudgingId};
pub use submit::{Cancelled, Standing, Submitted};
pub use topology::{LaneConfig, StreamConfig, Topology, TopologyError};
pub use verdicts::{Stored, Verdicts};
