//! Starting a warden: the executable, its one socket, its first message.

use std::io;
use std::os::fd::{AsFd as _, AsRawFd as _, OwnedFd};
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use nix::sys::socket::{AddressFamily, SockFlag, SockType, socketpair};

use super::cores::SlotCores;
use crate::sys::message;
use crate::sys::shared::Shared;
use crate::warden::protocol::{Hello, VERB};
use crate::{SandboxError, blob};

/// Whether the running executable answers to [`VERB`].
static ANNOUNCED: AtomicBool = AtomicBool::new(false);

/// Where a warden comes from and where it works.
#[derive(Debug, Clone)]
pub(crate) struct Places {
    pub executable: PathBuf,
    pub cores: SlotCores,
}

/// Call this first in `main` of a program that uses [`crate::Sandbox`]: when the program was started
/// to be a warden this never returns; otherwise it notes that the program can be.
pub fn announce_warden_verb() {
    if std::env::args_os().nth(1).is_some_and(|argument| argument == VERB) {
        warden_main();
    }
    ANNOUNCED.store(true, Ordering::Relaxed);
}

/// The warden's process: serves the node at the other end of stdin, and exits.
#[expect(clippy::exit, reason = "a warden has no main to return to")]
pub fn warden_main() -> ! {
    std::process::exit(i32::from(crate::warden::serve::main()))
}

/// This program when it has announced the verb, else a sibling `minos-warden`.
pub(crate) fn find_executable() -> Result<PathBuf, SandboxError> {
    if ANNOUNCED.load(Ordering::Relaxed) {
        return Ok(PathBuf::from("/proc/self/exe"));
    }
    let own = std::env::current_exe()
        .map_err(|error| SandboxError::os("find this program's executable", error))?;
    let mut looked_at = own.with_file_name(VERB);
    for directory in own.ancestors().skip(1).take(2) {
        looked_at = directory.join(VERB);
        if looked_at.is_file() {
            return Ok(looked_at);
        }
    }
    Err(SandboxError::NoWarden { looked_at })
}

/// A warden's process as its maker has it.
#[derive(Debug)]
pub(crate) struct Started {
    pub child: Child,
    pub control: OwnedFd,
    pub shared: Arc<Shared>,
}

/// A pair of connected sequenced-packet sockets.
pub(crate) fn packets() -> Result<(OwnedFd, OwnedFd), SandboxError> {
    socketpair(AddressFamily::Unix, SockType::SeqPacket, None, SockFlag::SOCK_CLOEXEC)
        .map_err(|errno| SandboxError::os("make a socket pair", errno))
}

/// Starts the process and sends it the first message. It dies with the calling thread.
pub(crate) fn start(places: &Places, hello: &Hello) -> Result<Started, SandboxError> {
    let (control, theirs) = packets()?;
    let (shared, file) = cells()?;
    let child = Command::new(&places.executable)
        .arg0(VERB)
        .arg(VERB)
        .env_clear()
        .stdin(Stdio::from(theirs))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| SandboxError::os("start the warden", error))?;
    let mut started = Started { child, control, shared: Arc::new(shared) };
    match message::send(started.control.as_raw_fd(), &hello.encode(), &[file.as_raw_fd()]) {
        Ok(()) => Ok(started),
        Err(errno) => {
            started.end();
            Err(SandboxError::os("greet the warden", io::Error::from_raw_os_error(errno)))
        }
    }
}

impl Started {
    /// Ends the process and everything it has made, and reaps it.
    pub(crate) fn end(&mut self) {
        // It may have ended already; then there is nothing to kill, only to reap.
        let _gone = self.child.kill();
        let _reaped = self.child.wait();
    }
}

fn cells() -> Result<(Shared, OwnedFd), SandboxError> {
    let failed =
        |error: io::Error| SandboxError::os("make the cells shared with the warden", error);
    let file = blob::unsealed().map_err(failed)?;
    file.set_len(Shared::LENGTH as u64).map_err(failed)?;
    let seals = nix::fcntl::SealFlag::F_SEAL_SHRINK | nix::fcntl::SealFlag::F_SEAL_GROW;
    nix::fcntl::fcntl(&file, nix::fcntl::FcntlArg::F_ADD_SEALS(seals))
        .map_err(|errno| failed(errno.into()))?;
    let shared = Shared::map(file.as_fd()).map_err(failed)?;
    Ok((shared, file.into()))
}
