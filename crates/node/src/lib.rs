//! One machine's process: actors above, boxes below.
//!
//! ```text
//!  Node ── supervisor ─┬─ slot 0 ── thread slot-0 ── warden ── boxes
//!                      ├─ slot 1 ── thread slot-1 ── warden ── boxes
//!                      ├─ beacon          beats, so that the cluster knows this node lives
//!                      ├─ control watch   drain, resume, cancel
//!                      ├─ janitor         jobs that no node gave an answer for
//!                      ├─ list            problems to make ready before they are asked for
//!                      └─ reaper          orphans, zombies, gauges
//! ```
//!
//! A slot pulls its own next job when it is free; nothing queues inside a node, and nobody tracks
//! which slot is free. What can go wrong ends in one of four ways: the verdict is stored and the job
//! acknowledged; the job is handed back; it is buried with a reason; or the slot dies with it and
//! the broker hands it out again. A node that is the problem itself finds out by its canary, and
//! takes no jobs until that is over.

#![forbid(unsafe_code)]

mod ahead;
mod beacon;
mod bench;
mod board;
mod border;
mod canary;
mod children;
mod chore;
mod cluster;
mod config;
mod cores;
mod http;
mod jitter;
pub mod logs;
mod metrics;
mod node;
mod opening;
mod ports;
mod ready;
mod reaper;
mod recent;
pub mod rehearsal;
mod remembered;
mod selftest;
mod sharing;
mod shelf;
mod slot;
mod sources;
mod supervisor;
#[cfg(test)]
mod testing;
mod walk;

pub use board::{Count, Doing};
pub use config::{ConfigError, NodeConfig};
pub use cores::slots as default_slots;
pub use metrics::built_from;
pub use node::{Node, NodeError, NodeHandle};
