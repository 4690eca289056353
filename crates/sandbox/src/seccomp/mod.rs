//! The system-call filters: what a program may not ask of the kernel, and what it gets for asking.
//!
//! The profile is data (`cluster-config/seccomp/default.toml`, each entry with its reason) and is
//! "allow except what is not namespaced or dangerous": a list of what compilers and managed runtimes
//! need would be longer, and wrong the day a libc changes. It becomes two programs:
//!
//! * [`Profile::base_filter`] refuses with an errno. The warden installs it once, before it serves
//!   (with `CAP_SYS_ADMIN`, without `no_new_privs`), and everything below inherits it; it leaves the
//!   warden and the box's init what they need (`mount`, `clone3`, `unshare`, ...).
//! * [`Profile::box_filter`] has the rest: the calls that end a run, any foreign architecture,
//!   namespaces. The program's process installs it as its last step before it waits for its job
//!   (after the mounts, `setresuid` and `no_new_privs`), with a listener. After it `clone3` answers
//!   `ENOSYS` (glibc then falls back to `clone`, whose flags can be looked at).
//!
//! A call that ends a run is answered with `SECCOMP_RET_USER_NOTIF`: the listener's holder reads
//! which call it was ([`notification`]), records [`crate::watchdog::Kill::Syscall`] and kills. The
//! caller never gets an answer, so nothing can be changed under the reader's eyes. `KILL_PROCESS`
//! could neither name the call nor be told from `raise(SIGSYS)`.
//!
//! Both programs are binary search trees over the call's number (see `tree.rs` for what that saves).

mod names;
mod notify;
mod profile;
mod tree;

pub use names::{syscall_name, syscall_number};
pub use notify::{Call, Notification, let_through, notification};
pub use profile::{Profile, ProfileError};
pub use tree::Program;

pub use crate::sys::seccomp::{Install, install};

/// The base filter of the profile that `minos` ships.
#[must_use]
pub fn base_filter() -> Program {
    Profile::shipped().base_filter()
}

/// The box filter of the profile that `minos` ships.
#[must_use]
pub fn box_filter() -> Program {
    Profile::shipped().box_filter()
}
