//! The system-call filters: what a program may not ask of the kernel, and what it gets for asking.
//!
//! The profile is data (`cluster-config/seccomp/default.toml`, each entry with its reason) and is
//! "allow except what is not namespaced or dangerous": a list of what compilers and managed runtimes
//! need would be longer, and wrong the day a libc changes. It becomes one program, which the warden
//! installs once, before it serves (with `CAP_SYS_ADMIN`, without `no_new_privs`), with a listener;
//! whatever is born below inherits both. Nothing is installed per box: compiling a filter, and
//! freeing it, were 7 % of what a box costs.
//!
//! What a box is made with (`mount`, `umount2`, `clone3`, `unshare`) the profile forbids or refuses to
//! programs. The warden, and the box's processes until exec, make these calls with a word in the
//! sixth argument, which none of them has: 64 random bits, drawn for each warden. The filter lets
//! those through. exec clears the registers and leaves the memory that knew the word; a filter can
//! only be read with `CAP_SYS_ADMIN` on the machine; and a program that knew the word would still
//! have no capability to do anything with these calls. `clone3` without it answers `ENOSYS`: glibc
//! falls back to `clone`, whose flags can be looked at.
//!
//! A call that ends a run is answered with `SECCOMP_RET_USER_NOTIF`: the listener's holder reads
//! which call it was ([`notification`]), records [`crate::watchdog::Kill::Syscall`] and kills. The
//! caller never gets an answer, so nothing can be changed under the reader's eyes. `KILL_PROCESS`
//! could neither name the call nor be told from `raise(SIGSYS)`.
//!
//! The program is a binary search tree over the call's number (`tree.rs`).

mod names;
mod notify;
mod profile;
mod tree;

pub use names::{syscall_name, syscall_number};
pub use notify::{Call, Notification, let_through, notification};
pub use profile::{Profile, ProfileError};
pub use tree::Program;

pub use crate::sys::seccomp::{Install, install};

/// The filter of the profile that `minos` ships, with the word of the warden that installs it.
#[must_use]
pub fn filter(word: u64) -> Program {
    Profile::shipped().filter(word)
}
