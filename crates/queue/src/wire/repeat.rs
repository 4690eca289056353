//! The runs of a test that others took the place of, within `minos.judgement/1`.

use minos_model::{Bytes, CpuTime, Repeat, WallTime};
use serde::{Deserialize, Serialize};

use super::cause::CauseV1;
use super::judgement::WireError;

/// A run of a test that another one took the place of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RepeatV1 {
    /// CPU time in microseconds.
    pub cpu_us: u64,
    /// Wall-clock time in microseconds.
    pub wall_us: u64,
    /// Peak memory in bytes.
    pub memory_bytes: u64,
    /// Why it ended.
    pub cause: CauseV1,
}

impl From<&Repeat> for RepeatV1 {
    fn from(repeat: &Repeat) -> Self {
        Self {
            cpu_us: repeat.cpu.micros(),
            wall_us: repeat.wall.micros(),
            memory_bytes: repeat.memory.get(),
            cause: CauseV1::from(&repeat.cause),
        }
    }
}

impl RepeatV1 {
    pub(super) fn into_repeat(self) -> Result<Repeat, WireError> {
        Ok(Repeat {
            cpu: CpuTime::from_micros(self.cpu_us),
            wall: WallTime::from_micros(self.wall_us),
            memory: Bytes::new(self.memory_bytes),
            cause: self.cause.into_cause()?,
        })
    }
}
