//! A run whose streams are pipes to another box.
//!
//! Nothing copies between the two programs, so nothing of ours may hold an end of a pipe either:
//! else the end of one program is no end of file, and no broken pipe, to the other. The node's
//! descriptors are closed as soon as the box has them. What the program writes passes nobody who
//! could count it; the kernel's own account of the process does.

use std::fs::File;
use std::mem;
use std::os::fd::OwnedFd;
use std::os::unix::fs::FileExt as _;
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::Duration;

use super::clock::now;
use super::job::Job;
use super::outcome::is_ending;
use super::warden::Warden;
use crate::spec::{RunRequest, Sink, Stdin};
use crate::{Run, SandboxError};

/// The node's ends of a program's pipes.
#[derive(Debug)]
pub(crate) struct Handed(#[expect(dead_code, reason = "held until it is dropped")] Vec<OwnedFd>);

impl Warden {
    /// Runs one program like [`Warden::run`], its [`Stdin::Fd`] and [`Sink::Direct`] closed on this
    /// side once the box has them. The bytes its first process writes, wherever to, count as its
    /// output. Both runs of a [`Conversation`] name it, and their sides of it.
    ///
    /// # Errors
    /// As [`Warden::run`], and when the box was killed before it had its job: the pipes are gone
    /// with it.
    pub fn run_joined(
        &mut self,
        mut request: RunRequest,
        talk: &Conversation,
        side: Speaker,
    ) -> Result<Run, SandboxError> {
        let begun = now();
        let job = Job::of(&request, &self.null, self.isolation)?;
        let handed = handed(&mut request);
        self.pinned.hold(self.cores.run.as_ref());
        self.forget_cancellation();
        let mut prepared = self.house.take()?;
        talk.of(side).store(prepared.program, Ordering::Release);
        let joined = Some((handed, Other { talk, side }));
        let run = self.run_in(&mut prepared, &job, &request, (begun, joined));
        self.put_away(prepared, run.is_err());
        let reason = "a box was dead before it had its job".to_owned();
        run?.ok_or(SandboxError::WardenGone { slot: self.slot, reason })
    }
}

/// Takes the descriptors out of a request.
fn handed(request: &mut RunRequest) -> Handed {
    let mut fds = Vec::new();
    if let Stdin::Fd(fd) = mem::replace(&mut request.stdin, Stdin::Empty) {
        fds.push(fd);
    }
    for sink in [&mut request.stdout, &mut request.stderr] {
        if matches!(sink, Sink::Direct(_))
            && let Sink::Direct(fd) = mem::replace(sink, Sink::Count)
        {
            fds.push(fd);
        }
    }
    Handed(fds)
}

/// How often the count and the pipes of a joined run are looked at.
pub(crate) const LOOK: Duration = Duration::from_millis(10);

/// Two runs whose programs talk to each other.
///
/// A program that ends closes its pipes first and is seen to have ended a moment later. Whoever is
/// woken by the closing ends soon after it, often enough because of it; should that one, on the
/// same core, come between the two, it is seen to end first though it was second. So each side,
/// when it sees an end, looks at once whether the other program is ending already
/// ([`Run::other_was_ending`]). What remains is a fraction of a millisecond in which an answer to an
/// end is taken for its cause.
#[derive(Debug, Default)]
pub struct Conversation([AtomicI32; 2]);

/// One side of a [`Conversation`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Speaker {
    /// The one.
    First,
    /// The other.
    Second,
}

impl Conversation {
    /// The first process of a side; 0 before it has a box.
    fn of(&self, side: Speaker) -> &AtomicI32 {
        let [first, second] = &self.0;
        match side {
            Speaker::First => first,
            Speaker::Second => second,
        }
    }
}

/// The other program, as one side sees it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Other<'a> {
    talk: &'a Conversation,
    side: Speaker,
}

impl Other<'_> {
    /// Whether it is ending, or has ended.
    pub(crate) fn is_ending(self) -> bool {
        let other = match self.side {
            Speaker::First => Speaker::Second,
            Speaker::Second => Speaker::First,
        };
        let pid = self.talk.of(other).load(Ordering::Acquire);
        pid > 0 && is_ending(pid)
    }
}

/// The kernel's count of what a process has written.
#[derive(Debug)]
pub(crate) struct Written(Option<File>);

impl Written {
    /// Of a process that is alive.
    pub(crate) fn of(process: i32) -> Self {
        Self(File::open(format!("/proc/{process}/io")).ok())
    }

    /// Bytes so far; 0 where nobody tells.
    pub(crate) fn bytes(&self) -> u64 {
        let mut text = [0; 512];
        let read = self.0.as_ref().map_or(0, |file| file.read_at(&mut text, 0).unwrap_or(0));
        let text = String::from_utf8_lossy(text.get(..read).unwrap_or_default());
        let line = text.lines().find_map(|line| line.strip_prefix("wchar:"));
        line.and_then(|number| number.trim().parse().ok()).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    #[test]
    fn what_a_process_writes_is_counted_by_the_kernel() {
        let own = Written::of(i32::try_from(std::process::id()).unwrap());
        let before = own.bytes();
        File::create("/dev/null").unwrap().write_all(&[0; 5_000]).unwrap();
        assert!(own.bytes() >= before + 5_000);
        assert_eq!(Written::of(-1).bytes(), 0);
    }
}
