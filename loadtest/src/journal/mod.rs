//! The journal of a run: one JSON line per fact, appended as it happens, never rewritten. It comes
//! first; every report is made from it alone.

mod read;
mod write;

use serde::{Deserialize, Serialize};

use crate::machine::Machine;
use crate::processes::Used;

pub(crate) use read::read;
pub(crate) use write::Journal;

/// The file's name inside the directory of a run.
pub(crate) const FILE: &str = "journal.jsonl";
/// The version of the lines.
pub(crate) const SCHEMA: &str = "minos.load-journal/1";

/// One fact. Times are microseconds since the start of the run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub(crate) enum Fact {
    /// The run, before its first submission.
    Start(Box<Start>),
    /// A piece of what is going to be sent: for each submission from that index on, when, and which
    /// program. A killed run knows what belongs to it.
    Plan { from: usize, planned_us: Vec<u64>, programs: Vec<usize> },
    /// Builds were made, so that the run reuses them.
    Warmed {
        /// Submissions that this took.
        submissions: u64,
        /// The share of builds that the last round reused.
        cached_share: f64,
        /// How long it took.
        took_us: u64,
    },
    /// What programs of the mix cost when they are spawned plainly on this machine.
    Bare(Bare),
    /// One submission was handed to the broker and stored.
    Sent {
        id: String,
        program: usize,
        planned_us: u64,
        sent_us: u64,
        acked_us: u64,
        /// Part of the storm of rejudgings.
        #[serde(default, skip_serializing_if = "is_false")]
        storm: bool,
    },
    /// One submission was not stored.
    Refused { id: String, program: usize, planned_us: u64, sent_us: u64, why: String },
    /// A slot took it.
    Received { id: String, at_us: u64 },
    /// A verdict was seen.
    Judged(Box<Judged>),
    /// At the end it still waits, or is being judged.
    Pending { id: String },
    /// How the cluster and this machine stood.
    Sample(Box<Sample>),
    /// Nothing more was sent.
    Stopped { at_us: u64, unsent: u64, why: String },
    /// Another process took up the accounting.
    Resumed { at_us: u64 },
    /// The run is over.
    End { at_us: u64, outstanding: u64 },
}

/// What a run is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Start {
    pub(crate) schema: String,
    pub(crate) version: String,
    pub(crate) commit: Option<String>,
    pub(crate) tenant: String,
    /// Microseconds since 1970 at the start.
    pub(crate) started_unix_us: u64,
    pub(crate) seed: u64,
    pub(crate) profile: String,
    /// As it was asked for.
    pub(crate) rate_per_s: f64,
    pub(crate) duration_s: f64,
    pub(crate) time_scale: Option<String>,
    pub(crate) mix: String,
    pub(crate) hostile: f64,
    /// Submissions of the plan, the storm left out.
    pub(crate) planned: u64,
    /// Rejudgings of the storm, and when they begin.
    pub(crate) storm: u64,
    pub(crate) storm_at_us: u64,
    pub(crate) thresholds: Vec<String>,
    pub(crate) programs: Vec<ProgramFact>,
    pub(crate) machine: Machine,
    pub(crate) nodes: Vec<NodeFact>,
    /// Whether the cluster is a `minos up` on this machine, so that its processes can be watched.
    pub(crate) local: bool,
}

/// A program of the mix.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ProgramFact {
    pub(crate) name: String,
    pub(crate) problem: String,
    pub(crate) language: String,
    /// Labels of a right judgement; the first is the expected one.
    pub(crate) expected: Vec<String>,
    pub(crate) class: Option<String>,
    pub(crate) hostile: bool,
}

/// A node at the start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct NodeFact {
    pub(crate) node: String,
    pub(crate) slots: u32,
    pub(crate) isolation: String,
    pub(crate) version: String,
}

/// Programs spawned plainly.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Bare {
    pub(crate) runs: u64,
    /// Of one run, the spawning process included.
    pub(crate) cpu_us: f64,
    pub(crate) wall_us: f64,
}

/// A verdict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Judged {
    pub(crate) id: String,
    pub(crate) at_us: u64,
    pub(crate) verdict: String,
    /// Verdict and cause, as in `TLE cpu_time`.
    pub(crate) label: String,
    pub(crate) node: String,
    pub(crate) attempt: u32,
    /// Whether an earlier build was reused.
    pub(crate) cached: bool,
    /// CPU time of the compiler; zero for a reused build.
    pub(crate) compile_us: u64,
    /// CPU time of all runs.
    pub(crate) run_us: u64,
    /// Wall-clock time of all runs.
    pub(crate) wall_us: u64,
    pub(crate) runs: u32,
    /// It was asked for later, so its time says nothing.
    #[serde(default, skip_serializing_if = "is_false")]
    pub(crate) found: bool,
}

/// How cluster and machine stood at a moment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Sample {
    pub(crate) at_us: u64,
    pub(crate) lanes: Vec<LaneSample>,
    pub(crate) nodes: u32,
    pub(crate) slots: u32,
    pub(crate) busy: u32,
    pub(crate) quarantined: u32,
    pub(crate) draining: u32,
    pub(crate) dead: u64,
    /// Load average over a minute.
    pub(crate) load: f64,
    /// CPU time used since the processes began.
    pub(crate) used: Option<Used>,
    /// Why the cluster did not answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) trouble: Option<String>,
}

/// A lane at a moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LaneSample {
    pub(crate) lane: String,
    pub(crate) pending: u64,
    pub(crate) in_flight: u64,
    pub(crate) oldest_ms: Option<u64>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks with a reference")]
const fn is_false(value: &bool) -> bool {
    !*value
}

/// The name of the submission with that index.
pub(crate) fn id(index: usize) -> String {
    format!("s{index:07}")
}

/// The index of a submission's name; `None` for a name that is none of ours.
pub(crate) fn index(id: &str) -> Option<usize> {
    id.strip_prefix('s')?.parse().ok()
}

/// Microseconds of a time.
pub(crate) fn micros(at: std::time::Duration) -> u64 {
    u64::try_from(at.as_micros()).unwrap_or(u64::MAX)
}
