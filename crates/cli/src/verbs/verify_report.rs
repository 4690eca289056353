//! `minos.verify/1`.

use minos_judge::Verified;
use minos_model::TestResult;
use serde::Serialize;

use super::verify::Verification;
use crate::exit::Exit;

#[derive(Debug, Serialize)]
pub(crate) struct Document<'a> {
    schema: &'static str,
    problem: ProblemPart<'a>,
    /// Everything was looked at, and nothing contradicts the package.
    ok: bool,
    time_limit_us: u64,
    memory_limit_bytes: u64,
    /// What the package claims of itself and is not so.
    package: Vec<FindingPart<'a>>,
    /// What could not be looked at.
    troubles: Vec<TroublePart<'a>>,
    /// What the package holds and nobody here uses.
    notes: &'a [String],
    tests: Vec<&'a str>,
    /// The group of each of the tests.
    test_groups: Vec<Option<&'a str>>,
    solutions: Vec<SolutionPart<'a>>,
}

#[derive(Debug, Serialize)]
struct ProblemPart<'a> {
    name: &'a str,
    revision: String,
}

#[derive(Debug, Serialize)]
struct FindingPart<'a> {
    place: &'a str,
    message: &'a str,
}

#[derive(Debug, Serialize)]
struct TroublePart<'a> {
    fault: &'static str,
    message: &'a str,
}

#[derive(Debug, Serialize)]
struct SolutionPart<'a> {
    name: &'a str,
    /// Its tag, or its directory.
    label: &'a str,
    language: Option<&'a str>,
    ok: bool,
    verdict: Option<&'static str>,
    score: Option<ScorePart>,
    contradictions: &'a [String],
    trouble: Option<TroublePart<'a>>,
    cpu_us_max: Option<u64>,
    tests: Vec<TestPart<'a>>,
    groups: Vec<GroupPart<'a>>,
}

#[derive(Debug, Serialize)]
struct GroupPart<'a> {
    name: &'a str,
    verdict: &'static str,
    score: Option<ScorePart>,
}

#[derive(Debug, Serialize)]
struct ScorePart {
    points: f64,
    max: f64,
}

#[derive(Debug, Serialize)]
struct TestPart<'a> {
    name: &'a str,
    group: Option<&'a str>,
    verdict: &'static str,
    score: Option<ScorePart>,
    cpu_us: u64,
    wall_us: u64,
    memory_bytes: u64,
    comment: &'a str,
}

impl<'a> Document<'a> {
    pub(crate) fn of(verification: &'a Verification) -> Self {
        let Verification { package, problem, findings, solutions, troubles } = verification;
        let finding = |one: &'a minos_judge::Finding| FindingPart {
            place: &one.place,
            message: &one.message,
        };
        Self {
            schema: "minos.verify/1",
            problem: ProblemPart {
                name: problem.id.as_str(),
                revision: problem.revision.to_string(),
            },
            ok: verification.exit() == Exit::Yes,
            time_limit_us: problem.limits.cpu.micros(),
            memory_limit_bytes: problem.limits.memory.get(),
            package: findings.iter().map(finding).collect(),
            troubles: troubles.iter().map(TroublePart::of).collect(),
            notes: &package.notes,
            tests: problem.tests.iter().map(|test| test.name.as_str()).collect(),
            test_groups: problem.tests.iter().map(|test| test.group.as_deref()).collect(),
            solutions: solutions.iter().map(SolutionPart::of).collect(),
        }
    }
}

impl<'a> TroublePart<'a> {
    fn of(trouble: &'a minos_judge::Trouble) -> Self {
        Self { fault: trouble.fault.as_str(), message: &trouble.message }
    }
}

impl<'a> SolutionPart<'a> {
    fn of(verified: &'a Verified) -> Self {
        let judgement = verified.judgement.as_ref();
        let tests = judgement.map_or(&[][..], |judgement| &judgement.tests);
        Self {
            name: &verified.name,
            label: &verified.label,
            language: judgement.map(|judgement| judgement.language.as_str()),
            ok: verified.contradictions.is_empty() && verified.trouble.is_none(),
            verdict: judgement.map(|judgement| judgement.verdict.as_str()),
            score: judgement.and_then(|judgement| judgement.score).map(ScorePart::of),
            contradictions: &verified.contradictions,
            trouble: verified.trouble.as_ref().map(TroublePart::of),
            cpu_us_max: judgement.map(|judgement| judgement.cpu_max().micros()),
            tests: tests.iter().map(TestPart::of).collect(),
            groups: judgement
                .map_or(&[][..], |judgement| &judgement.groups)
                .iter()
                .map(|group| GroupPart {
                    name: &group.name,
                    verdict: group.verdict.as_str(),
                    score: group.score.map(ScorePart::of),
                })
                .collect(),
        }
    }
}

impl ScorePart {
    const fn of(score: minos_model::Score) -> Self {
        Self { points: score.points, max: score.max }
    }
}

impl<'a> TestPart<'a> {
    fn of(test: &'a TestResult) -> Self {
        Self {
            name: &test.name,
            group: test.group.as_deref(),
            verdict: test.verdict.as_str(),
            score: test.score.map(ScorePart::of),
            cpu_us: test.cpu.micros(),
            wall_us: test.wall.micros(),
            memory_bytes: test.memory.get(),
            comment: &test.comment,
        }
    }
}
