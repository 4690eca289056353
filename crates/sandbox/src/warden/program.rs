//! The process that becomes the program: process 2 of its box.
//!
//! Whatever does not depend on the job is done ahead; then it waits for the one message that makes
//! it the program. It shares the memory of init, which sleeps meanwhile, and of the warden, which
//! does not, until exec: no allocation, no lock, no panic.

use std::sync::atomic::Ordering;

use super::init::{Init, PROC_FLAGS, Plan, Step};
use super::job::{DIRECT_STDERR, DIRECT_STDOUT, Head, Texts};
use crate::SetupStep;
use crate::sys::landlock;
use crate::sys::message;
use crate::sys::raw;

/// Where the box's socket is moved, out of the way of the descriptors a job brings.
const SOCKET: i32 = 900;
/// The kernel kills the program, not its init, when the box is out of memory.
const OOM_FIRST: &[u8] = b"1000";

/// Where the program's process starts.
pub(crate) extern "C" fn main(init: &mut Init) -> ! {
    let Err((step, errno)) = become_program(init);
    init.cell.fail(step, errno);
    raw::exit(127)
}

/// There is no value of this: the program has taken over.
enum Never {}

fn become_program(init: &mut Init) -> Result<Never, Step> {
    let socket = descriptors(init)?;
    no_privileges(init.plan)?;
    message::send(socket, b"R", &[]).map_err(|e| (SetupStep::Ready, e))?;
    let received = message::receive(socket, &mut init.job, &mut init.descriptors, 0)
        .map_err(|e| (SetupStep::Job, e))?;
    if received.length == 0 {
        // The node has thrown the box away.
        raw::exit(0)
    }
    // Not earlier: one that can be preempted may not sleep yet when the node moves it to the slot's
    // core, and would then run there in the middle of another program.
    raw::batch().map_err(|e| (SetupStep::Priority, e))?;
    init.job_length = received.length;
    start(init, received.descriptors)
}

/// 0, 1 and 2 in place, the socket out of the way, nothing else open.
fn descriptors(init: &Init) -> Result<i32, Step> {
    // The warden's session has no terminal; a session of its own would cost 18 us and a group of
    // the scheduler's.
    raw::own_process_group().map_err(|e| (SetupStep::Session, e))?;
    let at = |answer: Result<i32, i32>| answer.map_err(|e| (SetupStep::Descriptors, e));
    let socket = at(raw::dup_above(init.socket, SOCKET))?;
    at(raw::dup3(init.stdout, 1, 0))?;
    at(raw::dup3(init.stderr, 2, 0))?;
    at(raw::close_between(3, socket.unsigned_abs().saturating_sub(1)))?;
    at(raw::close_between(socket + 1, u32::MAX))?;
    // 0 stays the warden's control socket until the job's stdin takes its place: every job has one.
    Ok(socket)
}

fn no_privileges(plan: &Plan) -> Result<(), Step> {
    let flags = libc::O_WRONLY | libc::O_CLOEXEC;
    if let Ok(file) = raw::openat(libc::AT_FDCWD, c"/proc/self/oom_score_adj", flags, 0) {
        // Without it the program is still the largest process of its group.
        let _best_effort = raw::write(file, OOM_FIRST);
        raw::close(file).map_err(|e| (SetupStep::Descriptors, e))?;
    }
    let read_only = PROC_FLAGS | libc::MS_REMOUNT | libc::MS_BIND | libc::MS_RDONLY;
    raw::mount(None, c"/proc", None, read_only, None).map_err(|e| (SetupStep::MountProc, e))?;
    raw::umask(0o077).map_err(|e| (SetupStep::User, e))?;
    let user = |answer: Result<i32, i32>| answer.map_err(|e| (SetupStep::User, e));
    user(raw::setresgid(plan.uid))?;
    user(raw::setresuid(plan.uid))?;
    raw::drop_capabilities().map_err(|e| (SetupStep::DropCapabilities, e))?;
    raw::chdir(c"/w").map_err(|e| (SetupStep::WorkDirectory, e))?;
    raw::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0).map_err(|e| (SetupStep::NoNewPrivileges, e))?;
    Ok(())
}

/// Everything that depends on the job.
fn start(init: &mut Init, received: usize) -> Result<Never, Step> {
    let cpu_before = raw::clock_ns(libc::CLOCK_PROCESS_CPUTIME_ID);
    let bad = (SetupStep::Job, libc::EBADMSG);
    let job = init.job.get(..init.job_length).ok_or(bad)?;
    let (head, mut texts) = Head::decode(job).ok_or(bad)?;
    let path = texts.next().ok_or(bad)?;
    let block = texts.0;
    texts.skip(head.args).and_then(|()| texts.skip(head.env)).ok_or(bad)?;
    let fds = init.descriptors.get(..received).ok_or(bad)?;
    let (own, mut rest) = fds.split_at_checked(head.descriptors as usize).ok_or(bad)?;
    let mut next = || {
        let (first, others) = rest.split_first()?;
        rest = others;
        Some(*first)
    };
    hand_over(own, &head, &mut next)?;
    let executable = if head.blob == 1 { Some(next().ok_or(bad)?) } else { None };
    files(head.files, &mut texts, &mut next)?;
    if head.read_only == 1 {
        read_only().map_err(|e| (SetupStep::ReadOnly, e))?;
    }
    // Last, so that they bound the program and not the copying of its files.
    limits(&head)?;
    let first_free = 3 + i32::try_from(own.len()).map_err(|_too_many| bad)?;
    raw::cloexec_from(first_free).map_err(|e| (SetupStep::JobDescriptors, e))?;
    // The listener's socket and init's memory stay behind: exec closes the one and leaves the other.
    let cpu_after = raw::clock_ns(libc::CLOCK_PROCESS_CPUTIME_ID);
    init.cell.copy_cpu.store(cpu_after.saturating_sub(cpu_before), Ordering::Relaxed);
    init.cell.born_cpu.store(cpu_after, Ordering::Relaxed);
    init.cell.exec_at.store(raw::clock_ns(libc::CLOCK_MONOTONIC), Ordering::Release);
    let errno = raw::exec(executable, path, block, [head.args, head.env], &mut init.pointers);
    init.cell.exec_at.store(0, Ordering::Release);
    Err((SetupStep::Exec, errno))
}

fn limits(head: &Head) -> Result<(), Step> {
    let rows = [
        // SIGXCPU at the soft value is a second of warning nobody needs: both are the same.
        (libc::RLIMIT_CPU, head.cpu),
        (libc::RLIMIT_FSIZE, head.file_size),
        (libc::RLIMIT_STACK, head.stack),
        (libc::RLIMIT_NOFILE, head.open_files),
        (libc::RLIMIT_NPROC, head.processes),
    ];
    for (resource, value) in rows.into_iter().filter(|(_, value)| *value != u64::MAX) {
        raw::limit(resource, value, value).map_err(|e| (SetupStep::JobRlimit, e))?;
    }
    Ok(())
}

/// stdin in its place; the program's own descriptors, which came as 3, 4, ..., survive exec.
fn hand_over(own: &[i32], head: &Head, next: &mut impl FnMut() -> Option<i32>) -> Result<(), Step> {
    let at = |answer: Result<i32, i32>| answer.map_err(|e| (SetupStep::JobDescriptors, e));
    let places =
        [(0, true), (1, head.direct & DIRECT_STDOUT != 0), (2, head.direct & DIRECT_STDERR != 0)];
    for (place, _) in places.iter().filter(|(_, comes)| *comes) {
        let fd = next().ok_or((SetupStep::Job, libc::EBADMSG))?;
        at(raw::dup3(fd, *place, 0))?;
    }
    for (fd, expected) in own.iter().zip(3..) {
        if *fd != expected {
            return Err((SetupStep::JobDescriptors, libc::EBADF));
        }
        at(raw::keep_over_exec(*fd))?;
    }
    Ok(())
}

/// Makes the job's directories and files in `/w`, in order.
fn files(
    count: u32,
    texts: &mut Texts<'_>,
    next: &mut impl FnMut() -> Option<i32>,
) -> Result<(), Step> {
    let bad = (SetupStep::Job, libc::EBADMSG);
    for _ in 0..count {
        let text = texts.next().ok_or(bad)?;
        let kind = text.to_bytes().first().ok_or(bad)?;
        let path = text.to_bytes_with_nul().get(1..).ok_or(bad)?;
        let path = std::ffi::CStr::from_bytes_with_nul(path).map_err(|_cut| bad)?;
        let made = match kind {
            b'd' => match raw::mkdirat(libc::AT_FDCWD, path, 0o700) {
                Err(libc::EEXIST) => Ok(()),
                other => other.map(|_made| ()),
            },
            b'x' => copy(next().ok_or(bad)?, path, 0o700),
            _file => copy(next().ok_or(bad)?, path, 0o600),
        };
        made.map_err(|errno| (SetupStep::File, errno))?;
    }
    Ok(())
}

/// Leaves the program `/tmp` and its devices to write to. A kernel without Landlock has the
/// directory's own bits to keep honest programs from it, which one that tries could set again.
fn read_only() -> Result<(), i32> {
    match landlock::change_nothing_but(&[c"/tmp", c"/dev"]) {
        Err(libc::ENOSYS | libc::EOPNOTSUPP) => raw::chmod(c"/w", 0o500).map(|_changed| ()),
        other => other,
    }
}

fn copy(from: i32, path: &std::ffi::CStr, mode: u32) -> Result<(), i32> {
    let flags = libc::O_CREAT | libc::O_EXCL | libc::O_WRONLY | libc::O_NOFOLLOW | libc::O_CLOEXEC;
    let to = raw::openat(libc::AT_FDCWD, path, flags, mode)?;
    while raw::sendfile(to, from, 1 << 30)? > 0 {}
    raw::close(to)?;
    raw::close(from)?;
    Ok(())
}
