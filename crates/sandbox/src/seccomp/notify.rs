//! The listener's side: which call it was.

use std::borrow::Cow;
use std::io;
use std::os::fd::BorrowedFd;

use super::names::{syscall_name, syscall_number};
use super::tree::ARCH_X86_64;
use crate::sys::seccomp as sys;

/// Calls from here on are x32's.
const X32_BIT: u32 = 0x4000_0000;
/// What the filter lets a program send only with its listener's knowledge.
const SIGXFSZ: u64 = 25;

/// A call that the filter reported; its caller waits for an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Notification {
    /// Which report this is, for the answer.
    pub id: u64,
    /// The caller, as the listener's PID namespace numbers it; 0 when it cannot be seen from there.
    pub pid: u32,
    /// The call's number.
    pub nr: u32,
    /// The architecture (`AUDIT_ARCH_*`).
    pub arch: u32,
    /// Its arguments.
    pub args: [u64; 6],
}

/// What a reported call means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Call {
    /// It ends the run: `ptrace`, `mount`, ..., or `foreign-arch`.
    Forbidden(Cow<'static, str>),
    /// The program sends `SIGXFSZ` itself. Let it through, and remember it: a death by that signal
    /// is then the program's doing, and otherwise the kernel's, at the file size limit.
    RaisedFileLimit,
}

impl Notification {
    /// What the call means.
    #[must_use]
    pub fn call(&self) -> Call {
        if self.arch != ARCH_X86_64 || self.nr & X32_BIT != 0 {
            return Call::Forbidden(Cow::Borrowed("foreign-arch"));
        }
        let signal = SIGNAL_CALLS.iter().find(|(name, _)| syscall_number(name) == Some(self.nr));
        if let Some((_name, argument)) = signal
            && self.args.get(*argument).is_some_and(|value| value & 0xffff_ffff == SIGXFSZ)
        {
            return Call::RaisedFileLimit;
        }
        Call::Forbidden(syscall_name(self.nr))
    }
}

/// Every call that sends a signal, with the argument that has its number.
const SIGNAL_CALLS: [(&str, usize); 6] = [
    ("kill", 1),
    ("tkill", 1),
    ("tgkill", 2),
    ("rt_sigqueueinfo", 1),
    ("rt_tgsigqueueinfo", 2),
    ("pidfd_send_signal", 1),
];

/// The next report. Poll the listener for `POLLIN` first: without one this waits. `None` when the
/// caller is gone (killed while it waited).
///
/// # Errors
/// As `SECCOMP_IOCTL_NOTIF_RECV`, without `ENOENT` and `EINTR`.
pub fn notification(listener: BorrowedFd<'_>) -> io::Result<Option<Notification>> {
    sys::receive(listener)
}

/// Lets the reported call happen as if there were no filter. Only for calls whose arguments cannot
/// do harm whatever they are by then: [`Call::RaisedFileLimit`].
///
/// # Errors
/// As `SECCOMP_IOCTL_NOTIF_SEND`; a caller that is gone is no error.
pub fn let_through(listener: BorrowedFd<'_>, notification: &Notification) -> io::Result<()> {
    sys::let_through(listener, notification.id)
}
