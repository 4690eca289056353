//! The warden's own set-up: once per slot, far from any run.

use std::fs;

use super::protocol::{At as _, Failure, Hello};
use super::template::{self, Staged};
use crate::SetupStep;
use crate::sys::raw;

/// What the warden needs to make boxes and to tidy up after them, by number: `DAC_READ_SEARCH`,
/// `KILL`, `SETGID`, `SETUID`, `SETPCAP`, `SYS_ADMIN`, `SYS_RESOURCE`.
const NEEDED: u64 = 1 << 2 | 1 << 5 | 1 << 6 | 1 << 7 | 1 << 8 | 1 << 21 | 1 << 24;

/// Resource limits that are the same for every program, which inherits them.
const NOTHING_OF: [u32; 5] = [
    libc::RLIMIT_CORE,
    libc::RLIMIT_MEMLOCK,
    libc::RLIMIT_MSGQUEUE,
    libc::RLIMIT_RTPRIO,
    libc::RLIMIT_NICE,
];

/// Leaves the host: namespaces, tree, filter, capabilities.
pub(crate) fn leave_host(hello: &Hello) -> Result<Vec<Staged>, Failure> {
    die_with(hello.node)?;
    // No terminal: every box's process group is one of this session's.
    nix::unistd::setsid().map_err(|errno| Failure::new(SetupStep::Session, errno as i32))?;
    if hello.rootless {
        if hello.limited_by_user {
            no_root(hello.uid)?;
        }
        own_user_namespace(hello.uid)?;
        die_with(hello.node)?;
    }
    let kinds = libc::CLONE_NEWNS | libc::CLONE_NEWNET | libc::CLONE_NEWIPC | libc::CLONE_NEWUTS;
    raw::unshare(kinds).at(SetupStep::Namespaces)?;
    // A name of its own, so that the host's is not told; nothing depends on it.
    let _kept = nix::unistd::sethostname("box");
    let staged = template::build(&hello.binds, hello.uid, hello.rootless)?;
    // Making a box is many short steps in several processes: behind a busy program each of them
    // would wait for a time slice. Where that is not allowed boxes only take longer to be ready.
    let _ordinary_will_do = raw::realtime();
    for resource in NOTHING_OF {
        raw::limit(resource, 0, 0).at(SetupStep::Rlimit)?;
    }
    if !hello.rootless {
        raw::setgroups_none().at(SetupStep::User)?;
    }
    bounding_set()?;
    let effective = raw::capabilities().at(SetupStep::Capabilities)?;
    raw::set_capabilities(effective & NEEDED).at(SetupStep::Capabilities)?;
    Ok(staged)
}

/// Ends with the node, even if it ends right now.
fn die_with(node: u32) -> Result<(), Failure> {
    let signal = libc::SIGKILL.unsigned_abs() as usize;
    raw::prctl(libc::PR_SET_PDEATHSIG, signal, 0).at(SetupStep::Parent)?;
    if nix::unistd::getppid().as_raw().cast_unsigned() == node {
        Ok(())
    } else {
        Err(Failure::new(SetupStep::Parent, libc::ESRCH))
    }
}

/// No capability can come back by exec, neither here nor in anything that is born here: nothing of
/// the warden's execs with privileges. Without `CAP_SETPCAP` the set stays, and `no_new_privs` alone
/// sees to that.
fn bounding_set() -> Result<(), Failure> {
    for capability in 0..64 {
        match raw::prctl(libc::PR_CAPBSET_DROP, capability, 0) {
            Ok(_) => {}
            Err(libc::EINVAL | libc::EPERM) => break,
            Err(errno) => return Err(Failure::new(SetupStep::BoundingSet, errno)),
        }
    }
    Ok(())
}

/// Root without the right to mount becomes the slot's user before it makes a user namespace: no
/// limit on processes binds the machine's root, wherever it is. (One that is root only inside of a
/// user namespace is somebody else outside, whom the limit binds.)
fn no_root(uid: u32) -> Result<(), Failure> {
    let map = fs::read_to_string("/proc/self/uid_map").unwrap_or_default();
    let outside = map.split_whitespace().nth(1);
    if !nix::unistd::geteuid().is_root() || outside.is_some_and(|id| id != "0") {
        return Ok(());
    }
    let step = SetupStep::UserNamespace;
    let subject = "root without CAP_SYS_ADMIN, CAP_SETUID and CAP_SETGID";
    raw::setgroups_none().about(step, subject)?;
    raw::setresgid(uid).about(step, subject)?;
    raw::setresuid(uid).about(step, subject)?;
    // The kernel takes away the process's own /proc files with the user, and the signal of its
    // parent's death.
    raw::prctl(libc::PR_SET_DUMPABLE, 1, 0).at(step)?;
    Ok(())
}

/// A user namespace in which this process may do what a box takes. Its only user is the box's; on
/// the outside it is the node's own.
fn own_user_namespace(uid: u32) -> Result<(), Failure> {
    let step = SetupStep::UserNamespace;
    let (user, group) = (nix::unistd::geteuid(), nix::unistd::getegid());
    raw::unshare(libc::CLONE_NEWUSER).at(step)?;
    fs::write("/proc/self/setgroups", "deny").about(step, "/proc/self/setgroups")?;
    fs::write("/proc/self/uid_map", format!("{uid} {user} 1")).about(step, "/proc/self/uid_map")?;
    fs::write("/proc/self/gid_map", format!("{uid} {group} 1")).about(step, "/proc/self/gid_map")
}
