//! The verdict, all runs, and where they ran.

use crate::{
    Bytes, Cause, CpuTime, Digest, Ending, Generation, Isolation, LanguageId, NodeId, ProblemId,
    SubmissionId, Tenant, Verdict, WallTime,
};

/// Whose fault a judge error is; never the contestant's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fault {
    /// The checker or interactor crashed, ran into a limit or said what no checker may say.
    Checker,
    /// The package is unusable: missing test, unknown language of a part, unreadable manifest.
    Package,
    /// The node could not build a box, lacks a compiler, lost a file.
    Node,
    /// The broker lost or refused something.
    Broker,
}

impl Fault {
    /// Every fault.
    pub const ALL: [Self; 4] = [Self::Checker, Self::Package, Self::Node, Self::Broker];

    /// The name used in reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Checker => "checker",
            Self::Package => "package",
            Self::Node => "node",
            Self::Broker => "broker",
        }
    }
}

/// Points of a scored problem.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Score {
    /// What was reached.
    pub points: f64,
    /// What can be reached.
    pub max: f64,
}

/// Which problem was judged: the revision, not only the name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JudgedProblem {
    /// The short name.
    pub id: ProblemId,
    /// The SHA-256 of the package's content; `None` when the problem was never found.
    pub revision: Option<Digest>,
}

/// How compilation went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompileResult {
    /// Whether there is something to run.
    pub ok: bool,
    /// Whether an earlier compilation was reused.
    pub cached: bool,
    /// CPU time of the compiler; of the original compilation when cached.
    pub cpu: CpuTime,
    /// Wall-clock time of the compiler.
    pub wall: WallTime,
    /// What the compiler printed, at most 64 KiB, as text.
    pub log: String,
}

/// One test of a judgement.
#[derive(Debug, Clone, PartialEq)]
pub struct TestResult {
    /// The test's name in its package: `01`, `secret/07-max`.
    pub name: String,
    /// The group it belongs to.
    pub group: Option<String>,
    /// Its verdict.
    pub verdict: Verdict,
    /// Its points, for scored problems.
    pub score: Option<Score>,
    /// CPU time of the contestant's program.
    pub cpu: CpuTime,
    /// Wall-clock time of the contestant's program.
    pub wall: WallTime,
    /// Peak memory of the contestant's program.
    pub memory: Bytes,
    /// Why the contestant's program ended; `None` for a test that was not run.
    pub cause: Option<Cause>,
    /// How it ended; `None` for a test that was not run.
    pub ending: Option<Ending>,
    /// What the checker said, at most 1 KiB.
    pub comment: String,
    /// The other runs of this test, in order: it was run again because it ended a little above its
    /// CPU limit, and the best run counts.
    pub repeats: Vec<Repeat>,
}

/// A run of a test that another one took the place of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repeat {
    /// CPU time.
    pub cpu: CpuTime,
    /// Wall-clock time.
    pub wall: WallTime,
    /// Peak memory.
    pub memory: Bytes,
    /// Why it ended.
    pub cause: Cause,
}

/// What a group of tests came to.
#[derive(Debug, Clone, PartialEq)]
pub struct GroupResult {
    /// The group's name in its package: `1`, `secret/group1`.
    pub name: String,
    /// Its verdict; [`Verdict::Skipped`] when it was not judged to its end.
    pub verdict: Verdict,
    /// Its points, for scored problems.
    pub score: Option<Score>,
}

/// The verdict on a submission, with everything it rests on.
#[derive(Debug, Clone, PartialEq)]
pub struct Judgement {
    /// Which submission.
    pub submission: SubmissionId,
    /// Whose.
    pub tenant: Tenant,
    /// Which judging of it.
    pub generation: Generation,
    /// Which problem.
    pub problem: JudgedProblem,
    /// The language it was judged in.
    pub language: LanguageId,
    /// What the contestant is told.
    pub verdict: Verdict,
    /// Points, for scored problems.
    pub score: Option<Score>,
    /// The name of the test that decided.
    pub decided_by: Option<String>,
    /// For a judge error: whose fault, and one line about it.
    pub fault: Option<(Fault, String)>,
    /// Compilation; `None` when it was never reached.
    pub compile: Option<CompileResult>,
    /// All tests in order.
    pub tests: Vec<TestResult>,
    /// The groups of tests in order; empty when the problem has none, or nothing was judged.
    pub groups: Vec<GroupResult>,
    /// Where it was judged.
    pub node: NodeId,
    /// The how-manieth delivery of the job this was, from 1.
    pub attempt: u32,
    /// What isolated and measured the runs; `None` when nothing was run.
    pub isolation: Option<Isolation>,
}

impl Judgement {
    /// The most CPU time of any test.
    #[must_use]
    pub fn cpu_max(&self) -> CpuTime {
        self.tests.iter().map(|test| test.cpu).max().unwrap_or(CpuTime::ZERO)
    }

    /// The most memory of any test.
    #[must_use]
    pub fn memory_max(&self) -> Bytes {
        self.tests.iter().map(|test| test.memory).max().unwrap_or(Bytes::ZERO)
    }
}

/// How far a judging has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// A slot has taken the job.
    Received,
    /// The compiler runs.
    Compiling,
    /// A test runs.
    Testing {
        /// From 1.
        test: u32,
        /// How many there are.
        of: u32,
    },
    /// The verdict is stored.
    Done,
}

/// News of a judging; it may be lost, the verdict may not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// Which submission.
    pub submission: SubmissionId,
    /// Whose.
    pub tenant: Tenant,
    /// Which judging of it.
    pub generation: Generation,
    /// How far it has come.
    pub stage: Stage,
}
