//! A box from the node's side: how it is prepared ahead, and what is held of it.

use std::io;
use std::os::fd::{AsFd, AsRawFd as _, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::time::{Duration, Instant};

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{setsockopt, sockopt};
use nix::unistd::pipe2;

use super::cores::pin;
use super::spawn::{self, Started};
use crate::cgroup::Group;
use crate::sys::message::{self, MAX_FDS};
use crate::sys::node;
use crate::sys::shared::{Shared, owned};
use crate::warden::cell::Cell;
use crate::warden::protocol::{Prepare, decode_answer};
use crate::{SandboxError, SetupStep};

/// How long the warden, or an init, may take for anything it is asked.
pub(crate) const DEADLINE: Duration = Duration::from_secs(10);
/// Room in a box's stdout and stderr pipes: a burst of output does not stop the program at once.
const PIPE: i32 = 256 << 10;

/// A box that waits for its job, or runs it.
#[derive(Debug)]
pub(crate) struct Prepared {
    /// Its cell's number.
    pub index: usize,
    pub shared: Arc<Shared>,
    pub group: Group,
    /// The node's end of its socket: the job goes in, collected files come out.
    pub socket: OwnedFd,
    pub stdout: Pipe,
    pub stderr: Pipe,
    /// Readable once init, and with it everything in the box, has ended.
    pub init: OwnedFd,
    /// Readable when the program has made a call that ends the run: the warden's, for all of its
    /// boxes, of which one has a program that runs.
    pub listener: Arc<OwnedFd>,
    /// The first process, as this process numbers it; it is alive until init says otherwise.
    pub program: i32,
    /// Keeps the box's mount namespace, so that its end does not fall to init's exit, which the run
    /// waits for, but to the housekeeping thread. Older kernels do without.
    _mounts: Option<OwnedFd>,
}

/// A pipe whose writing end the node keeps as well: no hang-up wakes the reader.
#[derive(Debug)]
pub(crate) struct Pipe {
    /// Does not wait.
    pub read: OwnedFd,
    write: OwnedFd,
}

impl Pipe {
    fn new() -> Result<Self, SandboxError> {
        let failed = |errno| SandboxError::os("make a pipe", errno);
        let (read, write) = pipe2(OFlag::O_CLOEXEC).map_err(failed)?;
        fcntl(&read, FcntlArg::F_SETFL(OFlag::O_NONBLOCK)).map_err(failed)?;
        // A smaller pipe works as well.
        let _default_size = fcntl(&read, FcntlArg::F_SETPIPE_SZ(PIPE));
        Ok(Self { read, write })
    }
}

impl Prepared {
    /// What the box says without a message.
    pub(crate) fn cell(&self) -> &Cell {
        self.shared.cell(self.index).expect("the index is below CELLS, as `Maker` counts")
    }
}

/// Makes boxes with the help of a warden.
#[derive(Debug)]
pub(crate) struct Maker {
    pub started: Started,
    pub listener: Arc<OwnedFd>,
    pub next: usize,
}

impl Maker {
    /// Has the warden make one box, and waits until it waits for its job.
    pub(crate) fn prepare(
        &mut self,
        mut group: Group,
        cores: &super::cores::SlotCores,
    ) -> Result<Prepared, SandboxError> {
        let index = self.next;
        self.next = (index + 1) % crate::warden::cell::CELLS;
        let (socket, theirs) = spawn::packets()?;
        setsockopt(&socket, sockopt::PassCred, &true)
            .map_err(|errno| SandboxError::os("ask a socket for credentials", errno))?;
        let (stdout, stderr) = (Pipe::new()?, Pipe::new()?);
        let cell = self
            .started
            .shared
            .cell(index)
            .expect("the index is below CELLS: it is counted modulo");
        cell.clear();
        let ask = Prepare {
            cell: u8::try_from(index).unwrap_or(u8::MAX),
            into_group: group.into_fd().is_some(),
        };
        let given: Vec<i32> = [theirs.as_fd(), stdout.write.as_fd(), stderr.write.as_fd()]
            .into_iter()
            .chain(group.into_fd())
            .chain(group.attach_fds())
            .map(|fd| fd.as_raw_fd())
            .collect();
        let control = self.started.control.as_fd();
        message::send(control.as_raw_fd(), &ask.encode(), &given).map_err(gone)?;
        drop(theirs);
        // One wake for both answers: when the box speaks, or hangs up, the warden has spoken before.
        wait(&mut [PollFd::new(socket.as_fd(), PollFlags::POLLIN)], "a box to be prepared")?;
        let (init, pid) = answered(control)?;
        group.watch(pid);
        let program = ready(&socket, &init, cell)?;
        let mounts = node::mount_namespace(init.as_fd()).ok();
        group.mark()?;
        // Last: by now both sleep, and who sleeps need not be moved.
        let held = i32::try_from(pid).unwrap_or(0);
        for process in [held, program].into_iter().filter(|process| *process > 0) {
            pin(process, cores.run.as_ref());
        }
        let shared = Arc::clone(&self.started.shared);
        Ok(Prepared {
            index,
            shared,
            group,
            socket,
            stdout,
            stderr,
            init,
            listener: Arc::clone(&self.listener),
            program,
            _mounts: mounts,
        })
    }
}

/// The warden does not answer any more.
fn gone(errno: i32) -> SandboxError {
    SandboxError::os("talk to the warden", io::Error::from_raw_os_error(errno))
}

/// The warden's answer to a request for a box: a pidfd of init and its id.
fn answered(control: BorrowedFd<'_>) -> Result<(OwnedFd, u32), SandboxError> {
    let (answer, descriptor) = answer(control)?;
    let pid = answer.map_err(SandboxError::from)?;
    let init = descriptor.ok_or_else(|| gone(libc::EBADMSG))?;
    Ok((init, pid))
}

/// One answer of the warden's, with at most one descriptor, within the deadline.
pub(crate) fn answer(
    control: BorrowedFd<'_>,
) -> Result<(crate::warden::protocol::Answer, Option<OwnedFd>), SandboxError> {
    wait(&mut [PollFd::new(control, PollFlags::POLLIN)], "the warden's answer")?;
    let mut bytes = vec![0; 16 << 10];
    let mut fds = [-1; MAX_FDS];
    let received = message::receive(control.as_raw_fd(), &mut bytes, &mut fds, libc::MSG_DONTWAIT)
        .map_err(gone)?;
    if received.length == 0 {
        return Err(gone(libc::EPIPE));
    }
    let mut descriptors = take_all(&fds, received.descriptors).into_iter();
    let answer = decode_answer(bytes.get(..received.length).unwrap_or_default());
    Ok((answer.ok_or_else(|| gone(libc::EBADMSG))?, descriptors.next()))
}

/// Every descriptor of a message, owned.
pub(crate) fn take_all(fds: &[i32; MAX_FDS], count: usize) -> Vec<OwnedFd> {
    fds.iter().take(count).filter_map(|fd| owned(*fd).ok()).collect()
}

/// The program's process, which says when it waits for a job.
fn ready(socket: &OwnedFd, init: &OwnedFd, cell: &Cell) -> Result<i32, SandboxError> {
    let mut bytes = [0; 1];
    let mut fds = [-1; MAX_FDS];
    let received = message::receive(socket.as_raw_fd(), &mut bytes, &mut fds, libc::MSG_DONTWAIT);
    if let Ok(received) = received
        && received.length == 1
    {
        return Ok(received.sender);
    }
    // The socket may close a moment before init has ended and written why.
    wait(&mut [PollFd::new(init.as_fd(), PollFlags::POLLIN)], "a failed box to end")?;
    Err(failed(cell, None, SetupStep::Ready))
}

/// What a box's cell says of its failure.
pub(crate) fn failed(cell: &Cell, subject: Option<String>, unknown: SetupStep) -> SandboxError {
    let (number, errno) = cell.failure().unwrap_or((0, libc::ESRCH));
    SandboxError::setup(SetupStep::from_number(number).unwrap_or(unknown), errno, subject)
}

/// Waits until one of them is readable, within the deadline.
pub(crate) fn wait(fds: &mut [PollFd<'_>], what: &'static str) -> Result<(), SandboxError> {
    let end = Instant::now() + DEADLINE;
    loop {
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(SandboxError::Deadline { what, seconds: DEADLINE.as_secs() });
        }
        let timeout = PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX);
        match poll(fds, timeout) {
            Ok(0) | Err(nix::errno::Errno::EINTR) => {}
            Ok(_ready) => return Ok(()),
            Err(errno) => return Err(SandboxError::os("wait for the warden", errno)),
        }
    }
}
