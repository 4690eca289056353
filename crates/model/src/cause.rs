//! Why a run ended, and what was measured.

use std::fmt;
use std::str::FromStr;

use crate::{Bytes, CpuTime, WallTime};

/// Which limit ended a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LimitKind {
    /// CPU time of all processes; `allowed` and `observed` are microseconds.
    CpuTime,
    /// Wall-clock time; microseconds.
    WallTime,
    /// Memory of all processes; bytes.
    Memory,
    /// Bytes on stdout, or the size of a file; bytes.
    Output,
}

/// Who ended a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum By {
    /// The program itself.
    Itself,
    /// The watchdog, at a soft limit.
    Watchdog,
    /// The kernel, at a hard limit or at a system call.
    Kernel,
}

/// The one reason a run ended, decided from counters and from who sent the kill.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Cause {
    /// The program exited by itself, with whatever code.
    Exited,
    /// A signal that nobody here sent ended the program.
    Signalled,
    /// A limit was exceeded.
    Limit {
        /// Which one.
        limit: LimitKind,
        /// Who noticed first.
        by: By,
        /// The soft limit: microseconds or bytes.
        allowed: u64,
        /// What was measured: microseconds or bytes.
        observed: u64,
    },
    /// A system call that no honest program makes.
    Syscall {
        /// The call by name (`ptrace`), by number when it has no name (`syscall-9999`), or
        /// `foreign-arch` for any call through another architecture's gate.
        syscall: String,
    },
    /// The operator, or the slot's end, broke the run off.
    Cancelled,
}

impl Cause {
    /// Who ended the run.
    #[must_use]
    pub const fn by(&self) -> By {
        match self {
            Self::Exited | Self::Signalled => By::Itself,
            Self::Limit { by, .. } => *by,
            Self::Syscall { .. } => By::Kernel,
            Self::Cancelled => By::Watchdog,
        }
    }

    /// `exited`, `signalled`, `limit`, `syscall` or `cancelled`.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Exited => "exited",
            Self::Signalled => "signalled",
            Self::Limit { .. } => "limit",
            Self::Syscall { .. } => "syscall",
            Self::Cancelled => "cancelled",
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Limit { limit, .. } => write!(f, "limit {}", limit.as_str()),
            Self::Syscall { syscall } => write!(f, "syscall {syscall}"),
            Self::Exited | Self::Signalled | Self::Cancelled => f.write_str(self.kind()),
        }
    }
}

/// How the program's first process ended, as the kernel reported it. It says nothing about why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Ending {
    /// It called `exit`.
    Exited {
        /// The low eight bits of what it passed.
        code: u8,
    },
    /// A signal ended it.
    Signalled {
        /// The signal's number.
        signal: u8,
    },
}

impl Ending {
    /// The exit code, when there is one.
    #[must_use]
    pub const fn exit_code(self) -> Option<u8> {
        match self {
            Self::Exited { code } => Some(code),
            Self::Signalled { .. } => None,
        }
    }

    /// The signal, when there is one.
    #[must_use]
    pub const fn signal(self) -> Option<u8> {
        match self {
            Self::Exited { .. } => None,
            Self::Signalled { signal } => Some(signal),
        }
    }
}

/// What happened in a run without ending it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Flag {
    /// A fork or a thread was refused.
    ProcessLimit,
    /// A tmpfs of the box was full, in bytes or inodes.
    DiskFull,
    /// The kernel killed a process for memory that was not the run's first.
    OomChild,
    /// More than 64 KiB came on stderr; the rest was dropped.
    StderrCut,
}

/// What isolates and measures a run on this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Isolation {
    /// One unified hierarchy with the memory and pids controllers.
    CgroupV2,
    /// Memory and pids from v1, kill and exact CPU time from a v2 tree without controllers.
    CgroupHybrid,
    /// v1 controllers only.
    CgroupV1,
    /// No cgroup: a user namespace, rlimits and polling. Approximate.
    Rootless,
}

macro_rules! names {
    ($type:ident, $($variant:ident = $name:literal),+ $(,)?) => {
        impl $type {
            /// Every value, in order of declaration.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The name used in reports.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $name),+
                }
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl FromStr for $type {
            type Err = String;

            /// Reads the name used in reports; the error lists the names there are.
            fn from_str(text: &str) -> Result<Self, String> {
                Self::ALL.iter().copied().find(|value| value.as_str() == text).ok_or_else(|| {
                    let known: Vec<&str> = Self::ALL.iter().map(|value| value.as_str()).collect();
                    format!("`{text}` is none of {}", known.join(", "))
                })
            }
        }
    };
}

names!(
    LimitKind,
    CpuTime = "cpu_time",
    WallTime = "wall_time",
    Memory = "memory",
    Output = "output"
);
names!(By, Itself = "self", Watchdog = "watchdog", Kernel = "kernel");
names!(
    Flag,
    ProcessLimit = "process_limit",
    DiskFull = "disk_full",
    OomChild = "oom_child",
    StderrCut = "stderr_cut"
);
names!(
    Isolation,
    CgroupV2 = "cgroup-v2",
    CgroupHybrid = "cgroup-hybrid",
    CgroupV1 = "cgroup-v1",
    Rootless = "rootless"
);

/// Everything that is known of a run once it is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunReport {
    /// Why it ended.
    pub cause: Cause,
    /// How its first process ended.
    pub ending: Ending,
    /// CPU time of all processes, children that nobody waited for included.
    pub cpu: CpuTime,
    /// From exec to the end of the first process.
    pub wall: WallTime,
    /// The most memory in use at once.
    pub memory: Bytes,
    /// Bytes written to stdout (counted to just above the limit).
    pub stdout_bytes: Bytes,
    /// Bytes written to stderr.
    pub stderr_bytes: Bytes,
    /// The most processes and threads that existed at once.
    pub processes_peak: u32,
    /// What happened without ending the run, sorted, each once.
    pub flags: Vec<Flag>,
    /// What isolated and measured it.
    pub isolation: Isolation,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_back() {
        for flag in Flag::ALL {
            assert_eq!(flag.as_str().parse(), Ok(*flag));
        }
        for isolation in Isolation::ALL {
            assert_eq!(isolation.as_str().parse(), Ok(*isolation));
        }
        for limit in LimitKind::ALL {
            assert_eq!(limit.as_str().parse(), Ok(*limit));
        }
        let error = "wall".parse::<LimitKind>().unwrap_err();
        assert!(error.contains("cpu_time, wall_time, memory, output"), "{error}");
    }

    #[test]
    fn an_ending_is_a_code_or_a_signal_never_both() {
        let exited = Ending::Exited { code: 137 };
        assert_eq!((exited.exit_code(), exited.signal()), (Some(137), None));
        let signalled = Ending::Signalled { signal: 9 };
        assert_eq!((signalled.exit_code(), signalled.signal()), (None, Some(9)));
    }
}
