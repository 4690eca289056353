//! `minos.judgement/1`: the verdict and everything it rests on.

use std::fmt::Display;

use minos_model::{
    Bytes, CompileResult, CpuTime, Ending, Fault, GroupResult, JudgedProblem, Judgement, Score,
    TestResult, WallTime,
};
use serde::{Deserialize, Serialize};

use super::cause::CauseV1;
use super::repeat::RepeatV1;
use super::to_json;

/// The largest judgement on the wire, in bytes; the stream takes no larger message. What is larger
/// loses comments and the compiler's log, then its last tests.
pub const MAX_JUDGEMENT: usize = 512 * 1024;

/// The name of this version.
const SCHEMA: &str = "minos.judgement/1";

/// A field of a wire form that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {reason}")]
pub struct WireError {
    /// Which field.
    pub field: &'static str,
    /// What was expected.
    pub reason: String,
}

impl WireError {
    pub(crate) fn new(field: &'static str, reason: impl Into<String>) -> Self {
        Self { field, reason: reason.into() }
    }

    pub(crate) fn field<T, E: Display>(
        field: &'static str,
        result: Result<T, E>,
    ) -> Result<T, Self> {
        result.map_err(|error| Self::new(field, error.to_string()))
    }
}

/// A judgement, version 1. Frozen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JudgementV1 {
    /// `minos.judgement/1`.
    pub schema: String,
    /// Which submission.
    pub submission: String,
    /// Which problem.
    pub problem: ProblemV1,
    /// The language it was judged in.
    pub language: String,
    /// The verdict's identifier; `None` while a submission is pending (only `minos result` says so).
    pub verdict: Option<String>,
    /// The scoreboard's simplification.
    pub big5: Option<String>,
    /// Points, for scored problems.
    pub score: Option<ScoreV1>,
    /// The name of the test that decided.
    pub decided_by: Option<String>,
    /// `checker`, `package`, `node` or `broker`; only with JE.
    pub fault: Option<String>,
    /// One line about the fault.
    #[serde(default)]
    pub fault_message: Option<String>,
    /// Compilation; `None` when it was never reached.
    pub compile: Option<CompileV1>,
    /// All tests in order.
    pub tests: Vec<TestV1>,
    /// The most CPU time of any test, in microseconds.
    pub cpu_us_max: u64,
    /// The most memory of any test, in bytes.
    pub memory_bytes_max: u64,
    /// Where it was judged.
    pub node: String,
    /// The how-manieth delivery this was, from 1.
    pub attempt: u32,
    /// What isolated and measured the runs; `None` when nothing was run.
    pub isolation: Option<String>,
    /// Whose submission.
    pub tenant: String,
    /// Which judging of it.
    pub generation: u32,
    /// The groups of tests in order; absent when there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<GroupV1>,
}

/// Which problem was judged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProblemV1 {
    /// The short name.
    pub name: String,
    /// The SHA-256 of its content; `None` when it was never found.
    pub revision: Option<String>,
}

/// Points of a scored problem.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ScoreV1 {
    /// What was reached.
    pub points: f64,
    /// What can be reached.
    pub max: f64,
}

/// How compilation went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CompileV1 {
    /// Whether there is something to run.
    pub ok: bool,
    /// Whether an earlier compilation was reused.
    pub cached: bool,
    /// CPU time in microseconds.
    pub cpu_us: u64,
    /// Wall-clock time in microseconds.
    pub wall_us: u64,
    /// What the compiler printed.
    pub log: String,
}

/// One test.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TestV1 {
    /// Its name in the package.
    pub name: String,
    /// The group it belongs to.
    pub group: Option<String>,
    /// Its verdict's identifier.
    pub verdict: String,
    /// Its points.
    pub score: Option<ScoreV1>,
    /// CPU time in microseconds.
    pub cpu_us: u64,
    /// Wall-clock time in microseconds.
    pub wall_us: u64,
    /// Peak memory in bytes.
    pub memory_bytes: u64,
    /// Why the program ended; `None` for a test that was not run.
    pub cause: Option<CauseV1>,
    /// The exit code, when it exited.
    pub exit_code: Option<u8>,
    /// The signal, when one ended it.
    pub signal: Option<u8>,
    /// What the checker said.
    pub comment: String,
    /// The other runs of this test, which was run again; absent when there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub repeats: Vec<RepeatV1>,
}

/// What a group of tests came to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GroupV1 {
    /// Its name in the package.
    pub name: String,
    /// Its verdict's identifier; `SK` when it was not judged to its end.
    pub verdict: String,
    /// Its points.
    pub score: Option<ScoreV1>,
}

impl From<&GroupResult> for GroupV1 {
    fn from(group: &GroupResult) -> Self {
        Self {
            name: group.name.clone(),
            verdict: group.verdict.to_string(),
            score: group.score.map(ScoreV1::from),
        }
    }
}

impl GroupV1 {
    fn into_group(self) -> Result<GroupResult, WireError> {
        Ok(GroupResult {
            name: self.name,
            verdict: WireError::field("groups.verdict", self.verdict.parse())?,
            score: self.score.map(Score::from),
        })
    }
}

impl From<Score> for ScoreV1 {
    fn from(score: Score) -> Self {
        Self { points: score.points, max: score.max }
    }
}

impl From<ScoreV1> for Score {
    fn from(score: ScoreV1) -> Self {
        Self { points: score.points, max: score.max }
    }
}

impl From<&TestResult> for TestV1 {
    fn from(test: &TestResult) -> Self {
        Self {
            name: test.name.clone(),
            group: test.group.clone(),
            verdict: test.verdict.to_string(),
            score: test.score.map(ScoreV1::from),
            cpu_us: test.cpu.micros(),
            wall_us: test.wall.micros(),
            memory_bytes: test.memory.get(),
            cause: test.cause.as_ref().map(CauseV1::from),
            exit_code: test.ending.and_then(Ending::exit_code),
            signal: test.ending.and_then(Ending::signal),
            comment: test.comment.clone(),
            repeats: test.repeats.iter().map(RepeatV1::from).collect(),
        }
    }
}

impl TestV1 {
    fn into_test(self) -> Result<TestResult, WireError> {
        let ending = match (self.exit_code, self.signal) {
            (Some(code), _) => Some(Ending::Exited { code }),
            (None, Some(signal)) => Some(Ending::Signalled { signal }),
            (None, None) => None,
        };
        Ok(TestResult {
            name: self.name,
            group: self.group,
            verdict: WireError::field("tests.verdict", self.verdict.parse())?,
            score: self.score.map(Score::from),
            cpu: CpuTime::from_micros(self.cpu_us),
            wall: WallTime::from_micros(self.wall_us),
            memory: Bytes::new(self.memory_bytes),
            cause: self.cause.map(CauseV1::into_cause).transpose()?,
            ending,
            comment: self.comment,
            repeats: self
                .repeats
                .into_iter()
                .map(RepeatV1::into_repeat)
                .collect::<Result<_, _>>()?,
        })
    }
}

impl From<&Judgement> for JudgementV1 {
    fn from(judgement: &Judgement) -> Self {
        let (fault, fault_message) = judgement
            .fault
            .as_ref()
            .map(|(fault, message)| (fault.as_str().to_owned(), message.clone()))
            .unzip();
        Self {
            schema: SCHEMA.to_owned(),
            submission: judgement.submission.to_string(),
            problem: ProblemV1 {
                name: judgement.problem.id.to_string(),
                revision: judgement.problem.revision.map(|revision| revision.to_string()),
            },
            language: judgement.language.to_string(),
            verdict: Some(judgement.verdict.to_string()),
            big5: judgement.verdict.big5().map(|big5| big5.as_str().to_owned()),
            score: judgement.score.map(ScoreV1::from),
            decided_by: judgement.decided_by.clone(),
            fault,
            fault_message,
            compile: judgement.compile.as_ref().map(|compile| CompileV1 {
                ok: compile.ok,
                cached: compile.cached,
                cpu_us: compile.cpu.micros(),
                wall_us: compile.wall.micros(),
                log: compile.log.clone(),
            }),
            tests: judgement.tests.iter().map(TestV1::from).collect(),
            cpu_us_max: judgement.cpu_max().micros(),
            memory_bytes_max: judgement.memory_max().get(),
            node: judgement.node.to_string(),
            attempt: judgement.attempt,
            isolation: judgement.isolation.map(|isolation| isolation.to_string()),
            tenant: judgement.tenant.to_string(),
            generation: judgement.generation.get(),
            groups: judgement.groups.iter().map(GroupV1::from).collect(),
        }
    }
}

impl JudgementV1 {
    /// Back into the words of the model.
    ///
    /// # Errors
    /// [`WireError`] names the field.
    pub fn into_judgement(self) -> Result<Judgement, WireError> {
        if self.schema != SCHEMA {
            return Err(WireError::new("schema", format!("expected `{SCHEMA}`")));
        }
        let fault = self.fault.map(|name| {
            let fault = Fault::ALL.into_iter().find(|fault| fault.as_str() == name);
            fault.ok_or_else(|| WireError::new("fault", format!("`{name}` is none")))
        });
        let message = self.fault_message.unwrap_or_default();
        let revision = self.problem.revision.map(|text| text.parse()).transpose();
        let isolation = self.isolation.map(|text| text.parse()).transpose();
        Ok(Judgement {
            submission: WireError::field("submission", self.submission.parse())?,
            tenant: WireError::field("tenant", self.tenant.parse())?,
            generation: WireError::field("generation", self.generation.to_string().parse())?,
            problem: JudgedProblem {
                id: WireError::field("problem.name", self.problem.name.parse())?,
                revision: WireError::field("problem.revision", revision)?,
            },
            language: WireError::field("language", self.language.parse())?,
            verdict: WireError::field("verdict", self.verdict.unwrap_or_default().parse())?,
            score: self.score.map(Score::from),
            decided_by: self.decided_by,
            fault: fault.transpose()?.map(|fault| (fault, message)),
            compile: self.compile.map(|compile| CompileResult {
                ok: compile.ok,
                cached: compile.cached,
                cpu: CpuTime::from_micros(compile.cpu_us),
                wall: WallTime::from_micros(compile.wall_us),
                log: compile.log,
            }),
            tests: self.tests.into_iter().map(TestV1::into_test).collect::<Result<_, _>>()?,
            groups: self.groups.into_iter().map(GroupV1::into_group).collect::<Result<_, _>>()?,
            node: WireError::field("node", self.node.parse())?,
            attempt: self.attempt,
            isolation: WireError::field("isolation", isolation)?,
        })
    }

    /// The bytes of a verdict's message, at most [`MAX_JUDGEMENT`]: what is too large loses first
    /// the checker's comments and the compiler's log, then its last tests; never its verdict.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let whole = to_json(self);
        if whole.len() <= MAX_JUDGEMENT {
            return whole;
        }
        let mut smaller = self.clone();
        if let Some(compile) = &mut smaller.compile {
            compile.log = compile.log.chars().take(4096).collect();
        }
        for test in &mut smaller.tests {
            test.comment = test.comment.chars().take(64).collect();
        }
        let mut bytes = to_json(&smaller);
        while bytes.len() > MAX_JUDGEMENT && !smaller.tests.is_empty() {
            let keep = smaller.tests.len() / 2;
            smaller.tests.truncate(keep);
            bytes = to_json(&smaller);
        }
        bytes
    }
}

#[cfg(test)]
#[path = "judgement_tests.rs"]
mod tests;
