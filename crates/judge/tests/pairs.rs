//! Two programs that talk, in real boxes joined by pipes: who ends, closes, floods or waits first,
//! and the verdict that follows. Needs what boxes need: root with control groups, or unprivileged
//! user namespaces; and a C compiler.

#![expect(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use minos_judge::{Builds, Options, Sandboxed, SubmissionToJudge, Workshop, judge};
use minos_model::{Bytes, CpuTime, Digest, Fault, Generation, Judgement, WallTime};
use minos_problem::{
    Checker, JuryProgram, Languages, Mode, Part, Problem, ProblemLimits, Test, Validators,
};
use minos_sandbox::{Sandbox, SandboxConfig};

fn source(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/pairs").join(name)
}

fn workshop(slot: u16) -> Workshop<Sandboxed> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let args = ["build", "--quiet", "-p", "minos-sandbox", "--bins"];
    let built = Command::new(cargo).args(args).status().unwrap();
    assert!(built.success(), "the warden does not build");
    let sandbox = Arc::new(Sandbox::open(SandboxConfig::default()).unwrap());
    let store = Path::new(env!("CARGO_TARGET_TMPDIR")).join("builds");
    let builds = Builds::open(store, Builds::DEFAULT_MAX).unwrap();
    let boxes = Sandboxed::open(sandbox, slot).unwrap();
    Workshop::new(boxes, Arc::new(Languages::builtin()), Arc::new(builds))
}

/// A problem of one test, on which the two behave as they are told.
fn problem(dir: &Path, submission: &str, validator: &str) -> Problem {
    let (input, answer) = (dir.join("in"), dir.join("ans"));
    fs::write(&input, "").unwrap();
    fs::write(&answer, "").unwrap();
    let limits = ProblemLimits {
        cpu: CpuTime::from_ms(500),
        wall: WallTime::from_secs(4),
        memory: Bytes::from_mib(64),
        output: Bytes::from_mib(4),
    };
    let revision = Digest::from_bytes([0; 32]);
    let mut problem = Problem::new("talk".parse().unwrap(), revision, dir.to_owned(), limits);
    problem.mode = Mode { interactive: true, ..Mode::BATCH };
    problem.rules.jury_cpu = Some(CpuTime::from_ms(1_500));
    problem.checker = Checker::Validators(Validators {
        programs: vec![JuryProgram::Part(Part {
            source: source("validator.c"),
            kind: "c".to_owned(),
            language: "c".parse().unwrap(),
            resources: Vec::new(),
            further: Vec::new(),
        })],
        scores: false,
    });
    let mut test = Test::new("01", input, answer);
    test.args = vec![submission.to_owned()];
    test.validator_args = vec![validator.to_owned()];
    problem.tests.push(test);
    problem
}

fn judged(workshop: &mut Workshop<Sandboxed>, problem: &Problem) -> Judgement {
    let source = fs::read(source("submission.c")).unwrap();
    let submission = SubmissionToJudge {
        id: "talk".parse().unwrap(),
        tenant: "default".parse().unwrap(),
        generation: Generation::FIRST,
        language: "c".parse().unwrap(),
        source: &source,
        attempt: 1,
        node: "test".parse().unwrap(),
    };
    let judged = judge(workshop, &submission, problem, &Options::default(), &mut |_stage| {});
    judged.unwrap_or_else(|unjudged| unjudged.judgement)
}

/// Submission, validator, verdict.
#[track_caller]
fn check(slot: u16, rows: &[(&str, &str, &str)]) {
    let dir = tempfile::tempdir().unwrap();
    let mut workshop = workshop(slot);
    let mut complaints = Vec::new();
    for (submission, validator, expected) in rows {
        let problem = problem(dir.path(), submission, validator);
        let judgement = judged(&mut workshop, &problem);
        let fault = judgement.fault.as_ref().map(|(fault, _)| *fault);
        let right = judgement.verdict.as_str() == *expected
            && fault == (*expected == "JE").then_some(Fault::Checker);
        if !right {
            let (verdict, test) = (judgement.verdict, judgement.tests.first());
            let why = judgement.fault;
            complaints.push(format!("{submission} {validator}: {verdict} {why:?} {test:?}"));
        }
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

#[test]
fn who_ends_first_decides() {
    check(
        130,
        &[
            ("answer", "ask", "AC"),
            ("leave", "ask", "WA"),
            ("crash", "ask", "RTE"),
            ("fail", "ask", "RTE"),
            ("crash-at-end", "reject", "WA"),
            ("wait", "reject", "WA"),
            // Cut at the rejection: it would take its whole time.
            ("spin", "reject", "WA"),
            ("spin", "ask", "TLE"),
            ("leave", "accept-all", "AC"),
        ],
    );
}

#[test]
fn a_broken_pipe_is_nobodys_crash() {
    check(
        131,
        &[
            // The validator has accepted and gone while the submission still writes.
            ("chatter", "ask", "AC"),
            // The submission has gone while the validator still writes.
            ("leave", "talk-on", "WA"),
            ("close", "ask", "WA"),
            ("deaf", "talk-on", "WA"),
        ],
    );
}

#[test]
fn a_validator_that_fails_is_at_fault() {
    check(
        132,
        &[
            ("answer", "crash", "JE"),
            ("answer", "unknown", "JE"),
            ("wait", "crash", "JE"),
            ("wait", "spin", "JE"),
            ("spin", "crash", "JE"),
        ],
    );
}

#[test]
fn floods_and_waits_end_at_a_limit_of_the_submission() {
    check(
        133,
        &[
            ("flood", "silent", "OLE"),
            // What is said on stderr is no output.
            ("complain", "ask", "AC"),
            ("flood", "accept-all", "OLE"),
            ("flood", "flood", "WTL"),
            ("wait", "silent", "WTL"),
        ],
    );
}

#[test]
fn boxes_of_a_pair_are_as_fresh_as_any() {
    let dir = tempfile::tempdir().unwrap();
    let mut workshop = workshop(134);
    for round in 0..20 {
        let good = problem(dir.path(), "answer", "ask");
        assert_eq!(judged(&mut workshop, &good).verdict.as_str(), "AC", "round {round}");
        let bad = problem(dir.path(), "crash", "ask");
        let judgement = judged(&mut workshop, &bad);
        let why = format!("round {round}: {:?}", judgement.tests.first());
        assert_eq!(judgement.verdict.as_str(), "RTE", "{why}");
    }
}
