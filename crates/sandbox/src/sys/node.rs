//! Calls of the node's own that nix has no wrapper for.

use std::io;
use std::os::fd::{AsRawFd as _, BorrowedFd, OwnedFd};

/// Moves at most `most` bytes from a pipe to another descriptor inside the kernel, without waiting.
/// 0 is the end of the pipe.
///
/// # Errors
/// `WouldBlock` when there is nothing to move.
pub(crate) fn splice(from: BorrowedFd<'_>, to: BorrowedFd<'_>, most: usize) -> io::Result<usize> {
    // SAFETY: null offsets are allowed for pipes and for files with an offset of their own; both
    // descriptors are borrowed for the call.
    let moved = unsafe {
        libc::splice(
            from.as_raw_fd(),
            std::ptr::null_mut(),
            to.as_raw_fd(),
            std::ptr::null_mut(),
            most,
            libc::SPLICE_F_NONBLOCK | libc::SPLICE_F_MOVE,
        )
    };
    usize::try_from(moved).map_err(|_negative| io::Error::last_os_error())
}

/// Kills the process a pidfd stands for; one that has ended already is no error.
///
/// # Errors
/// `EPERM` when it is not ours to kill.
pub(crate) fn kill(pidfd: BorrowedFd<'_>) -> io::Result<()> {
    let none: *const libc::siginfo_t = std::ptr::null();
    // SAFETY: a null `siginfo` is allowed: the kernel then fills it as for `kill`.
    let answer = unsafe {
        libc::syscall(libc::SYS_pidfd_send_signal, pidfd.as_raw_fd(), libc::SIGKILL, none, 0)
    };
    match nix::errno::Errno::result(answer) {
        Ok(_) | Err(nix::errno::Errno::ESRCH) => Ok(()),
        Err(errno) => Err(errno.into()),
    }
}

/// Lets the calling thread preempt every ordinary one on its core, or makes it an ordinary one
/// again. New threads and processes do not inherit it.
///
/// # Errors
/// `EPERM` without `CAP_SYS_NICE`.
pub(crate) fn realtime(on: bool) -> io::Result<()> {
    let policy = if on { libc::SCHED_FIFO | libc::SCHED_RESET_ON_FORK } else { libc::SCHED_OTHER };
    let priority = libc::sched_param { sched_priority: i32::from(on) };
    // SAFETY: the structure lives until the call returns; 0 is the calling thread.
    let answer = unsafe { libc::sched_setscheduler(0, policy, &raw const priority) };
    nix::errno::Errno::result(answer)?;
    Ok(())
}

/// A descriptor of the mount namespace of the process a pidfd stands for.
///
/// Whoever closes the last one tears the namespace down, which waits for an RCU grace period.
///
/// # Errors
/// `ENOTTY` on kernels before 6.11.
pub(crate) fn mount_namespace(pidfd: BorrowedFd<'_>) -> io::Result<OwnedFd> {
    // SAFETY: the request takes no argument but demands a zero; the descriptor is borrowed for the
    // call.
    let fd = unsafe { libc::ioctl(pidfd.as_raw_fd(), libc::PIDFD_GET_MNT_NAMESPACE, 0) };
    super::shared::owned(nix::errno::Errno::result(fd)?)
}
