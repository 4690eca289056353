//! The directory of one life of a node in one hierarchy, and what is left of earlier lives.

use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg};

use super::CgroupError;
use super::file::failed;

/// What the directories of all lives begin with.
pub(super) const PREFIX: &str = "minos-";
/// What the directories that hold a node's own processes (v2) begin with.
pub(super) const LEAF_PREFIX: &str = "minos-node-";
/// A base is not searched deeper than the boxes of one life.
const MOST_LEFTOVERS: usize = 4_096;

/// This process by PID and start time, which no other process of this boot has.
pub(super) fn own_tag() -> String {
    let pid = std::process::id();
    // The 22nd field, counted from behind the name, which may contain anything.
    let started = std::fs::read_to_string("/proc/self/stat")
        .ok()
        .and_then(|text| {
            let (_name, fields) = text.rsplit_once(')')?;
            fields.split_whitespace().nth(19).map(str::to_owned)
        })
        .unwrap_or_else(|| "0".to_owned());
    format!("{pid}-{started}")
}

/// Proof that a life is alive: the kernel lets go of it when the last descriptor is closed, however
/// the process ends. Children do not have it (it is closed on exec).
#[derive(Debug)]
pub(super) struct Lock {
    _held: Flock<OwnedFd>,
}

impl Lock {
    /// Locks a directory; `None` when somebody else has.
    pub(super) fn take(directory: &Path) -> Result<Option<Self>, CgroupError> {
        let hint = "the control group file system must allow locks on directories";
        let opened = File::open(directory)
            .map_err(|source| failed("open", directory, source, "it was removed meanwhile"))?;
        match Flock::lock(OwnedFd::from(opened), FlockArg::LockExclusiveNonblock) {
            Ok(held) => Ok(Some(Self { _held: held })),
            Err((_file, Errno::EWOULDBLOCK)) => Ok(None),
            Err((_file, errno)) => Err(failed("lock", directory, errno.into(), hint)),
        }
    }
}

/// Makes a directory; one that is there already is as good.
pub(super) fn make(directory: &Path) -> Result<(), CgroupError> {
    match std::fs::create_dir(directory) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(source) => {
            let hint = "is the tree mounted writable, and does this user own the group? \
                        in a container: --cgroupns host and /sys/fs/cgroup mounted rw";
            Err(failed("make", directory, source, hint))
        }
    }
}

/// Directories below `base` that lives have left or still have.
pub(super) fn lives(base: &Path) -> Vec<PathBuf> {
    children(base, |name| name.starts_with(PREFIX) && !name.starts_with(LEAF_PREFIX))
}

/// Removes a life's directory with the boxes in it, killing whatever still lives there (v1 and v2):
/// how many processes that were. The children are groups of our own: a box cannot make any.
pub(super) fn remove_tree(life: &Path) -> io::Result<usize> {
    let mut killed = 0;
    for group in children(life, |_any| true) {
        killed += end(&group);
        std::fs::remove_dir(&group)?;
    }
    std::fs::remove_dir(life)?;
    Ok(killed)
}

/// Removes the leaves of nodes that are gone; one with a process in it stays by itself (`EBUSY`).
pub(super) fn remove_empty_leaves(base: &Path) {
    for leaf in children(base, |name| name.starts_with(LEAF_PREFIX)) {
        let _in_use = std::fs::remove_dir(leaf);
    }
}

/// Ends what is alive in a group of a dead life; says how many processes there were.
fn end(group: &Path) -> usize {
    let alive = std::fs::read_to_string(group.join("cgroup.procs")).unwrap_or_default();
    if std::fs::write(group.join("cgroup.kill"), "1").is_err() {
        kill_listed(group);
    }
    // Dying takes a moment; `rmdir` says when it is over.
    for _attempt in 0..200 {
        match std::fs::read_to_string(group.join("cgroup.procs")) {
            Ok(list) if !list.trim().is_empty() => pause(),
            _ => break,
        }
    }
    alive.lines().count()
}

/// One signal to every process listed in a group.
pub(super) fn kill_listed(group: &Path) {
    let list = std::fs::read_to_string(group.join("cgroup.procs")).unwrap_or_default();
    for pid in list.lines().filter_map(|line| line.parse::<i32>().ok()).filter(|pid| *pid > 1) {
        // It may be gone by now.
        let _gone =
            nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), nix::sys::signal::SIGKILL);
    }
}

/// Five milliseconds for the kernel to reap.
fn pause() {
    let _interrupted = nix::poll::poll(&mut [], nix::poll::PollTimeout::from(5_u8));
}

fn children(directory: &Path, wanted: impl Fn(&str) -> bool) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(directory) else { return Vec::new() };
    entries
        .filter_map(Result::ok)
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
        .filter(|entry| entry.file_name().to_str().is_some_and(&wanted))
        .map(|entry| entry.path())
        .take(MOST_LEFTOVERS)
        .collect()
}
