//! The box: a program runs once, in a place made for it, and its end has exactly one cause.

#[cfg(not(all(target_os = "linux", target_arch = "x86_64")))]
compile_error!("minos-sandbox works on Linux on x86-64 only");

pub mod bench;
mod blob;
pub mod cgroup;
pub mod doctor;
mod error;
mod sandbox;
pub mod seccomp;
mod slot;
mod spec;
mod sys;
mod warden;
pub mod watchdog;

pub use blob::Blob;
pub use error::{SandboxError, SetupStep};
pub use sandbox::{CorePolicy, Sandbox, SandboxConfig};
pub use slot::spawn::{announce_warden_verb, warden_main};
pub use slot::warden::{Canceller, Warden};
pub use spec::{Bind, BoxFile, Collect, Program, Run, RunRequest, Sink, Stdin, Template};
