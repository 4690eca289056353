//! A run that is over: its last counters, its cause, its files.

use std::io::Read as _;
use std::os::fd::{AsFd as _, AsRawFd as _, OwnedFd};
use std::os::unix::fs::MetadataExt as _;
use std::sync::atomic::Ordering;
use std::time::Duration;

use minos_model::{Bytes, Cause, CpuTime, Ending, Flag, Isolation, Limits, RunReport, WallTime};
use nix::poll::{PollFd, PollFlags, ppoll};
use nix::sys::time::TimeSpec;

use super::boxes::{DEADLINE, Prepared, take_all};
use super::drain::STDERR_KEPT;
use super::warden::Warden;
use crate::sys::message::{self, MAX_FDS};
use crate::warden::cell::Cell;
use crate::watchdog::{FinalReadings, Kill, Readings, conclude};
use crate::{Blob, Collect, SandboxError};

/// A group's charge above the first process's peak that is more than coarseness: the kernel charges
/// 64 pages ahead on each core.
const COARSE: u64 = 1 << 20;
/// What a process has mapped of libraries, which are charged to nobody in particular. More is a file
/// that it reads through its memory, and no memory of its own.
const LIBRARIES: u64 = 8 << 20;

/// What the loop knows when nothing is left to wait for.
#[derive(Debug)]
pub(crate) struct Over {
    pub kill: Option<Kill>,
    /// The program has sent itself the file limit's signal.
    pub raised_file_limit: bool,
    pub stdout: u64,
    pub stderr: u64,
    /// The peak of a first process that was killed; zero when it ended by itself.
    pub resident: Bytes,
    /// The kernel has killed the first process for memory; init may not have seen its end.
    pub victim: bool,
    /// Monotonic clock at the end of the box, nanoseconds.
    pub now: u64,
}

/// The report of a run whose box has ended; `None` when the box was dead before it had a job.
pub(crate) fn report(
    prepared: &mut Prepared,
    over: Over,
    limits: &Limits,
    warden: &Warden,
) -> Result<Option<RunReport>, SandboxError> {
    let mut read = prepared.group.readings()?;
    if read.populated {
        prepared.group.wait_empty(DEADLINE)?;
        read = prepared.group.readings()?;
    }
    let cell = prepared.cell();
    let ended_at = cell.ended_at.load(Ordering::Acquire);
    let exec_at = cell.exec_at.load(Ordering::Acquire);
    let copied = cell.copy_cpu.load(Ordering::Relaxed) / 1_000;
    let ended = if ended_at == 0 { over.now } else { ended_at };
    let wall = if exec_at == 0 { 0 } else { ended.saturating_sub(exec_at) / 1_000 };
    let by_itself = ended_at != 0;
    if over.kill.is_none() && read.oom_kills == 0 && (!by_itself || exec_at == 0) {
        if exec_at == 0 {
            return Ok(None);
        }
        let reason = "the box of its run was killed from outside".to_owned();
        return Err(SandboxError::WardenGone { slot: warden.slot(), reason });
    }
    let ending = if by_itself {
        ending(cell.status.load(Ordering::Relaxed))
    } else {
        Ending::Signalled { signal: KILLED }
    };
    let own = cell.resident_kib.load(Ordering::Relaxed).saturating_mul(1_024);
    let resident = Bytes::new(own).max(over.resident);
    let mut cpu = CpuTime::from_micros(read.cpu.micros().saturating_sub(copied));
    if warden.isolation() == Isolation::Rootless {
        // There is no group that has counted: what init and the kernel know of the ended is exact.
        let waited = cell.waited_cpu.load(Ordering::Relaxed);
        let born = cell.born_cpu.load(Ordering::Relaxed);
        cpu = cpu.max(CpuTime::from_micros(waited.saturating_sub(born) / 1_000));
        read.memory_peak = read.memory_peak.max(resident);
        read.processes_peak = read.processes_peak.max(1);
    }
    let used = Readings {
        cpu,
        wall: WallTime::from_micros(wall),
        memory_peak: read.memory_peak,
        output: Bytes::new(over.stdout),
        oom_kills: read.oom_kills,
        memory_hits: read.memory_hits,
    };
    let end = FinalReadings {
        ending,
        used,
        file_limit_hit: ending.signal() == Some(FILE_LIMIT) && !over.raised_file_limit,
        processes_refused: read.processes_refused,
        disk_full: cell.disk_full.load(Ordering::Relaxed) != 0,
        stderr_cut: over.stderr > STDERR_KEPT as u64,
    };
    let (cause, mut flags) = conclude(over.kill, &end, limits)?;
    if read.oom_kills > 0 && !by_itself && !over.victim && !flags.contains(&Flag::OomChild) {
        flags.push(Flag::OomChild);
        flags.sort_unstable();
    }
    let memory = memory(read.memory_peak, resident, &cause, limits);
    Ok(Some(RunReport {
        cause,
        ending,
        cpu: used.cpu,
        wall: used.wall,
        memory,
        stdout_bytes: used.output,
        stderr_bytes: Bytes::new(over.stderr),
        processes_peak: read.processes_peak,
        flags,
        isolation: warden.isolation(),
    }))
}

/// When the run ended on the monotonic clock: by itself, or with its kill.
pub(crate) fn ended(cell: &Cell, killed_at: u64, over_at: u64) -> Duration {
    let by_itself = cell.ended_at.load(Ordering::Acquire);
    let told = [killed_at, by_itself].into_iter().filter(|at| *at != 0).min();
    Duration::from_nanos(told.unwrap_or(over_at))
}

const KILLED: u8 = 9;
const FILE_LIMIT: u8 = 25;

/// A wait status as an ending.
fn ending(status: i32) -> Ending {
    let low = |value: i32| u8::try_from(value & 0x7f).unwrap_or(0);
    if low(status) == 0 {
        Ending::Exited { code: u8::try_from(status >> 8 & 0xff).unwrap_or(0) }
    } else {
        Ending::Signalled { signal: low(status) }
    }
}

/// The figure for "memory used": the first process's own peak, which is the same from run to run,
/// where that explains what was charged to the group, and else the group's, which is coarse.
fn memory(group: Bytes, resident: Bytes, cause: &Cause, limits: &Limits) -> Bytes {
    let over = matches!(cause, Cause::Limit { limit: minos_model::LimitKind::Memory, .. });
    let explained = group.get() <= resident.get() + COARSE;
    let all_its_own = resident.get() <= group.get() + LIBRARIES;
    if over || resident == Bytes::ZERO || !explained || !all_its_own {
        return group;
    }
    resident.min(limits.memory())
}

/// The kernel found nothing it could execute in an executable that was handed over as it is: its
/// maker's fault (an interpreter that is not there, a broken header), not the box's.
pub(crate) fn no_program(cell: &Cell) -> bool {
    let of_the_file = [libc::ENOENT, libc::EACCES, libc::ENOEXEC, libc::ELIBBAD, libc::EINVAL];
    cell.failure().is_some_and(|(step, errno)| {
        step == crate::SetupStep::Exec.number() && of_the_file.contains(&errno)
    })
}

/// The report of such a run: the exit code that a shell gives for a command it cannot execute.
pub(crate) fn unstarted(isolation: Isolation) -> RunReport {
    RunReport {
        cause: Cause::Exited,
        ending: Ending::Exited { code: 127 },
        cpu: CpuTime::ZERO,
        wall: WallTime::ZERO,
        memory: Bytes::ZERO,
        stdout_bytes: Bytes::ZERO,
        stderr_bytes: Bytes::ZERO,
        processes_peak: 0,
        flags: Vec::new(),
        isolation,
    }
}

/// The most memory a process has had resident so far, zero when it is gone: about 20 us.
pub(crate) fn resident_peak(pid: i32) -> Bytes {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = peak.and_then(|text| text.trim().strip_suffix("kB")?.trim().parse().ok());
    Bytes::from_kib(kib.unwrap_or(0))
}

/// How long init may take to see the end of a first process that is none of the kernel's victims.
const ENDING: Duration = Duration::from_millis(5);
/// How long a first process that the kernel has killed may take to give back its memory.
const VICTIM: Duration = Duration::from_millis(500);

/// The kernel has killed somebody for memory: whether it was the first process. If so, init is given
/// the time to see its end, with which everything else ends.
pub(crate) fn first_was_killed(prepared: &Prepared) -> bool {
    let mut init = [PollFd::new(prepared.init.as_fd(), PollFlags::POLLIN)];
    let mut ended_within = |patience| {
        ppoll(&mut init, Some(TimeSpec::from_duration(patience)), None).is_ok_and(|ended| ended > 0)
    };
    // The kernel counts the kill before it sends it.
    if !is_ending(prepared.program) && (ended_within(ENDING) || !is_ending(prepared.program)) {
        return false;
    }
    let _seen = ended_within(VICTIM);
    true
}

/// Whether a process is on its way out: killed, and perhaps still giving back its memory.
pub(crate) fn is_ending(pid: i32) -> bool {
    const EXITING: u64 = 4;
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // After the name, which may contain anything: state, parent, group, session, terminal, its
    // group, flags.
    let flags = stat.rsplit_once(')').and_then(|(_name, rest)| rest.split_whitespace().nth(6));
    let exiting = flags.and_then(|text| text.parse().ok()).unwrap_or(EXITING) & EXITING != 0;
    exiting || {
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        let pending = ["SigPnd:", "ShdPnd:"].iter().filter_map(|name| {
            let text = status.lines().find_map(|line| line.strip_prefix(name))?;
            u64::from_str_radix(text.trim(), 16).ok()
        });
        pending.fold(0, std::ops::BitOr::bitor) & (1 << (KILLED - 1)) != 0
    }
}

/// The files the box has sent, in the order in which they were asked for. What the box had and
/// this side cannot take is this side's failure, not a missing file.
pub(crate) fn collected(
    prepared: &Prepared,
    wanted: &[Collect],
    killed: bool,
) -> Result<Vec<Option<Blob>>, SandboxError> {
    let mut found: Vec<Option<Blob>> = wanted.iter().map(|_wanted| None).collect();
    if wanted.is_empty() || prepared.cell().ended_at.load(Ordering::Acquire) == 0 {
        return Ok(found);
    }
    let failed = |error| SandboxError::os("fetch a file of the run", error);
    let mut marks = [0; MAX_FDS];
    let mut fds = [-1; MAX_FDS];
    let socket = prepared.socket.as_raw_fd();
    let received = match message::receive(socket, &mut marks, &mut fds, libc::MSG_DONTWAIT) {
        Ok(received) => received,
        // It ended by itself, and was killed for a limit before its files were looked for.
        Err(_nothing) if killed => return Ok(found),
        Err(errno) => return Err(failed(std::io::Error::from_raw_os_error(errno))),
    };
    let mut files = take_all(&fds, received.descriptors).into_iter();
    let marks = marks.get(..received.length).unwrap_or_default();
    for ((slot, wanted), mark) in found.iter_mut().zip(wanted).zip(marks) {
        if *mark == 1 {
            let file = files.next().ok_or_else(|| failed(std::io::ErrorKind::NotFound.into()))?;
            *slot = copied(file, wanted.max).map_err(failed)?;
        }
    }
    Ok(found)
}

/// The content of a regular file with one name and at most `max` bytes.
fn copied(file: OwnedFd, max: Bytes) -> std::io::Result<Option<Blob>> {
    let file = std::fs::File::from(file);
    let about = file.metadata()?;
    if !about.is_file() || about.nlink() != 1 || about.len() > max.get() {
        return Ok(None);
    }
    Blob::from_reader(file.take(about.len()), max).map(Some)
}

/// From the request until exec.
pub(crate) fn setup(prepared: &Prepared, begun: u64) -> Duration {
    let exec_at = prepared.cell().exec_at.load(Ordering::Acquire);
    Duration::from_nanos(exec_at.saturating_sub(begun))
}

#[cfg(test)]
mod tests {
    use super::*;
    use minos_model::{By, LimitKind, RawLimits};

    #[test]
    fn a_wait_status_is_a_code_or_a_signal() {
        for (status, expected) in [
            (0, Ending::Exited { code: 0 }),
            (137 << 8, Ending::Exited { code: 137 }),
            (255 << 8, Ending::Exited { code: 255 }),
            (9, Ending::Signalled { signal: 9 }),
            (11 | 0x80, Ending::Signalled { signal: 11 }),
        ] {
            assert_eq!(ending(status), expected, "{status:#x}");
        }
    }

    #[test]
    fn the_peak_of_a_living_process_is_read_and_that_of_none_is_zero() {
        let own = i32::try_from(std::process::id()).unwrap();
        assert!(resident_peak(own) > Bytes::from_kib(100));
        assert_eq!(resident_peak(-1), Bytes::ZERO);
    }

    #[test]
    fn a_living_process_is_not_ending_and_one_that_is_gone_is() {
        assert!(!is_ending(i32::try_from(std::process::id()).unwrap()));
        assert!(is_ending(-1));
    }

    #[test]
    fn a_process_s_own_peak_is_told_where_it_explains_the_group_s() {
        let limits = Limits::new(RawLimits::default()).unwrap();
        let kib = Bytes::from_kib;
        for (group, resident, expected) in [
            (kib(256), kib(700), kib(700)),
            (kib(1_600), kib(700), kib(700)),
            (kib(1_800), kib(700), kib(1_800)),
            (kib(9_000), kib(9_000), kib(9_000)),
            (kib(100_100), kib(103_500), kib(103_500)),
            // Others have used memory too, or files in the box.
            (kib(101_100), kib(100_000), kib(101_100)),
            // Mapped libraries, and a mapped input.
            (kib(20_000), kib(28_192), kib(28_192)),
            (kib(20_000), kib(28_193), kib(20_000)),
            (kib(512), kib(0), kib(512)),
        ] {
            assert_eq!(memory(group, resident, &Cause::Exited, &limits), expected);
        }
        let cause =
            Cause::Limit { limit: LimitKind::Memory, by: By::Kernel, allowed: 0, observed: 0 };
        assert_eq!(memory(kib(600), kib(700), &cause, &limits), kib(600));
    }
}
