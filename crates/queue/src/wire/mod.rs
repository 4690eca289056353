//! How words are written on the wire.
//!
//! JSON is the public form (`minos.job/1`, `minos.judgement/1`, `minos.event/1`); jobs also have a
//! binary form for our own tools. One struct per version, frozen: a new version is a new struct.
//! The header `Content-Type` says which form a message has; without it, it is JSON.

mod cause;
mod event;
mod job;
mod judgement;
mod repeat;

pub use cause::CauseV1;
pub use event::EventV1;
pub use job::{Form, JobV1, MAX_JOB, MAX_SOURCE, Undecodable, decode_job, encode_job};
pub use judgement::{
    CompileV1, GroupV1, JudgementV1, MAX_JUDGEMENT, ProblemV1, ScoreV1, TestV1, WireError,
};
pub use repeat::RepeatV1;

/// Writes a wire form; all of them are made of strings, numbers and lists of these.
pub(crate) fn to_json(form: &impl serde::Serialize) -> Vec<u8> {
    serde_json::to_vec(form).expect("strings, numbers and lists of them are always JSON")
}

/// Content type of the public form.
pub const JSON: &str = "application/json";
/// Content type of the binary form of a job.
pub const JOB_BINARY: &str = "application/vnd.minos.job.v1+bincode";
/// The header that says which form a message has.
pub const CONTENT_TYPE: &str = "Content-Type";
