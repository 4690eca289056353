//! No control groups: the box is what descends from its init, looked at through `/proc`.
//!
//! CPU time is read from the process clocks, to which come the children that were waited for, in
//! clock ticks (10 ms); the exact sum comes from init once the box is over. Memory is the largest
//! sum of resident sets that a look has found, so a peak between two looks is missed, except the
//! first process's own. Every result says `rootless`.

use std::os::fd::BorrowedFd;
use std::path::PathBuf;

use minos_model::Limits;

use super::CgroupError;
use super::group::{Controls, Counters};
use crate::sys::raw;

/// Microseconds of a clock tick as `/proc` counts them (`USER_HZ` is 100 on x86-64).
const TICK_MICROS: u64 = 10_000;
/// Memory pages are 4 KiB on x86-64.
const PAGE_BYTES: u64 = 4_096;
/// A look stops here: the process limit lies below it.
const MOST_PROCESSES: usize = 8_192;

/// The descendants of one process.
#[derive(Debug, Default)]
pub(super) struct Watched {
    init: Option<Process>,
    memory_peak: u64,
    processes_peak: u64,
    /// The CPU time last seen: it does not go down when the processes are gone.
    cpu: std::cell::Cell<u64>,
}

/// A process, and when it started: its PID may be another's by now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Process {
    pid: u32,
    started: u64,
}

/// One look at the descendants.
#[derive(Debug, Default)]
struct Look {
    micros: u64,
    bytes: u64,
    threads: u64,
    processes: u64,
}

impl Watched {
    /// Init's PID, unless it is gone.
    fn alive(&self) -> Option<u32> {
        let init = self.init?;
        let now = Stat::read(init.pid)?;
        (now.number(STARTED) == init.started && !now.is_dead()).then_some(init.pid)
    }

    fn look(&self) -> Look {
        let mut look = Look::default();
        let Some(init) = self.alive() else { return look };
        let mut queue = vec![init];
        let mut seen = 0_usize;
        while let Some(pid) = queue.pop() {
            seen += 1;
            if seen > MOST_PROCESSES {
                break;
            }
            look.add(pid, pid == init);
            queue.extend(children(pid));
        }
        self.cpu.set(self.cpu.get().max(look.micros));
        look
    }
}

impl Look {
    /// Adds one process: its own time and that of the children it has waited for.
    fn add(&mut self, pid: u32, is_init: bool) {
        let Some(stat) = Stat::read(pid) else { return };
        self.processes += 1;
        let waited_for = stat.number(CHILDREN_USER) + stat.number(CHILDREN_SYSTEM);
        self.micros += waited_for * TICK_MICROS;
        if !is_init {
            self.micros += i32::try_from(pid).map_or(0, raw::process_cpu_ns) / 1_000;
            self.threads += stat.number(THREADS);
            self.bytes += stat.number(RESIDENT) * PAGE_BYTES;
        }
    }
}

/// Fields of `/proc/PID/stat`, counted from the one after the name.
const CHILDREN_USER: usize = 13;
const CHILDREN_SYSTEM: usize = 14;
const THREADS: usize = 17;
const STARTED: usize = 19;
const RESIDENT: usize = 21;

/// What follows the name, which may contain anything, in `/proc/PID/stat`.
struct Stat(Vec<String>);

impl Stat {
    fn read(pid: u32) -> Option<Self> {
        let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        let (_name, fields) = text.rsplit_once(')')?;
        Some(Self(fields.split_whitespace().map(str::to_owned).collect()))
    }

    fn number(&self, field: usize) -> u64 {
        self.0.get(field).and_then(|text| text.parse().ok()).unwrap_or(0)
    }

    /// Ended, and perhaps not yet waited for.
    fn is_dead(&self) -> bool {
        self.0.first().is_some_and(|state| state == "Z" || state == "X")
    }
}

/// The children of every thread of a process.
fn children(pid: u32) -> Vec<u32> {
    let Ok(threads) = std::fs::read_dir(format!("/proc/{pid}/task")) else { return Vec::new() };
    threads
        .filter_map(Result::ok)
        .filter_map(|thread| std::fs::read_to_string(thread.path().join("children")).ok())
        .flat_map(|list| {
            list.split_whitespace().filter_map(|pid| pid.parse().ok()).collect::<Vec<u32>>()
        })
        .collect()
}

impl Controls for Watched {
    fn attach_fds(&self) -> Vec<BorrowedFd<'_>> {
        Vec::new()
    }

    fn entry_fd(&self) -> Option<BorrowedFd<'_>> {
        None
    }

    fn set_limits(&mut self, _limits: &Limits) -> Result<(), CgroupError> {
        // The program's rlimits are all there is.
        Ok(())
    }

    fn cpu_micros(&self) -> Result<u64, CgroupError> {
        self.look();
        Ok(self.cpu.get())
    }

    fn counters(&mut self) -> Result<Counters, CgroupError> {
        let look = self.look();
        self.memory_peak = self.memory_peak.max(look.bytes);
        self.processes_peak = self.processes_peak.max(look.threads);
        Ok(Counters {
            cpu: self.cpu.get(),
            memory: 0,
            memory_peak: self.memory_peak,
            processes_peak: self.processes_peak,
            populated: look.processes > 0,
            ..Counters::default()
        })
    }

    fn populated(&self) -> Result<bool, CgroupError> {
        Ok(self.look().processes > 0)
    }

    fn announces(&self) -> Option<BorrowedFd<'_>> {
        None
    }

    fn kill(&mut self) -> Result<(), CgroupError> {
        // The PID namespace dies with its init; there is nothing else to kill by.
        if let Some(init) = self.alive().and_then(|pid| i32::try_from(pid).ok()) {
            let pid = nix::unistd::Pid::from_raw(init);
            // It may be gone by now.
            let _gone = nix::sys::signal::kill(pid, nix::sys::signal::SIGKILL);
        }
        Ok(())
    }

    fn forget_peak(&mut self) -> Result<(), CgroupError> {
        self.memory_peak = 0;
        self.processes_peak = 0;
        Ok(())
    }

    fn reset(&mut self) -> Result<bool, CgroupError> {
        *self = Self::default();
        Ok(true)
    }

    fn directories(&self) -> Vec<PathBuf> {
        Vec::new()
    }

    fn watch(&mut self, init: u32) {
        let started = Stat::read(init).map_or(0, |stat| stat.number(STARTED));
        self.init = Some(Process { pid: init, started });
    }
}
