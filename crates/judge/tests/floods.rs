//! Checkers that write without end, in real boxes: whose fault that is, and that nothing grows with
//! it. Needs what boxes need, and a C compiler.

#![expect(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use minos_judge::{Builds, Options, Sandboxed, SubmissionToJudge, Workshop, judge};
use minos_model::{Bytes, CpuTime, Digest, Fault, Generation, Judgement};
use minos_problem::{
    Checker, JuryProgram, Languages, Part, Problem, ProblemLimits, Test, Validators,
};
use minos_sandbox::{Sandbox, SandboxConfig};

fn workshop() -> Workshop<Sandboxed> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let args = ["build", "--quiet", "-p", "minos-sandbox", "--bins"];
    let built = Command::new(cargo).args(args).status().unwrap();
    assert!(built.success(), "the warden does not build");
    let sandbox = Arc::new(Sandbox::open(SandboxConfig::default()).unwrap());
    let store = Path::new(env!("CARGO_TARGET_TMPDIR")).join("builds");
    let builds = Builds::open(store, Builds::DEFAULT_MAX).unwrap();
    let boxes = Sandboxed::open(sandbox, 140).unwrap();
    Workshop::new(boxes, Arc::new(Languages::builtin()), Arc::new(builds))
}

/// A problem of one test whose checker, of testlib's protocol or of ICPC's, floods that.
fn problem(dir: &Path, validator: bool, floods: &str) -> Problem {
    let (input, answer) = (dir.join("in"), dir.join("ans"));
    fs::write(&input, "").unwrap();
    fs::write(&answer, "").unwrap();
    let limits = ProblemLimits::new(CpuTime::from_secs(1), Bytes::from_mib(64));
    let revision = Digest::from_bytes([0; 32]);
    let mut problem = Problem::new("floods".parse().unwrap(), revision, dir.to_owned(), limits);
    problem.rules.jury_cpu = Some(CpuTime::from_secs(1));
    let checker = Part {
        source: Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/floods/checker.c"),
        kind: "cpp.g++17".to_owned(),
        language: "cpp17".parse().unwrap(),
        resources: Vec::new(),
        further: Vec::new(),
    };
    let code = if validator { "42" } else { "0" };
    problem.checker = if validator {
        let programs = vec![JuryProgram::Part(checker)];
        Checker::Validators(Validators { programs, scores: false })
    } else {
        Checker::Program(checker)
    };
    let mut test = Test::new("01", input, answer);
    test.validator_args = vec![code.to_owned(), floods.to_owned()];
    problem.tests.push(test);
    problem
}

fn judged(workshop: &mut Workshop<Sandboxed>, problem: &Problem) -> Judgement {
    let submission = SubmissionToJudge {
        id: "talk".parse().unwrap(),
        tenant: "default".parse().unwrap(),
        generation: Generation::FIRST,
        language: "c".parse().unwrap(),
        source: b"int main(void) { return 0; }",
        attempt: 1,
        node: "test".parse().unwrap(),
    };
    let judged = judge(workshop, &submission, problem, &Options::default(), &mut |_stage| {});
    judged.unwrap_or_else(|unjudged| unjudged.judgement)
}

/// The most memory that this process has had.
fn peak() -> Bytes {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    let kib: u64 = line.trim().trim_end_matches(" kB").parse().unwrap();
    Bytes::new(kib << 10)
}

#[test]
fn a_checker_that_floods_is_at_fault_and_the_judge_does_not_grow() {
    let dir = tempfile::tempdir().unwrap();
    let mut workshop = workshop();
    for (floods, expected) in [
        ("stdout", "JE"),
        // What it says on stderr is cut and ends nothing but its own time.
        ("stderr", "AC"),
        ("stderr-on", "JE"),
        ("message", "JE"),
        ("files", "JE"),
    ] {
        for validator in [false, true] {
            let judgement = judged(&mut workshop, &problem(dir.path(), validator, floods));
            let what = format!("{floods} {validator}: {judgement:?}");
            assert_eq!(judgement.verdict.as_str(), expected, "{what}");
            let fault = judgement.fault.map(|(fault, _)| fault);
            assert_eq!(fault, (expected == "JE").then_some(Fault::Checker), "{what}");
        }
    }
    let long = judged(&mut workshop, &problem(dir.path(), true, "long-message"));
    assert_eq!(long.verdict.as_str(), "AC");
    assert!(long.tests[0].comment.starts_with("ok xxx"), "{:?}", long.tests);
    let peak = peak();
    assert!(peak < Bytes::from_mib(200), "{peak}");
}
