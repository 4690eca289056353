//! Who ends a run, and why: pure functions over counters.
//!
//! While a run lasts, [`decide`] turns each reading into at most one kill and [`next_look`] says when
//! it is worth reading again. Once it is over, [`conclude`] makes the one cause of it: the kill that
//! was recorded first, or else what the counters show, and never what a signal or an exit code
//! suggests. `exit(137)`, `raise(SIGKILL)` and `raise(SIGXCPU)` below every limit are the program's
//! own doing.
//!
//! Within one reading memory goes before output, output before CPU, CPU before wall.

use std::time::Duration;

use minos_model::{By, Bytes, Cause, CpuTime, Ending, Flag, LimitKind, Limits, WallTime};

/// The shortest wait between two readings: below it the reading costs more than it tells.
pub const SHORTEST_LOOK: Duration = Duration::from_micros(500);
/// The longest wait between two readings: memory and the kernel's own kills have no earliest
/// possible expiry, so they are looked at this often at least.
pub const LONGEST_LOOK: Duration = Duration::from_millis(50);

/// The kernel's limit counts one process from its birth, the group's counter from the exec.
const CLOCK_SLACK: CpuTime = CpuTime::from_ms(20);

/// The signal of `RLIMIT_FSIZE`.
const SIGXFSZ: u8 = 25;
/// The two signals of `RLIMIT_CPU`: at its soft and at its hard value.
const SIGXCPU: u8 = 24;
/// See [`SIGXCPU`].
const SIGKILL: u8 = 9;

/// What has been used so far, all counted from the program's exec.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Readings {
    /// CPU time of all processes.
    pub cpu: CpuTime,
    /// Time on the monotonic clock.
    pub wall: WallTime,
    /// The most memory in use at once.
    pub memory_peak: Bytes,
    /// Bytes that came on stdout.
    pub output: Bytes,
    /// Processes the kernel has killed for memory.
    pub oom_kills: u64,
    /// How often the run's own hard memory limit was hit; zero beside a kill for memory means that
    /// the machine, not the run, was short of it.
    pub memory_hits: u64,
}

impl Readings {
    /// The same, at its CPU limit as long as it is not further above than the slack: it may go on.
    pub(crate) fn forgiving(mut self, limit: CpuTime, slack: CpuTime) -> Self {
        if self.cpu <= limit.saturating_add(slack) {
            self.cpu = self.cpu.min(limit);
        }
        self
    }
}

/// Why a run is killed: recorded before the kill is written, the first one stays.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Kill {
    /// A limit was exceeded.
    Limit {
        /// Which one.
        limit: LimitKind,
        /// [`By::Kernel`] when the kernel had already killed somebody for it.
        by: By,
        /// The soft limit: microseconds or bytes.
        allowed: u64,
        /// What was read: microseconds or bytes.
        observed: u64,
    },
    /// A call that no honest program makes, as [`crate::seccomp::Notification::call`] names it.
    Syscall {
        /// The call by name, or `foreign-arch`.
        syscall: String,
    },
    /// The operator, or the slot's end.
    Cancelled,
}

impl From<Kill> for Cause {
    fn from(kill: Kill) -> Self {
        match kill {
            Kill::Limit { limit, by, allowed, observed } => {
                Self::Limit { limit, by, allowed, observed }
            }
            Kill::Syscall { syscall } => Self::Syscall { syscall },
            Kill::Cancelled => Self::Cancelled,
        }
    }
}

/// Everything known once nothing of the run is alive any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FinalReadings {
    /// How the first process ended.
    pub ending: Ending,
    /// The counters, read after the end.
    pub used: Readings,
    /// The kernel, not the program, sent `SIGXFSZ`: the first process ended by it and no
    /// [`crate::seccomp::Call::RaisedFileLimit`] was seen.
    pub file_limit_hit: bool,
    /// Forks and threads refused because of the process limit.
    pub processes_refused: u64,
    /// A tmpfs of the box was full, in bytes or inodes.
    pub disk_full: bool,
    /// More came on stderr than is kept.
    pub stderr_cut: bool,
}

/// The kernel killed the run for memory though the run was below its limit: the machine is short
/// of memory. This is a fault of the node, never a verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the kernel killed the run for memory at {used}, below its limit of {allowed}: the machine \
     (or the group above the judge's) is out of memory; give it more or use fewer slots"
)]
pub struct HostPressure {
    /// The run's peak.
    pub used: Bytes,
    /// Its limit.
    pub allowed: Bytes,
}

/// Whether this reading ends the run, and why. Monotone: more of anything never turns a kill into
/// none, and the one reading names one reason.
#[must_use]
pub fn decide(now: &Readings, limits: &Limits) -> Option<Kill> {
    exceeded(now, limits).map(|(limit, by)| limit_kill(limit, by, now, limits))
}

/// The first limit in order of precedence that the counters are above.
fn exceeded(now: &Readings, limits: &Limits) -> Option<(LimitKind, By)> {
    if now.oom_kills > 0 {
        Some((LimitKind::Memory, By::Kernel))
    } else if now.memory_peak > limits.memory() {
        Some((LimitKind::Memory, By::Watchdog))
    } else if now.output > limits.output() {
        Some((LimitKind::Output, By::Watchdog))
    } else if now.cpu > limits.cpu() {
        Some((LimitKind::CpuTime, By::Watchdog))
    } else if now.wall > limits.wall() {
        Some((LimitKind::WallTime, By::Watchdog))
    } else {
        None
    }
}

fn limit_kill(limit: LimitKind, by: By, now: &Readings, limits: &Limits) -> Kill {
    let (allowed, observed) = match limit {
        LimitKind::Memory => (limits.memory().get(), now.memory_peak.get()),
        LimitKind::Output => (limits.output().get(), now.output.get()),
        LimitKind::CpuTime => (limits.cpu().micros(), now.cpu.micros()),
        LimitKind::WallTime => (limits.wall().micros(), now.wall.micros()),
    };
    Kill::Limit { limit, by, allowed, observed }
}

/// How long nothing can have expired: the CPU time that is left, were `cores` cores busy with it,
/// or the wall clock that is left, whichever is sooner; between [`SHORTEST_LOOK`] and
/// [`LONGEST_LOOK`].
#[must_use]
pub fn next_look(now: &Readings, limits: &Limits, cores: u32) -> Duration {
    // One microsecond above, so that a reading taken then is above the limit, not at it.
    let cpu = limits.cpu().saturating_sub(now.cpu).micros() / u64::from(cores.max(1)) + 1;
    let wall = limits.wall().saturating_sub(now.wall).micros() + 1;
    Duration::from_micros(cpu.min(wall)).clamp(SHORTEST_LOOK, LONGEST_LOOK)
}

/// The one cause of a run that is over, and its flags, sorted.
///
/// The kill that was recorded decides. Without one the counters are asked once more, in the order
/// of [`decide`]: a program that exited 0 above a limit is that limit's. Only below every limit is
/// the end its own.
///
/// # Errors
/// [`HostPressure`] when the kernel killed for memory though the run's own limit was never hit.
pub fn conclude(
    recorded: Option<Kill>,
    end: &FinalReadings,
    limits: &Limits,
) -> Result<(Cause, Vec<Flag>), HostPressure> {
    let used = &end.used;
    let kernel_first =
        |kill: &Kill| matches!(kill, Kill::Limit { limit: LimitKind::Memory, by: By::Kernel, .. });
    let for_memory = recorded.as_ref().map_or(used.oom_kills > 0, kernel_first);
    if for_memory && used.memory_hits == 0 && used.memory_peak <= limits.memory() {
        return Err(HostPressure { used: used.memory_peak, allowed: limits.memory() });
    }
    let cause = match recorded {
        Some(kill) => kill.into(),
        None => unrecorded(end, limits),
    };
    Ok((cause, flags(end)))
}

/// The cause of a run that nobody here has killed.
fn unrecorded(end: &FinalReadings, limits: &Limits) -> Cause {
    let used = &end.used;
    if let Some((limit, by)) = exceeded(used, limits) {
        let by = if limit == LimitKind::CpuTime && ended_by_cpu_rlimit(end, limits) {
            By::Kernel
        } else {
            by
        };
        // The file's limit is hit before the counters are read: it goes where output goes.
        if matches!(limit, LimitKind::Memory | LimitKind::Output) || !end.file_limit_hit {
            return limit_kill(limit, by, used, limits).into();
        }
    }
    if end.file_limit_hit && end.ending.signal() == Some(SIGXFSZ) {
        return Cause::Limit {
            limit: LimitKind::Output,
            by: By::Kernel,
            allowed: limits.output().get(),
            observed: limits.hard_file().get(),
        };
    }
    match end.ending {
        Ending::Exited { .. } => Cause::Exited,
        Ending::Signalled { .. } => Cause::Signalled,
    }
}

/// The kernel's own CPU limit ended the run: one of its signals, and time that only it allows.
fn ended_by_cpu_rlimit(end: &FinalReadings, limits: &Limits) -> bool {
    let its_signal = matches!(end.ending.signal(), Some(SIGXCPU | SIGKILL));
    let hard = CpuTime::from_secs(limits.hard_cpu_secs());
    its_signal && end.used.cpu.saturating_add(CLOCK_SLACK) >= hard
}

fn flags(end: &FinalReadings) -> Vec<Flag> {
    // A kill for memory that left the first process to end in another way hit a child.
    let child =
        end.used.oom_kills > 1 || (end.used.oom_kills == 1 && end.ending.signal() != Some(SIGKILL));
    [
        (end.processes_refused > 0, Flag::ProcessLimit),
        (end.disk_full, Flag::DiskFull),
        (child, Flag::OomChild),
        (end.stderr_cut, Flag::StderrCut),
    ]
    .into_iter()
    .filter_map(|(raised, flag)| raised.then_some(flag))
    .collect()
}

#[cfg(test)]
#[path = "watchdog_tests.rs"]
mod tests;
