//! What a run's thread sleeps on, and what wakes it.

use std::os::fd::{AsFd as _, BorrowedFd};
use std::time::Duration;

use nix::poll::{PollFd, PollFlags, ppoll};
use nix::sys::time::TimeSpec;

use super::Watch;
use crate::SandboxError;
use crate::slot::boxes::Prepared;
use crate::slot::clock::now;
use crate::slot::drain::Drain;

/// What a wait has brought.
#[expect(clippy::struct_excessive_bools, reason = "each is one descriptor that came up")]
pub(super) struct Woken {
    pub(super) ended: bool,
    pub(super) stdout: bool,
    pub(super) stderr: bool,
    pub(super) call: bool,
    /// The last process that had the filter is gone.
    pub(super) unfiltered: bool,
    pub(super) cancelled: bool,
}

impl Watch<'_> {
    /// Until something comes up, or `due`.
    pub(super) fn wait(&self, prepared: &Prepared, due: u64) -> Result<Woken, SandboxError> {
        let input = PollFlags::POLLIN;
        let due = self.drain_due.map_or(due, |drain| due.min(drain));
        let (out, err) = if self.drain_due.is_some() {
            let nothing = (prepared.init.as_fd(), PollFlags::empty());
            (nothing, nothing)
        } else {
            (
                self.source(&self.stdout, &prepared.stdout.read),
                self.source(&self.stderr, &prepared.stderr.read),
            )
        };
        let mut fds = [
            PollFd::new(prepared.init.as_fd(), input),
            if self.filtered {
                PollFd::new(prepared.listener.as_fd(), input)
            } else {
                // It would say so for ever; init's own end is what is waited for now.
                PollFd::new(prepared.init.as_fd(), PollFlags::empty())
            },
            PollFd::new(self.warden.cancelled(), input),
            PollFd::new(out.0, out.1),
            PollFd::new(err.0, err.1),
        ];
        let timeout = TimeSpec::from_duration(Duration::from_nanos(due.saturating_sub(now())));
        match ppoll(&mut fds, Some(timeout), None) {
            Ok(_) | Err(nix::errno::Errno::EINTR) => {}
            Err(errno) => return Err(SandboxError::os("wait for the program", errno)),
        }
        let has = |at: usize, flags| {
            let come = fds.get(at).and_then(PollFd::revents).unwrap_or(PollFlags::empty());
            come.intersects(flags)
        };
        let drain = self.drain_due.is_some_and(|drain| now() >= drain);
        let waited_for = self.drain_due.is_none();
        Ok(Woken {
            ended: has(0, input),
            call: self.filtered && has(1, input),
            unfiltered: has(1, PollFlags::POLLHUP),
            cancelled: has(2, input) && self.kill.is_none(),
            stdout: drain || waited_for && has(3, PollFlags::all()),
            stderr: drain || waited_for && has(4, PollFlags::all()),
        })
    }

    /// What to wait for on behalf of a stream: its bytes, or its reader's room for them.
    fn source<'b>(
        &'b self,
        drain: &'b Drain,
        pipe: &'b std::os::fd::OwnedFd,
    ) -> (BorrowedFd<'b>, PollFlags) {
        if drain.is_full() {
            return (pipe.as_fd(), PollFlags::empty());
        }
        match drain.blocked_on() {
            Some(reader) => (reader, PollFlags::POLLOUT),
            None => (pipe.as_fd(), PollFlags::POLLIN),
        }
    }
}
