//! What programs of a problem may use.

use minos_model::{Bytes, CpuTime, LanguageId, RawLimits, WallTime};

/// What a solution may use; the language adds processes and descriptors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProblemLimits {
    /// CPU time.
    pub cpu: CpuTime,
    /// Wall-clock time.
    pub wall: WallTime,
    /// Memory.
    pub memory: Bytes,
    /// Bytes on stdout.
    pub output: Bytes,
}

impl ProblemLimits {
    /// Output where a package gives no limit.
    pub const DEFAULT_OUTPUT: Bytes = Bytes::from_mib(64);
    /// The least wall-clock limit where a package gives none.
    pub const LEAST_WALL: WallTime = WallTime::from_secs(3);

    /// The defaults of the contract around what a package gives: output 64 MiB, wall-clock twice
    /// the CPU limit and one second more, at least three seconds.
    #[must_use]
    pub fn new(cpu: CpuTime, memory: Bytes) -> Self {
        let twice = cpu.saturating_add(cpu).saturating_add(CpuTime::from_secs(1));
        let wall = WallTime::from_micros(twice.micros()).max(Self::LEAST_WALL);
        Self { cpu, wall, memory, output: Self::DEFAULT_OUTPUT }
    }

    /// Together with what the language says; still to be checked by `Limits::new`.
    #[must_use]
    pub const fn raw(&self, processes: u32, files: u32) -> RawLimits {
        RawLimits {
            cpu: self.cpu,
            wall: self.wall,
            memory: self.memory,
            output: self.output,
            processes,
            files,
            stack: None,
        }
    }
}

/// What a package asks for beside the limits of a run. `None` where it leaves the choice to the
/// judge.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rules {
    /// The languages a submission may be written in; `None` for every one.
    pub languages: Option<Vec<LanguageId>>,
    /// The longest source.
    pub code: Option<Bytes>,
    /// Whether a solution's working directory is read-only to it.
    pub no_file_writing: bool,
    /// CPU time of the compiler.
    pub compile_cpu: Option<CpuTime>,
    /// Memory of the compiler.
    pub compile_memory: Option<Bytes>,
    /// CPU time of the checker or interactor. An interactor does not pay for waiting.
    pub jury_cpu: Option<CpuTime>,
    /// Memory of the checker or interactor.
    pub jury_memory: Option<Bytes>,
    /// Bytes that the checker or interactor may write.
    pub jury_output: Option<Bytes>,
}

/// How a time limit follows from the jury's solutions, for packages that give none. Whoever
/// prepares the package measures them under [`Package::limits`](crate::Package), which then hold
/// only for this purpose, and tells the draft.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Inference {
    /// The limit is at least this many thousandths of the slowest run of a solution that has to
    /// keep it.
    pub ac_to_limit_milli: u32,
    /// This many thousandths of the limit must not be more than the slowest run of any solution
    /// that has to exceed it.
    pub limit_to_tle_milli: u32,
    /// The limit is the smallest multiple of this, at least one.
    pub resolution: CpuTime,
}

impl Inference {
    /// CPU time that a run may take while limits are being inferred.
    pub const CEILING: CpuTime = CpuTime::from_secs(60);

    /// The limit that follows from the slowest run, over all tests, of the solutions that have to
    /// keep it.
    #[must_use]
    pub fn limit(&self, slowest: CpuTime) -> CpuTime {
        let needed =
            slowest.micros().saturating_mul(u64::from(self.ac_to_limit_milli)).div_ceil(1000);
        let step = self.resolution.micros().max(1);
        CpuTime::from_micros(needed.div_ceil(step).max(1).saturating_mul(step))
    }

    /// CPU time that a solution which has to exceed the limit must take at least.
    #[must_use]
    pub fn too_slow(&self, limit: CpuTime) -> CpuTime {
        let needed = limit.micros().saturating_mul(u64::from(self.limit_to_tle_milli));
        CpuTime::from_micros(needed.div_ceil(1000))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_inferred_limit_is_the_smallest_multiple_that_leaves_room() {
        let inference = |ac, resolution| Inference {
            ac_to_limit_milli: ac,
            limit_to_tle_milli: 1_500,
            resolution: CpuTime::from_ms(resolution),
        };
        for (ac, resolution, slowest_ms, limit_ms) in [
            (2_000, 1_000, 0, 1_000),
            (2_000, 1_000, 499, 1_000),
            (2_000, 1_000, 500, 1_000),
            (2_000, 1_000, 501, 2_000),
            (5_000, 1_000, 300, 2_000),
            (2_000, 100, 510, 1_100),
            (1_000, 250, 260, 500),
        ] {
            let limit = inference(ac, resolution).limit(CpuTime::from_ms(slowest_ms));
            assert_eq!(limit, CpuTime::from_ms(limit_ms), "{ac} {resolution} {slowest_ms}");
        }
        assert_eq!(
            inference(2_000, 1_000).too_slow(CpuTime::from_ms(2_000)),
            CpuTime::from_ms(3_000)
        );
    }
}
