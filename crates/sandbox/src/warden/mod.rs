//! The warden and what comes of it: everything in here runs outside the node's process.

pub(crate) mod cell;
pub(crate) mod init;
pub(crate) mod job;
pub(crate) mod program;
pub(crate) mod protocol;
pub(crate) mod serve;
pub(crate) mod setup;
pub(crate) mod template;
