//! The only unsafe code of the repository: one call a block, each with its proof.
#![expect(unsafe_code, reason = "the system calls that have no safe wrapper are made here")]

pub(crate) mod clone;
pub(crate) mod landlock;
pub(crate) mod message;
pub(crate) mod node;
pub(crate) mod raw;
pub(crate) mod seccomp;
pub(crate) mod shared;
pub(crate) mod slim;
