//! What a run may use. The soft limit decides the cause; the hard limit, the kernel's, lies above
//! it by construction and only catches what the watchdog misses.

use crate::{Bytes, CpuTime, WallTime};

/// A limit that no run can have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LimitError {
    /// Less than any program needs.
    #[error("limit {name}: {value} lets no program run; the least is {least}")]
    TooLow {
        /// The limit's name as the user writes it.
        name: &'static str,
        /// What was asked for.
        value: String,
        /// The least that is accepted.
        least: String,
    },
    /// More than the box can promise to enforce.
    #[error("limit {name}: {value} is above the highest that can be enforced, {most}")]
    TooHigh {
        /// The limit's name as the user writes it.
        name: &'static str,
        /// What was asked for.
        value: String,
        /// The highest accepted value.
        most: String,
    },
}

/// Limits as they are written down, before they are checked. All of them are soft limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RawLimits {
    /// CPU time of all processes together.
    pub cpu: CpuTime,
    /// Wall-clock time from the program's exec.
    pub wall: WallTime,
    /// Memory of all processes together, tmpfs included.
    pub memory: Bytes,
    /// Bytes on stdout; also the size of any one file.
    pub output: Bytes,
    /// Processes and threads that exist at once.
    pub processes: u32,
    /// Open descriptors per process.
    pub files: u32,
    /// Stack of the main thread; `None` is as much as `memory`.
    pub stack: Option<Bytes>,
}

impl Default for RawLimits {
    /// What `minos run` uses when nothing is said.
    fn default() -> Self {
        Self {
            cpu: CpuTime::from_secs(10),
            wall: WallTime::from_secs(30),
            memory: Bytes::from_mib(256),
            output: Bytes::from_mib(64),
            processes: 64,
            files: 64,
            stack: None,
        }
    }
}

/// Checked limits: every one is at least what a program needs and at most what can be enforced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits(RawLimits);

impl Limits {
    /// The longest run, CPU or wall: one day.
    pub const MAX_TIME_SECS: u64 = 86_400;
    /// The most memory, stack or output: 1 TiB.
    pub const MAX_BYTES: Bytes = Bytes::from_mib(1 << 20);
    /// The least memory: below this the kernel cannot even start a static program.
    pub const MIN_MEMORY: Bytes = Bytes::from_kib(512);
    /// The most processes.
    pub const MAX_PROCESSES: u32 = 4_096;
    /// The most descriptors.
    pub const MAX_FILES: u32 = 65_536;
    /// The fewest descriptors: stdin, stdout, stderr and one for the program's own file.
    pub const MIN_FILES: u32 = 4;

    /// Checks each limit against what can be enforced.
    ///
    /// # Errors
    /// The first limit that is too low or too high, by name.
    pub fn new(raw: RawLimits) -> Result<Self, LimitError> {
        let day = Self::MAX_TIME_SECS * 1_000_000;
        let (time, size) =
            (|us| WallTime::from_micros(us).to_string(), |b| Bytes::new(b).to_string());
        let number = |n: u64| n.to_string();
        let most = Self::MAX_BYTES.get();
        within("cpu", raw.cpu.micros(), [1, day], time)?;
        within("wall", raw.wall.micros(), [1, day], time)?;
        within("memory", raw.memory.get(), [Self::MIN_MEMORY.get(), most], size)?;
        within("output", raw.output.get(), [0, most], size)?;
        within("processes", raw.processes.into(), [1, Self::MAX_PROCESSES.into()], number)?;
        let files = [Self::MIN_FILES.into(), Self::MAX_FILES.into()];
        within("files", raw.files.into(), files, number)?;
        if let Some(stack) = raw.stack {
            within("stack", stack.get(), [Bytes::from_kib(64).get(), most], size)?;
        }
        Ok(Self(raw))
    }

    /// CPU time at which the watchdog ends the run.
    #[must_use]
    pub const fn cpu(&self) -> CpuTime {
        self.0.cpu
    }

    /// Wall-clock time at which the watchdog ends the run.
    #[must_use]
    pub const fn wall(&self) -> WallTime {
        self.0.wall
    }

    /// Memory above which the run is over its limit.
    #[must_use]
    pub const fn memory(&self) -> Bytes {
        self.0.memory
    }

    /// Bytes of stdout above which the run is over its limit.
    #[must_use]
    pub const fn output(&self) -> Bytes {
        self.0.output
    }

    /// Processes and threads at once.
    #[must_use]
    pub const fn processes(&self) -> u32 {
        self.0.processes
    }

    /// Open descriptors per process.
    #[must_use]
    pub const fn files(&self) -> u32 {
        self.0.files
    }

    /// Stack of the main thread.
    #[must_use]
    pub fn stack(&self) -> Bytes {
        self.0.stack.unwrap_or(self.0.memory)
    }

    /// The kernel's CPU limit in whole seconds (`RLIMIT_CPU`): rounded up, and one more.
    #[must_use]
    pub const fn hard_cpu_secs(&self) -> u64 {
        self.0.cpu.micros().div_ceil(1_000_000) + 1
    }

    /// The wall-clock dead-man's limit: one second above the soft one.
    #[must_use]
    pub const fn hard_wall(&self) -> WallTime {
        self.0.wall.saturating_add(WallTime::from_secs(1))
    }

    /// The kernel's memory limit: 1 MiB and 1 % above the soft one, and never below 8 MiB. A lower
    /// one could be hit by the box itself, before the program has begun; the watchdog keeps those.
    #[must_use]
    pub const fn hard_memory(&self) -> Bytes {
        const LEAST: u64 = 8 << 20;
        let soft = self.0.memory.get();
        let hard = soft + (1 << 20) + soft / 100;
        Bytes::new(if hard < LEAST { LEAST } else { hard })
    }

    /// The kernel's limit on the size of one file (`RLIMIT_FSIZE`): one byte above the soft one,
    /// so that a file of exactly the limit can be written.
    ///
    /// A box's files are memory (`/w`, `/tmp`, memory files, shared memory). Where the memory limit
    /// is the lower of the two, it is what a file that is filled must hit: the kernel's limit on its
    /// size is 64 MiB higher then, and ends only who makes larger ones with nothing in them.
    #[must_use]
    pub const fn hard_file(&self) -> Bytes {
        let output = self.0.output.get();
        let room = if self.0.memory.get() < output { 64 << 20 } else { 0 };
        Bytes::new(output + room + 1)
    }

    /// The limits as written down, to change one and check again.
    #[must_use]
    pub const fn raw(&self) -> RawLimits {
        self.0
    }
}

/// Whether a value lies in its range, both ends included; `text` writes it as people do.
fn within(
    name: &'static str,
    value: u64,
    [least, most]: [u64; 2],
    text: impl Fn(u64) -> String,
) -> Result<(), LimitError> {
    if value < least {
        return Err(LimitError::TooLow { name, value: text(value), least: text(least) });
    }
    if value > most {
        return Err(LimitError::TooHigh { name, value: text(value), most: text(most) });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(change: impl FnOnce(&mut RawLimits)) -> Result<Limits, LimitError> {
        let mut raw = RawLimits::default();
        change(&mut raw);
        Limits::new(raw)
    }

    #[test]
    fn the_defaults_are_acceptable() {
        check(|_| {}).unwrap();
    }

    #[test]
    fn the_least_of_each_limit_passes_and_one_below_is_refused_by_name() {
        type Set = fn(&mut RawLimits, u64);
        let rows: [(&str, u64, Set); 5] = [
            ("cpu", 1, |l, v| l.cpu = CpuTime::from_micros(v)),
            ("wall", 1, |l, v| l.wall = WallTime::from_micros(v)),
            ("memory", 512 << 10, |l, v| l.memory = Bytes::new(v)),
            ("processes", 1, |l, v| l.processes = u32::try_from(v).unwrap()),
            ("files", 4, |l, v| l.files = u32::try_from(v).unwrap()),
        ];
        for (name, least, set) in rows {
            assert!(check(|l| set(l, least)).is_ok(), "{name}");
            let error = check(|l| set(l, least - 1)).unwrap_err();
            assert!(error.to_string().contains(name), "{error}");
        }
    }

    #[test]
    fn the_most_of_each_limit_passes_and_one_above_is_refused_by_name() {
        type Set = fn(&mut RawLimits, u64);
        let day = 86_400 * 1_000_000;
        let rows: [(&str, u64, Set); 6] = [
            ("cpu", day, |l, v| l.cpu = CpuTime::from_micros(v)),
            ("wall", day, |l, v| l.wall = WallTime::from_micros(v)),
            ("memory", 1 << 40, |l, v| l.memory = Bytes::new(v)),
            ("output", 1 << 40, |l, v| l.output = Bytes::new(v)),
            ("processes", 4_096, |l, v| l.processes = u32::try_from(v).unwrap()),
            ("files", 65_536, |l, v| l.files = u32::try_from(v).unwrap()),
        ];
        for (name, most, set) in rows {
            assert!(check(|l| set(l, most)).is_ok(), "{name}");
            let error = check(|l| set(l, most + 1)).unwrap_err();
            assert!(error.to_string().contains(name), "{error}");
        }
    }

    #[test]
    fn every_hard_limit_lies_above_its_soft_one() {
        for cpu in [1, 999_999, 1_000_000, 1_000_001] {
            let limits = check(|l| l.cpu = CpuTime::from_micros(cpu)).unwrap();
            assert!(limits.hard_cpu_secs() * 1_000_000 >= cpu + 1_000_000);
        }
        for (memory, hard) in [(1, 8 << 20), (6, 8 << 20), (100, 102 << 20)] {
            let limits = check(|l| l.memory = Bytes::from_mib(memory)).unwrap();
            assert_eq!(limits.hard_memory(), Bytes::new(hard), "{memory} MiB");
        }
        let limits = check(|_| {}).unwrap();
        assert!(limits.hard_wall() > limits.wall());
        assert!(limits.hard_memory() > limits.memory());
        assert!(limits.hard_file() > limits.output());
    }

    #[test]
    fn a_file_may_be_larger_only_where_memory_ends_it_first() {
        let mib = Bytes::from_mib;
        for (memory, output, hard) in [
            (mib(256), mib(64), mib(64).get() + 1),
            (mib(64), mib(64), mib(64).get() + 1),
            (mib(32), mib(64), mib(128).get() + 1),
        ] {
            let limits = check(|l| (l.memory, l.output) = (memory, output)).unwrap();
            assert_eq!(limits.hard_file().get(), hard, "{memory} {output}");
        }
    }

    #[test]
    fn the_stack_is_as_large_as_the_memory_limit_unless_said() {
        assert_eq!(check(|_| {}).unwrap().stack(), Bytes::from_mib(256));
        let limits = check(|l| l.stack = Some(Bytes::from_mib(8))).unwrap();
        assert_eq!(limits.stack(), Bytes::from_mib(8));
    }
}
