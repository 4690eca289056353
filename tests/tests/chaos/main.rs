//! Faults under work: nodes, brokers and the network between them fail while submissions are
//! judged. Whatever happens, every submission that was acknowledged has its one verdict, the right
//! one, and nothing of the dead is left. Run as root; what cannot run fails.

#![expect(clippy::indexing_slicing, reason = "a document without the key fails its test")]

mod broker;
mod deaths;
mod groups;
mod left;
mod namespace;
mod network;
mod node;
#[path = "../e2e/support.rs"]
#[expect(dead_code, reason = "the other end-to-end tests use the rest")]
mod support;
mod wire;
mod world;
