//! Where the CPU time of a judging goes: what programs used is known by whose they are, and what is
//! left over is the judge's own.

use minos_model::CpuTime;

/// CPU time of the programs that a workshop has run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Spent {
    /// Compilers.
    pub compile: CpuTime,
    /// Contestants' programs, repetitions included.
    pub run: CpuTime,
    /// Checkers, interactors, graders and scorers that are programs.
    pub check: CpuTime,
}

impl Spent {
    /// All of it.
    #[must_use]
    pub const fn all(&self) -> CpuTime {
        self.compile.saturating_add(self.run).saturating_add(self.check)
    }

    /// What came on top of an earlier reading.
    #[must_use]
    pub const fn since(&self, earlier: &Self) -> Self {
        Self {
            compile: self.compile.saturating_sub(earlier.compile),
            run: self.run.saturating_sub(earlier.run),
            check: self.check.saturating_sub(earlier.check),
        }
    }
}
