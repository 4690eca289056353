//! Filters, installed, and the listener's two calls.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};

use nix::errno::Errno;

use crate::seccomp::{Notification, Program};

/// How a filter is installed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Install {
    /// Returns a descriptor that gets the calls answered with a notification. A process can have
    /// one such filter.
    pub listener: bool,
    /// Leaves the speculative-store-bypass mitigation off for the program (`SPEC_ALLOW`): full speed
    /// on kernels before 5.16, where a filter switches it on. For machines that only judge.
    pub speculation: bool,
}

/// Installs a filter in the calling thread. Makes one system call and nothing else: no allocation,
/// no lock. Needs `no_new_privs`, or `CAP_SYS_ADMIN` in the user namespace.
///
/// Returns the listener, closed on exec, when one was asked for.
///
/// # Errors
/// `EACCES` without either right, `EBUSY` when a filter above has a listener already, `EINVAL` on a
/// kernel without the flag.
pub fn install(program: &Program, how: Install) -> Result<Option<RawFd>, Errno> {
    let mut flags: libc::c_ulong = 0;
    if how.speculation {
        flags |= libc::SECCOMP_FILTER_FLAG_SPEC_ALLOW;
    }
    if how.listener {
        flags |= libc::SECCOMP_FILTER_FLAG_NEW_LISTENER;
    }
    let instructions = program.instructions();
    let fprog = libc::sock_fprog {
        len: u16::try_from(instructions.len()).map_err(|_too_long| Errno::EINVAL)?,
        filter: instructions.as_ptr().cast_mut(),
    };
    // SAFETY: the kernel copies `len` instructions from `filter` and writes nothing; both live until
    // the call returns.
    let answer = unsafe {
        libc::syscall(
            libc::SYS_seccomp,
            libc::SECCOMP_SET_MODE_FILTER,
            flags,
            std::ptr::from_ref(&fprog),
        )
    };
    let answer = Errno::result(answer)?;
    let fd = RawFd::try_from(answer).map_err(|_too_large| Errno::EMFILE)?;
    Ok(how.listener.then_some(fd))
}

/// A kernel of the future may write more than today's 80 bytes.
#[repr(C, align(8))]
struct Room {
    report: libc::seccomp_notif,
    more: [u8; 432],
}

/// `SECCOMP_IOCTL_NOTIF_RECV`; `None` when the caller is gone.
pub(crate) fn receive(listener: BorrowedFd<'_>) -> io::Result<Option<Notification>> {
    loop {
        // SAFETY: plain integers, for which all zeroes is a value; the kernel demands them zeroed.
        let mut room: Room = unsafe { std::mem::zeroed() };
        // SAFETY: the kernel writes one `seccomp_notif` of its own size, which is below `Room`'s;
        // the descriptor is borrowed for the call.
        let answer =
            unsafe { libc::ioctl(listener.as_raw_fd(), NOTIF_RECV, std::ptr::from_mut(&mut room)) };
        match Errno::result(answer) {
            Ok(_zero) => {
                let report = room.report;
                return Ok(Some(Notification {
                    id: report.id,
                    pid: report.pid,
                    nr: report.data.nr.cast_unsigned(),
                    arch: report.data.arch,
                    args: report.data.args,
                }));
            }
            Err(Errno::EINTR) => {}
            Err(Errno::ENOENT) => return Ok(None),
            Err(errno) => return Err(errno.into()),
        }
    }
}

/// `SECCOMP_IOCTL_NOTIF_SEND` with "carry on"; a caller that is gone is no error.
pub(crate) fn let_through(listener: BorrowedFd<'_>, id: u64) -> io::Result<()> {
    let mut answer = libc::seccomp_notif_resp { id, val: 0, error: 0, flags: CONTINUE };
    // SAFETY: the kernel reads one `seccomp_notif_resp`; the descriptor is borrowed for the call.
    let sent =
        unsafe { libc::ioctl(listener.as_raw_fd(), NOTIF_SEND, std::ptr::from_mut(&mut answer)) };
    match Errno::result(sent) {
        Ok(_) | Err(Errno::ENOENT) => Ok(()),
        Err(errno) => Err(errno.into()),
    }
}

/// `_IOWR('!', 0, struct seccomp_notif)` and `_IOWR('!', 1, struct seccomp_notif_resp)`.
const NOTIF_RECV: libc::c_ulong = 0xc050_2100;
const NOTIF_SEND: libc::c_ulong = 0xc018_2101;
/// `SECCOMP_USER_NOTIF_FLAG_CONTINUE`.
const CONTINUE: u32 = 1;

const _: () = assert!(size_of::<libc::seccomp_notif>() == 0x50);
const _: () = assert!(size_of::<libc::seccomp_notif_resp>() == 0x18);

/// A descriptor that [`install`] has returned, to be closed when dropped.
pub(crate) fn own(listener: RawFd) -> OwnedFd {
    // SAFETY: the kernel has just made this descriptor for the caller, who passes it here once.
    unsafe { OwnedFd::from_raw_fd(listener) }
}

#[cfg(test)]
#[path = "seccomp_tests.rs"]
mod tests;
