//! The warden's process: one thread that makes boxes when the node asks.

use std::ffi::CString;

use super::cell::CELLS;
use super::init::{self, Arena, Init, Plan};
use super::job::{MAX_JOB, MAX_TEXTS};
use super::protocol::{
    Answer, At as _, Failure, Hello, MAX_ATTACH, MAX_CONTROL, Prepare, encode_answer,
};
use super::setup;
use crate::SetupStep;
use crate::seccomp::{Install, base_filter, box_filter, install};
use crate::sys::message::{self, MAX_FDS};
use crate::sys::shared::Shared;
use crate::sys::{clone, raw};

/// The control socket: the warden's stdin.
const CONTROL: i32 = 0;
/// A stack for a process that only makes system calls.
const STACK: usize = 64 << 10;

/// Serves until the node closes the control socket; the answer is the process's exit status.
pub(crate) fn main() -> u8 {
    match begin() {
        Ok(served) => u8::from(!served),
        Err(failure) => {
            // A node that is gone needs no answer.
            let _sent = message::send(CONTROL, &encode_answer(&Err(failure)), &[]);
            1
        }
    }
}

fn begin() -> Result<bool, Failure> {
    let mut bytes = vec![0; MAX_CONTROL];
    let mut fds = [-1; MAX_FDS];
    let handshake = |errno| Failure::new(SetupStep::Handshake, errno);
    let received = message::receive(CONTROL, &mut bytes, &mut fds, 0).at(SetupStep::Handshake)?;
    let hello = bytes.get(..received.length).and_then(Hello::decode);
    let hello = hello.ok_or(handshake(libc::EBADMSG))?;
    let [cells, ..] = fds;
    if received.descriptors != 1 {
        return Err(handshake(libc::EBADF));
    }
    let shared = crate::sys::shared::map_received(cells).at(SetupStep::SharedPage)?;
    crate::sys::shared::default_sigpipe().at(SetupStep::Handshake)?;
    let staged = setup::leave_host(&hello)?;
    let how = Install { listener: false, speculation: true };
    install(&base_filter(), how)
        .map_err(|errno| Failure::new(SetupStep::BaseFilter, errno as i32))?;
    let tmpfs = CString::new(format!(
        "mode=0700,uid={0},gid={0},size={1},nr_inodes={2}",
        hello.uid, hello.disk, hello.disk_files
    ))
    .map_err(|_nul| handshake(libc::EINVAL))?;
    let filter = box_filter();
    let plan = Plan {
        uid: hello.uid,
        rootless: hello.rootless,
        tmpfs: &tmpfs,
        staged: &staged,
        filter: &filter,
    };
    let mut arena = Arena {
        init_stack: vec![0; STACK],
        program_stack: vec![0; STACK],
        job: vec![0; MAX_JOB],
        pointers: vec![0; MAX_TEXTS + 2],
    };
    message::send(CONTROL, &encode_answer(&Ok(std::process::id())), &[])
        .at(SetupStep::Handshake)?;
    Ok(serve(&plan, &shared, &mut arena))
}

/// Makes boxes until the node is gone; whether it said so by closing the socket.
fn serve(plan: &Plan<'_>, shared: &Shared, arena: &mut Arena) -> bool {
    let mut fds = [-1; MAX_FDS];
    let mut bytes = [0; Prepare::LENGTH];
    loop {
        let Ok(received) = message::receive(CONTROL, &mut bytes, &mut fds, 0) else { return false };
        reap();
        if received.length == 0 {
            return true;
        }
        let given = fds.get(..received.descriptors).unwrap_or_default();
        let answer = Prepare::decode(bytes.get(..received.length).unwrap_or_default())
            .ok_or(Failure::new(SetupStep::Handshake, libc::EBADMSG))
            .and_then(|prepare| make(plan, shared, arena, prepare, given));
        for fd in given {
            // They are init's now.
            let _closed = raw::close(*fd);
        }
        let sent = match answer {
            Ok(born) => {
                let answer: Answer = Ok(born.pid.unsigned_abs());
                let sent = message::send(CONTROL, &encode_answer(&answer), &[born.pidfd]);
                let _closed = raw::close(born.pidfd);
                sent
            }
            Err(failure) => message::send(CONTROL, &encode_answer(&Err(failure)), &[]),
        };
        if sent.is_err() {
            return false;
        }
    }
}

/// Collects inits that have ended.
fn reap() {
    while raw::wait(-1, libc::WNOHANG | libc::__WALL).is_ok_and(|ended| ended.pid != 0) {}
}

fn make(
    plan: &Plan<'_>,
    shared: &Shared,
    arena: &mut Arena,
    prepare: Prepare,
    fds: &[i32],
) -> Result<clone::Born, Failure> {
    let bad = Failure::new(SetupStep::Handshake, libc::EBADMSG);
    let [socket, stdout, stderr, groups @ ..] = fds else { return Err(bad) };
    let (into_group, attach) = match (prepare.into_group, groups) {
        (true, [into, rest @ ..]) => (Some(*into), rest),
        (true, []) => return Err(bad),
        (false, rest) => (None, rest),
    };
    if attach.len() > MAX_ATTACH || usize::from(prepare.cell) >= CELLS {
        return Err(bad);
    }
    let cell = shared.cell(prepare.cell.into()).ok_or(bad)?;
    let mut init = Init {
        plan,
        cell,
        socket: *socket,
        stdout: *stdout,
        stderr: *stderr,
        into_group,
        attach: [-1; MAX_ATTACH],
        program_stack: &mut arena.program_stack,
        job: &mut arena.job,
        job_length: 0,
        pointers: &mut arena.pointers,
        descriptors: [-1; MAX_FDS],
    };
    for (slot, group) in init.attach.iter_mut().zip(attach) {
        *slot = *group;
    }
    clone::init(&mut arena.init_stack, init::main, &mut init).at(SetupStep::CloneInit)
}
