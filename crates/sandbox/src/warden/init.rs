//! A box's init: process 1 of its PID namespace, made for one run.
//!
//! It mounts what is the box's own, makes the process that becomes the program, waits for that to
//! end, says how, and ends: everything else in the box dies with it. It shares the warden's memory,
//! which goes on working beside it: from its birth on it makes system calls and nothing else, no
//! allocation, no lock, no panic, nothing that has a thread's own storage.

use std::ffi::CString;
use std::sync::atomic::Ordering;

use super::cell::Cell;
use super::job::{Head, Texts};
use super::program;
use super::protocol::MAX_ATTACH;
use super::template::{OLD_PROC, Staged};
use crate::SetupStep;
use crate::sys::message::MAX_FDS;
use crate::sys::{clone, message, raw};

/// A step that failed, with its errno.
pub(crate) type Step = (SetupStep, i32);

/// What is the same for every box of a warden.
#[derive(Debug)]
pub(crate) struct Plan {
    /// User and group of the program.
    pub uid: u32,
    /// Whether the warden lives in a user namespace of its own.
    pub rootless: bool,
    /// Options of the tmpfs at `/w`, and at `/tmp`.
    pub tmpfs: CString,
    /// Binds below them.
    pub staged: Vec<Staged>,
}

/// One box to be. Init, and after it the program's process, have it for themselves.
#[derive(Debug)]
pub(crate) struct Init {
    pub plan: &'static Plan,
    pub cell: &'static Cell,
    /// The box's end of its socket.
    pub socket: i32,
    /// Writing ends.
    pub stdout: i32,
    pub stderr: i32,
    /// The group to be born into.
    pub into_group: Option<i32>,
    /// The groups to enter, -1 where there is none.
    pub attach: [i32; MAX_ATTACH],
    /// For the program's process until exec.
    pub program_stack: clone::Stack,
    /// The job as it was received.
    pub job: Vec<u8>,
    /// How much of it was received.
    pub job_length: usize,
    /// Pointers to its texts.
    pub pointers: Vec<usize>,
    pub descriptors: [i32; MAX_FDS],
}

/// Where init starts.
pub(crate) extern "C" fn main(init: &mut Init) -> ! {
    if let Err((step, errno)) = live(init) {
        init.cell.fail(step, errno);
    }
    raw::exit(0)
}

fn live(init: &mut Init) -> Result<(), Step> {
    let signal = libc::SIGKILL.unsigned_abs() as usize;
    raw::prctl(libc::PR_SET_PDEATHSIG, signal, 0).map_err(|e| (SetupStep::InitParent, e))?;
    mounts(init.plan)?;
    for group in init.attach.iter().filter(|group| **group >= 0) {
        raw::write(*group, b"0").map_err(|e| (SetupStep::Attach, e))?;
    }
    let (stack, into) = (init.program_stack, init.into_group);
    // Returns when the program runs, or when its process could not become it.
    let program = clone::program(stack, program::main, init, into)
        .map_err(|e| (SetupStep::CloneProgram, e))?;
    let mut cpu = 0;
    let ended = await_end(program, &mut cpu).map_err(|e| (SetupStep::CloneProgram, e))?;
    // At once: of two programs that talk to each other it shows which was first.
    let ended_at = raw::clock_ns(libc::CLOCK_MONOTONIC);
    if init.cell.failure().is_some() {
        return Ok(());
    }
    let full = |path| raw::space(path).is_ok_and(|left| left.blocks == 0 || left.inodes == 0);
    let cell = init.cell;
    cell.disk_full.store(u32::from(full(c"/w") || full(c"/tmp")), Ordering::Relaxed);
    cell.resident_kib.store(ended.resident_kib, Ordering::Relaxed);
    cell.status.store(ended.status, Ordering::Relaxed);
    cell.ended_at.store(ended_at, Ordering::Release);
    end_the_rest(&mut cpu);
    cell.waited_cpu.store(cpu, Ordering::Relaxed);
    collect(init);
    Ok(())
}

/// Kills and reaps what the program has left behind.
fn end_the_rest(cpu: &mut u64) {
    // Whoever is left is init's child by now. Nobody is the usual case, and then nobody is looked
    // for among all processes of the machine, as kill does.
    match raw::wait(-1, libc::__WALL | libc::WNOHANG) {
        Ok(ended) => *cpu += ended.cpu_ns,
        Err(_nobody) => return,
    }
    let _nobody_any_more = raw::kill(-1, libc::SIGKILL);
    loop {
        match raw::wait(-1, libc::__WALL) {
            Ok(ended) => *cpu += ended.cpu_ns,
            Err(libc::EINTR) => {}
            Err(_nobody_left) => return,
        }
    }
}

/// The box's own file systems.
fn mounts(plan: &Plan) -> Result<(), Step> {
    let flags = libc::MS_NOSUID | libc::MS_NODEV | MS_NOSYMFOLLOW;
    for (path, step) in [(c"/w", SetupStep::MountWork), (c"/tmp", SetupStep::MountTmp)] {
        raw::mount(Some(c"box"), path, Some(c"tmpfs"), flags, Some(&plan.tmpfs))
            .map_err(|e| (step, e))?;
    }
    let options = Some(c"hidepid=2,subset=pid");
    // Writable for as long as it takes the program's process to offer itself to the kernel's memory
    // killer; then that process makes it read-only.
    raw::mount(Some(c"proc"), c"/proc", Some(c"proc"), PROC_FLAGS, options)
        .map_err(|e| (SetupStep::MountProc, e))?;
    if plan.rootless {
        raw::umount(OLD_PROC, libc::MNT_DETACH).map_err(|e| (SetupStep::MountProc, e))?;
    }
    if plan.staged.is_empty() {
        return Ok(());
    }
    binds(plan).map_err(|e| (SetupStep::MountBind, e))
}

/// What the box's `/proc` forbids from the beginning.
pub(crate) const PROC_FLAGS: u64 = libc::MS_NOSUID | libc::MS_NODEV | libc::MS_NOEXEC;

/// No symbolic link of a tmpfs is followed, whoever asks.
const MS_NOSYMFOLLOW: u64 = 256;

fn binds(plan: &Plan) -> Result<(), i32> {
    as_program(plan, |plan| {
        for bind in &plan.staged {
            for path in &bind.parents {
                there_already(raw::mkdirat(libc::AT_FDCWD, path, 0o755))?;
            }
            if bind.directory {
                there_already(raw::mkdirat(libc::AT_FDCWD, &bind.to, 0o755))?;
            } else {
                let flags = libc::O_CREAT | libc::O_WRONLY | libc::O_CLOEXEC;
                raw::close(raw::openat(libc::AT_FDCWD, &bind.to, flags, 0o644)?)?;
            }
        }
        Ok::<(), i32>(())
    })?;
    for bind in &plan.staged {
        raw::mount(Some(&bind.from), &bind.to, None, libc::MS_BIND | libc::MS_REC, None)?;
    }
    Ok(())
}

fn there_already(made: Result<i32, i32>) -> Result<(), i32> {
    match made {
        Ok(_) | Err(libc::EEXIST) => Ok(()),
        Err(errno) => Err(errno),
    }
}

/// Does something to files with the program's rights: init has not all of root's.
fn as_program<T>(plan: &Plan, act: impl FnOnce(&Plan) -> T) -> T {
    // These calls cannot fail; they answer with the former id.
    let (_group, _user) = (raw::setfsgid(plan.uid), raw::setfsuid(plan.uid));
    let done = act(plan);
    let (_user, _group) = (raw::setfsuid(0), raw::setfsgid(0));
    done
}

/// Reaps whatever ends until the program does, and adds up its CPU time.
fn await_end(program: i32, cpu: &mut u64) -> Result<raw::Waited, i32> {
    loop {
        match raw::wait(-1, libc::__WALL) {
            Ok(ended) => {
                *cpu += ended.cpu_ns;
                if ended.pid == program {
                    return Ok(ended);
                }
            }
            Err(libc::EINTR) => {}
            Err(errno) => return Err(errno),
        }
    }
}

/// Opens the files that were asked for and sends them to the node, once nobody can change them any
/// more. What goes wrong here shows as a file that is not there.
fn collect(init: &mut Init) {
    let job = init.job.get(..init.job_length).unwrap_or_default();
    let Some((head, mut texts)) = Head::decode(job) else { return };
    if head.collect == 0 || leave_out(&head, &mut texts).is_none() {
        return;
    }
    let work = match raw::openat(libc::AT_FDCWD, c"/w", libc::O_PATH | libc::O_CLOEXEC, 0) {
        Ok(work) => work,
        Err(_impossible) => return,
    };
    let mut found = [0_u8; MAX_FDS];
    let mut count = 0;
    let wanted = usize::try_from(head.collect).unwrap_or(MAX_FDS).min(MAX_FDS);
    as_program(init.plan, |_plan| {
        for mark in found.iter_mut().take(wanted) {
            let Some(path) = texts.next() else { break };
            let opened = raw::open_beneath(work, path);
            if let (Ok(file), Some(slot)) = (opened, init.descriptors.get_mut(count)) {
                (*slot, *mark) = (file, 1);
                count += 1;
            }
        }
    });
    let marks = found.get(..wanted).unwrap_or_default();
    let files = init.descriptors.get(..count).unwrap_or_default();
    // A node that is gone needs no files.
    let _sent = message::send(init.socket, marks, files);
}

/// Leaves out every text before those to collect.
fn leave_out(head: &Head, texts: &mut Texts<'_>) -> Option<()> {
    texts.skip(1)?;
    texts.skip(head.args)?;
    texts.skip(head.env)?;
    texts.skip(head.files)
}
