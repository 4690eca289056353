//! What a program writes: counted, and dropped, kept or passed on, without ever waiting for it.

use std::fs::File;
use std::io::{self, Write as _};
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::time::Duration;

use minos_model::{By, LimitKind};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use crate::spec::Sink;
use crate::watchdog::Kill;
use crate::{Blob, blob};

/// How much of stderr is kept.
pub(crate) const STDERR_KEPT: usize = 64 << 10;
/// The most that is taken at once, so that the watchdog gets its turn.
const TURN: u64 = 4 << 20;
/// How long whoever reads what a program wrote may pause once the program has ended.
const READER_MS: u16 = 10_000;
/// The most that is written to a pipe that has room: less is never refused or made to wait.
const ATOMIC: usize = 4096;

/// How often the pipes of a program that keeps writing are emptied. Waking at every write would
/// preempt the program, on its own core, once a line: a C++ program that flushes 160,000 lines took
/// 1.8 s of CPU time that way, 1.3 s into a file, and takes 1.2 s now (one batch, a busy machine).
pub(crate) const DRAIN_EVERY: Duration = Duration::from_millis(2);
/// How often, when a pipe is near full each time.
pub(crate) const DRAIN_FLOOD: Duration = Duration::from_micros(200);
/// Bytes found at once that make it a flood: a quarter of a pipe.
pub(crate) const FLOOD: u64 = 64 << 10;

/// Where it goes.
#[derive(Debug)]
enum To {
    Nowhere,
    /// Made when the first byte comes.
    Memory(Option<File>),
    /// At most [`STDERR_KEPT`].
    Head(Vec<u8>),
    Descriptor(OwnedFd),
}

/// One of the two streams.
#[derive(Debug)]
pub(crate) struct Drain {
    to: To,
    /// Bytes so far; of stdout, at most one above the limit.
    pub count: u64,
    /// The most that is taken.
    limit: u64,
    /// The most that is passed on to a descriptor.
    passed_on: u64,
    /// More than this ends the run.
    flood: u64,
}

impl Drain {
    /// stdout, which is taken up to one byte above its limit.
    pub(crate) fn stdout(sink: &Sink, limit: u64) -> io::Result<Self> {
        let to = match sink {
            Sink::Count | Sink::Direct(_) => To::Nowhere,
            Sink::Keep | Sink::Diagnostics(_) => To::Memory(None),
            Sink::Fd(fd) => To::Descriptor(fd.try_clone()?),
        };
        Ok(Self {
            to,
            count: 0,
            limit: limit.saturating_add(1),
            passed_on: u64::MAX,
            flood: u64::MAX,
        })
    }

    /// stderr, which never ends a run, unless it is a compiler's.
    pub(crate) fn stderr(sink: &Sink) -> io::Result<Self> {
        let to = match sink {
            Sink::Count | Sink::Direct(_) => To::Nowhere,
            Sink::Keep | Sink::Diagnostics(_) => To::Head(Vec::new()),
            Sink::Fd(fd) => To::Descriptor(fd.try_clone()?),
        };
        let flood = match sink {
            Sink::Diagnostics(most) => most.get(),
            Sink::Count | Sink::Direct(_) | Sink::Keep | Sink::Fd(_) => u64::MAX,
        };
        Ok(Self { to, count: 0, limit: u64::MAX, passed_on: STDERR_KEPT as u64, flood })
    }

    /// The kill of a run that has written too many diagnostics.
    pub(crate) fn flooded(&self) -> Option<Kill> {
        (self.count > self.flood).then_some(Kill::Limit {
            limit: LimitKind::Output,
            by: By::Watchdog,
            allowed: self.flood,
            observed: self.count,
        })
    }

    /// Takes what is there. What cannot be passed on is dropped, and counted all the same.
    pub(crate) fn take(&mut self, from: BorrowedFd<'_>, null: &File) -> io::Result<()> {
        let mut left = self.limit.saturating_sub(self.count).min(TURN);
        while left > 0 {
            let most = usize::try_from(left).unwrap_or(usize::MAX);
            match self.step(from, null, most) {
                Ok(0) => break,
                Ok(taken) => {
                    self.count += taken as u64;
                    left = left.saturating_sub(taken as u64);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn step(&mut self, from: BorrowedFd<'_>, null: &File, most: usize) -> io::Result<usize> {
        match &mut self.to {
            To::Nowhere => crate::sys::node::splice(from, null.as_fd(), most),
            To::Memory(file) => {
                let file = match file {
                    Some(file) => file,
                    None => file.insert(blob::unsealed()?),
                };
                crate::sys::node::splice(from, file.as_fd(), most)
            }
            To::Head(head) if head.len() >= STDERR_KEPT => {
                crate::sys::node::splice(from, null.as_fd(), most)
            }
            To::Head(head) => {
                let mut bytes = [0; 16 << 10];
                let room = (STDERR_KEPT - head.len()).min(bytes.len()).min(most);
                let taken = read(from, bytes.get_mut(..room).unwrap_or_default())?;
                head.extend_from_slice(bytes.get(..taken).unwrap_or_default());
                Ok(taken)
            }
            To::Descriptor(_) if self.count >= self.passed_on => {
                self.to = To::Nowhere;
                crate::sys::node::splice(from, null.as_fd(), most)
            }
            To::Descriptor(to) => {
                if !has_room(to) {
                    return Ok(0);
                }
                let mut bytes = [0; ATOMIC];
                let left = usize::try_from(self.passed_on - self.count).unwrap_or(usize::MAX);
                let room = most.min(ATOMIC).min(left);
                let taken = read(from, bytes.get_mut(..room).unwrap_or_default())?;
                let taken_bytes = bytes.get(..taken).unwrap_or_default();
                if File::from(to.try_clone()?).write_all(taken_bytes).is_err() {
                    self.to = To::Nowhere;
                }
                Ok(taken)
            }
        }
    }

    /// Takes everything that is left once nobody can write any more.
    pub(crate) fn finish(&mut self, from: BorrowedFd<'_>, null: &File) -> io::Result<()> {
        loop {
            let before = self.count;
            self.take(from, null)?;
            if self.count > before {
                continue;
            }
            let Some(reader) = self.blocked_on() else { return Ok(()) };
            let mut room = [PollFd::new(reader, PollFlags::POLLOUT)];
            if !matches!(poll(&mut room, PollTimeout::from(READER_MS)), Ok(1..)) {
                // Nobody reads any more: the rest is only counted.
                self.to = To::Nowhere;
            }
        }
    }

    /// Whether it can take something now, as far as its reader is concerned.
    pub(crate) fn blocked_on(&self) -> Option<BorrowedFd<'_>> {
        match &self.to {
            To::Descriptor(to) if !has_room(to) => Some(to.as_fd()),
            To::Descriptor(_) | To::Nowhere | To::Memory(_) | To::Head(_) => None,
        }
    }

    /// Whether no more is taken: what is above the limit stays where it is.
    pub(crate) const fn is_full(&self) -> bool {
        self.count >= self.limit
    }

    /// What was kept in memory as a blob.
    pub(crate) fn into_blob(self) -> io::Result<Option<Blob>> {
        match self.to {
            To::Memory(Some(file)) => Blob::seal(file).map(Some),
            To::Memory(None) => Blob::from_bytes(b"").map(Some),
            To::Nowhere | To::Head(_) | To::Descriptor(_) => Ok(None),
        }
    }

    /// What was kept of stderr.
    pub(crate) fn into_head(self) -> Vec<u8> {
        match self.to {
            To::Head(head) => head,
            To::Nowhere | To::Memory(_) | To::Descriptor(_) => Vec::new(),
        }
    }
}

fn read(from: BorrowedFd<'_>, bytes: &mut [u8]) -> io::Result<usize> {
    nix::unistd::read(from, bytes).map_err(io::Error::from)
}

/// Whether a small write would not wait. A reader that is gone is found out by the write.
fn has_room(to: &OwnedFd) -> bool {
    let mut fds = [PollFd::new(to.as_fd(), PollFlags::POLLOUT)];
    poll(&mut fds, PollTimeout::ZERO) != Ok(0)
}
