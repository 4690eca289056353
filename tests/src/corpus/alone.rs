//! How a program is run alone: one box, no judge around it, every level of isolation.

use anyhow::Result;
use minos_model::{Bytes, CpuTime, Limits, RawLimits, WallTime};
use serde::Deserialize;

use super::ExpectedCause;

/// What is said of a run alone; what is not said has its default.
#[derive(Debug, Clone, Default)]
pub struct Alone {
    cpu: Option<CpuTime>,
    wall: Option<WallTime>,
    memory: Option<Bytes>,
    output: Option<Bytes>,
    processes: Option<u32>,
    files: Option<u32>,
    /// This many bytes on stdin, instead of the first test of `range-sums`.
    pub input: Option<Bytes>,
    /// It measures exact times, which mean nothing on an emulated machine.
    pub timed: bool,
    /// The run may not be told to have used more.
    pub memory_at_most: Option<Bytes>,
    /// Files that are fetched after the run, as the compiler's results are.
    pub collect: Vec<Collected>,
}

/// A file that is asked for after a run.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Collected {
    /// Relative to `/w`.
    pub path: String,
    /// What must come; `None` when nothing may come.
    pub content: Option<String>,
}

/// `[alone]` as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    cpu: Option<String>,
    wall: Option<String>,
    memory: Option<String>,
    output: Option<String>,
    processes: Option<u32>,
    files: Option<u32>,
    input: Option<String>,
    #[serde(default)]
    timed: bool,
    memory_at_most: Option<String>,
    #[serde(default)]
    collect: Vec<Collected>,
}

impl Written {
    pub(super) fn read(self) -> Result<Alone> {
        let size = |text: Option<String>| text.map(|text| text.parse()).transpose();
        Ok(Alone {
            cpu: self.cpu.map(|text| text.parse()).transpose()?,
            wall: self.wall.map(|text| text.parse()).transpose()?,
            memory: size(self.memory)?,
            output: size(self.output)?,
            processes: self.processes,
            files: self.files,
            input: size(self.input)?,
            timed: self.timed,
            memory_at_most: size(self.memory_at_most)?,
            collect: self.collect,
        })
    }
}

/// An emulated processor is at least that much slower.
const EMULATED_SLOWER: u64 = 4;
const EMULATED_MEMORY: Bytes = Bytes::from_mib(48);
/// Limits that must not decide.
const LOOSE_CPU: CpuTime = CpuTime::from_secs(10);
const LOOSE_WALL: WallTime = WallTime::from_secs(20);

impl Alone {
    /// For a compiler that is run alone.
    #[must_use]
    pub const fn of_a_compiler() -> Self {
        Self {
            cpu: Some(CpuTime::from_secs(2)),
            wall: None,
            memory: Some(Bytes::from_mib(256)),
            output: Some(Bytes::from_mib(16)),
            processes: Some(64),
            files: Some(256),
            input: None,
            timed: false,
            memory_at_most: None,
            collect: Vec::new(),
        }
    }

    /// The limits of a run alone: the one that is expected to end it is tight, so that it does so
    /// soon; the others are loose, so that they do not decide on a busy machine. An emulated
    /// machine has more time and, where nothing is said, less memory, which takes long to fill.
    ///
    /// # Errors
    /// When the corpus asks for limits that no run can have.
    pub fn limits(&self, cause: Option<&ExpectedCause>, emulated: bool) -> Result<Limits> {
        let (slower, memory) =
            if emulated { (EMULATED_SLOWER, EMULATED_MEMORY) } else { (1, Bytes::from_mib(128)) };
        let ends_at = cause.and_then(|cause| cause.limit.as_deref());
        let tight_cpu = if ends_at == Some("cpu_time") { CpuTime::from_ms(300) } else { LOOSE_CPU };
        let tight_wall =
            if ends_at == Some("wall_time") { WallTime::from_ms(400) } else { LOOSE_WALL };
        let (cpu, wall) = (self.cpu.unwrap_or(tight_cpu), self.wall.unwrap_or(tight_wall));
        let raw = RawLimits {
            cpu: CpuTime::from_micros(cpu.micros() * slower),
            wall: WallTime::from_micros(wall.micros() * slower),
            memory: self.memory.unwrap_or(memory),
            output: self.output.unwrap_or(Bytes::from_mib(4)),
            processes: self.processes.unwrap_or(32),
            files: self.files.unwrap_or(64),
            stack: None,
        };
        Ok(Limits::new(raw)?)
    }
}
