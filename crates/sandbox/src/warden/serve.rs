//! The warden's process: one thread that makes boxes when the node asks.

use std::ffi::CString;

use super::cell::CELLS;
use super::init::{self, Init, Plan};
use super::job::{MAX_JOB, MAX_TEXTS};
use super::protocol::{
    Answer, At as _, Failure, Hello, MAX_ATTACH, MAX_CONTROL, Prepare, encode_answer,
};
use super::setup;
use crate::SetupStep;
use crate::seccomp::{Install, filter, install};
use crate::sys::clone::{Berth, Born, Stack};
use crate::sys::message::{self, MAX_FDS};
use crate::sys::raw;
use crate::sys::shared::Shared;
use crate::sys::slim::Diet;

/// The control socket: the warden's stdin.
const CONTROL: i32 = 0;
/// A stack for a process that only makes system calls.
const STACK: usize = 64 << 10;

/// After so many boxes everything that makes them has been used.
const WARM: u32 = 8;

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
    let diet = Diet::begin();
    let mut bytes = vec![0; MAX_CONTROL];
    let mut fds = [-1; MAX_FDS];
    let handshake = |errno| Failure::new(SetupStep::Handshake, errno);
    let received = message::receive(CONTROL, &mut bytes, &mut fds, 0).at(SetupStep::Handshake)?;
    let hello = bytes.get(..received.length).and_then(Hello::decode);
    let hello = hello.ok_or_else(|| handshake(libc::EBADMSG))?;
    let [cells, ..] = fds;
    if received.descriptors != 1 {
        return Err(handshake(libc::EBADF));
    }
    let shared = crate::sys::shared::map_received(cells).at(SetupStep::SharedPage)?;
    crate::sys::shared::default_sigpipe().at(SetupStep::Handshake)?;
    let staged = setup::leave_host(&hello)?;
    let word = raw::draw_pass().at(SetupStep::Filter)?;
    let how = Install { listener: true, speculation: true };
    let listener = install(&filter(word), how)
        .map_err(|errno| Failure::new(SetupStep::Filter, errno as i32))?
        .ok_or(Failure::new(SetupStep::Filter, libc::EBADF))?;
    let tmpfs = CString::new(format!(
        "mode=0700,uid={0},gid={0},size={1},nr_inodes={2}",
        hello.uid, hello.disk, hello.disk_files
    ))
    .map_err(|_nul| handshake(libc::EINVAL))?;
    let plan = Plan { uid: hello.uid, rootless: hello.rootless, tmpfs, staged };
    // Boxes read both until the process ends, whatever happens to the warden's own frames.
    let (plan, shared) = (Box::leak(Box::new(plan)), Box::leak(Box::new(shared)));
    let mut berths = berths(plan, shared).at(SetupStep::SharedPage)?;
    drop(bytes);
    // Without it small programs are told the warden's peak; that is no reason to judge nothing.
    let mut diet = diet.ok();
    let _as_far_as_it_goes = diet.as_mut().map(Diet::end);
    message::send(CONTROL, &encode_answer(&Ok(std::process::id())), &[listener])
        .at(SetupStep::Handshake)?;
    // The node holds it; whoever else did could answer in its place.
    raw::close(listener).at(SetupStep::Handshake)?;
    Ok(serve(&mut berths, diet))
}

/// A berth for each cell.
fn berths(plan: &'static Plan, shared: &'static Shared) -> Result<Vec<Berth<Init>>, i32> {
    let mut berths = Vec::new();
    for cell in (0..CELLS).filter_map(|index| shared.cell(index)) {
        let init = Init {
            plan,
            cell,
            socket: -1,
            stdout: -1,
            stderr: -1,
            into_group: None,
            attach: [-1; MAX_ATTACH],
            program_stack: Stack::new(STACK)?,
            job: vec![0; MAX_JOB],
            job_length: 0,
            pointers: vec![0; MAX_TEXTS + 2],
            descriptors: [-1; MAX_FDS],
        };
        berths.push(Berth::new(STACK, init)?);
    }
    Ok(berths)
}

/// Makes boxes until the node is gone; whether it said so by closing the socket.
fn serve(berths: &mut [Berth<Init>], mut diet: Option<Diet>) -> bool {
    let mut made = 0_u32;
    let mut fds = [-1; MAX_FDS];
    let mut bytes = [0; Prepare::LENGTH];
    loop {
        let Ok(received) = message::receive(CONTROL, &mut bytes, &mut fds, 0) else { return false };
        for berth in berths.iter_mut() {
            // Reaps who has ended.
            let _vacant = berth.is_vacant();
        }
        if received.length == 0 {
            return true;
        }
        let given = fds.get(..received.descriptors).unwrap_or_default();
        let answer = Prepare::decode(bytes.get(..received.length).unwrap_or_default())
            .ok_or(Failure::new(SetupStep::Handshake, libc::EBADMSG))
            .and_then(|prepare| make(berths, prepare, given));
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
        made = made.saturating_add(1);
        if made == WARM {
            // What has not been touched by now is rarely needed, and only costs a little more then.
            let _as_far_as_it_goes = diet.take().map(|mut diet| diet.join_idle());
        }
    }
}

fn make(berths: &mut [Berth<Init>], prepare: Prepare, fds: &[i32]) -> Result<Born, Failure> {
    let bad = Failure::new(SetupStep::Handshake, libc::EBADMSG);
    let [socket, stdout, stderr, groups @ ..] = fds else { return Err(bad) };
    let (into_group, attach) = match (prepare.into_group, groups) {
        (true, [into, rest @ ..]) => (Some(*into), rest),
        (true, []) => return Err(bad),
        (false, rest) => (None, rest),
    };
    if attach.len() > MAX_ATTACH {
        return Err(bad);
    }
    let Some(berth) = berths.get_mut(usize::from(prepare.cell)) else { return Err(bad) };
    // The node has given up whoever still has it.
    berth.evict();
    let Some(init) = berth.context() else { return Err(bad) };
    (init.socket, init.stdout, init.stderr) = (*socket, *stdout, *stderr);
    init.into_group = into_group;
    init.attach = [-1; MAX_ATTACH];
    for (slot, group) in init.attach.iter_mut().zip(attach) {
        *slot = *group;
    }
    init.job_length = 0;
    berth.launch(init::main).at(SetupStep::CloneInit)
}
