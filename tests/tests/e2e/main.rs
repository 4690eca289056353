//! End to end: the built binaries, a real broker, real boxes. Run as root; what cannot run fails.

#![expect(clippy::indexing_slicing, reason = "a document without the key fails its test")]

mod bad_input;
mod bad_jobs;
mod crash;
mod languages;
mod load;
mod nats;
mod operation;
mod operators;
mod pushes;
mod shape;
mod support;
