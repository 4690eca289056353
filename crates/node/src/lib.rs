//! One machine's process.

#![forbid(unsafe_code)]

mod board;
mod border;
mod jitter;
mod metrics;
mod ports;
mod slot;
mod supervisor;
#[cfg(test)]
mod testing;
mod walk;
