//! A problem of three tests and compilers that work, by scripted runs.

use std::sync::Arc;

use minos_model::{By, Bytes, Cause, CpuTime, Digest, Generation, Judgement, LimitKind, Stage};
use minos_problem::{Checker, Languages, Part, Problem, ProblemLimits, StandardChecker, Test};

use super::{Options, SubmissionToJudge, judge};
use crate::at_hand::AtHand;
use crate::builds::Builds;
use crate::fake::{FakeRuns, Held, Reply};
use crate::spent::Spent;
use crate::trouble::Unjudged;
use crate::workshop::Workshop;

/// A problem with tests `01`, `02`, `03` whose inputs are `in1`.. and answers `1`..
pub(super) struct Scene {
    pub(super) dir: tempfile::TempDir,
    pub(super) problem: Problem,
    pub(super) submitted: (&'static str, Vec<u8>),
    pub(super) options: Options,
}

pub(super) fn scene() -> Scene {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name);
    let tests = (1..=3).map(|n| {
        std::fs::write(path(&format!("in{n}")), format!("in{n}\n")).unwrap();
        std::fs::write(path(&format!("ans{n}")), format!("{n}\n")).unwrap();
        Test {
            group: Some("g".to_owned()),
            sample: n == 1,
            ..Test::new(format!("0{n}"), path(&format!("in{n}")), path(&format!("ans{n}")))
        }
    });
    std::fs::write(path("check.cpp"), "checker").unwrap();
    std::fs::write(path("testlib.h"), "testlib").unwrap();
    let limits = ProblemLimits::new(CpuTime::from_secs(1), Bytes::from_mib(64));
    let revision = Digest::from_bytes([7; 32]);
    let problem = Problem {
        tests: tests.collect(),
        checker: Checker::Standard(StandardChecker::Ncmp),
        ..Problem::new("sums".parse().unwrap(), revision, dir.path().to_owned(), limits)
    };
    Scene { dir, problem, submitted: ("c", b"source".to_vec()), options: Options::default() }
}

impl Scene {
    pub(super) fn with_checker(mut self, source: &str, kind: &str, language: &str) -> Self {
        self.problem.checker = Checker::Program(Part {
            source: self.dir.path().join(source),
            kind: kind.to_owned(),
            language: language.parse().unwrap(),
            resources: vec![self.dir.path().join("testlib.h")],
            further: Vec::new(),
        });
        self
    }

    pub(super) fn testlib(self) -> Self {
        self.with_checker("check.cpp", "cpp.g++17", "cpp17")
    }

    pub(super) fn all_tests(mut self) -> Self {
        self.options.all_tests = true;
        self
    }

    pub(super) fn judge(
        &self,
        runs: FakeRuns,
    ) -> (Result<Judgement, Box<Unjudged>>, FakeRuns, Vec<Stage>) {
        self.judge_with(runs, Arc::default())
    }

    /// The same with what others hold for their boxes.
    pub(super) fn judge_with(
        &self,
        runs: FakeRuns,
        at_hand: Arc<AtHand<Held>>,
    ) -> (Result<Judgement, Box<Unjudged>>, FakeRuns, Vec<Stage>) {
        let (judged, workshop, stages) = self.judge_in(runs, at_hand);
        (judged, workshop.into_runs(), stages)
    }

    /// What the programs of a judging used.
    pub(super) fn spent(&self, runs: FakeRuns) -> Spent {
        let (judged, workshop, _) = self.judge_in(runs, Arc::default());
        judged.unwrap();
        workshop.spent()
    }

    fn judge_in(
        &self,
        runs: FakeRuns,
        at_hand: Arc<AtHand<Held>>,
    ) -> (Result<Judgement, Box<Unjudged>>, Workshop<FakeRuns>, Vec<Stage>) {
        let builds =
            Arc::new(Builds::open(self.dir.path().join("builds"), Builds::DEFAULT_MAX).unwrap());
        let mut workshop =
            Workshop::new(runs, Arc::new(Languages::builtin()), builds).with_at_hand(at_hand);
        let mut stages = Vec::new();
        let submission = SubmissionToJudge {
            id: "s1".parse().unwrap(),
            tenant: "t".parse().unwrap(),
            generation: Generation::FIRST,
            language: self.submitted.0.parse().unwrap(),
            source: &self.submitted.1,
            attempt: 2,
            node: "n1".parse().unwrap(),
        };
        let judged =
            judge(&mut workshop, &submission, &self.problem, &self.options, &mut |stage| {
                stages.push(stage);
            });
        (judged, workshop, stages)
    }

    pub(super) fn judged(&self, runs: FakeRuns) -> Judgement {
        self.judge(runs).0.unwrap()
    }

    pub(super) fn unjudged(&self, runs: FakeRuns) -> Unjudged {
        *self.judge(runs).0.unwrap_err()
    }
}

/// Compilers that work. Programs are known by what they were made of: `<BIN>`, `<CHECK>`.
pub(super) fn compilers() -> FakeRuns {
    FakeRuns::default()
        .on("--version", Reply::print("12.2"))
        .on("main.c -lm", Reply::exit(0).file("main", "BIN").stderr("warning: w\n"))
        .on("main.cpp", Reply::exit(0).file("main", "CHECK"))
}

pub(super) fn right(runs: FakeRuns) -> FakeRuns {
    runs.on("<BIN> < in1", Reply::print("1"))
        .on("<BIN> < in2", Reply::print("2"))
        .on("<BIN> < in3", Reply::print("3"))
}

pub(super) fn limit(limit: LimitKind) -> Cause {
    Cause::Limit { limit, by: By::Watchdog, allowed: 1, observed: 2 }
}

pub(super) fn verdicts(judgement: &Judgement) -> Vec<&'static str> {
    judgement.tests.iter().map(|test| test.verdict.as_str()).collect()
}
