//! Every program of the corpus, judged in real boxes against the package `range-sums`. Needs what
//! boxes need: root with control groups, or unprivileged user namespaces.

#![expect(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::rc::Rc;
use std::sync::Arc;

use minos_judge::{
    Builds, Options, Outcome, Pair, PairOutcome, Request, Runs, RunsError, Sandboxed,
    SubmissionToJudge, Workshop, judge, prepare,
};
use minos_model::{Flag, Generation, Isolation, Judgement, Stage, Verdict};
use minos_problem::{Cache, Languages, Package, Problem};
use minos_sandbox::{Blob, Sandbox, SandboxConfig};
use minos_tests::corpus::{self, Class, Program};

/// Kept between runs of the tests: everything in it lies under the hash of its content.
fn store(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)
}

/// Real boxes, and what happened in them without ending a run: a judgement does not tell.
#[derive(Debug)]
struct Watched {
    boxes: Sandboxed,
    flags: Rc<RefCell<BTreeSet<Flag>>>,
}

impl Runs for Watched {
    type Blob = Blob;

    fn hold(&mut self, bytes: &[u8]) -> Result<Blob, RunsError> {
        self.boxes.hold(bytes)
    }

    fn open(&mut self, path: &Path) -> Result<Blob, RunsError> {
        self.boxes.open(path)
    }

    fn len(&self, content: &Blob) -> u64 {
        Runs::len(&self.boxes, content)
    }

    fn read(&self, content: &Blob, max: usize) -> Result<Vec<u8>, RunsError> {
        self.boxes.read(content, max)
    }

    fn run(&mut self, request: Request<Blob>) -> Result<Outcome<Blob>, RunsError> {
        let outcome = self.boxes.run(request)?;
        self.flags.borrow_mut().extend(&outcome.report.flags);
        Ok(outcome)
    }

    fn run_pair(&mut self, pair: Pair<Blob>) -> Result<PairOutcome<Blob>, RunsError> {
        self.boxes.run_pair(pair)
    }

    fn isolation(&self) -> Isolation {
        self.boxes.isolation()
    }
}

/// A workshop with real boxes in the slot of that number, and the problem, prepared.
fn workshop(slot: u16, flags: &Rc<RefCell<BTreeSet<Flag>>>) -> (Workshop<Watched>, Problem) {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let args = ["build", "--quiet", "-p", "minos-sandbox", "--bins"];
    let built = Command::new(cargo).args(args).status().unwrap();
    assert!(built.success(), "the warden does not build");
    let sandbox = Arc::new(Sandbox::open(SandboxConfig::default()).unwrap());
    let builds = Builds::open(store("builds"), Builds::DEFAULT_MAX).unwrap();
    let languages = Arc::new(Languages::builtin());
    let runs = Watched { boxes: Sandboxed::open(sandbox, slot).unwrap(), flags: Rc::clone(flags) };
    let mut workshop = Workshop::new(runs, languages, Arc::new(builds));
    let package = Package::open(&corpus::range_sums()).unwrap();
    let cache = Cache::open(store("problems")).unwrap();
    let problem = match cache.get(&package.revision).unwrap() {
        Some(problem) => problem,
        None => {
            let draft = cache.begin(&package).unwrap();
            prepare(&mut workshop, &package, draft).unwrap()
        }
    };
    (workshop, problem)
}

fn judged(workshop: &mut Workshop<Watched>, problem: &Problem, program: &Program) -> Judgement {
    let source = std::fs::read(&program.source).unwrap();
    let submission = SubmissionToJudge {
        id: "corpus".parse().unwrap(),
        tenant: "default".parse().unwrap(),
        generation: Generation::FIRST,
        language: program.expect.language.clone(),
        source: &source,
        attempt: 1,
        node: "test".parse().unwrap(),
    };
    let mut stages = Vec::new();
    let judged = judge(workshop, &submission, problem, &Options::default(), &mut |stage| {
        stages.push(stage);
    });
    assert_eq!(stages.first(), Some(&Stage::Compiling));
    match judged {
        Ok(judgement) => judgement,
        Err(unjudged) => unjudged.judgement,
    }
}

/// Judges the programs that are wanted, and an honest one after each that is hostile.
#[track_caller]
fn check(slot: u16, wanted: impl Fn(&Program) -> bool) {
    let flags = Rc::default();
    let (mut workshop, problem) = workshop(slot, &flags);
    let honest = corpus::named("honest/sums-c").unwrap();
    let mut complaints = Vec::new();
    let mut count = 0;
    for program in corpus::all().unwrap().iter().filter(|program| wanted(program)) {
        let after = program.hostile.then_some(&honest);
        for program in std::iter::once(program).chain(after) {
            flags.borrow_mut().clear();
            let judgement = judged(&mut workshop, &problem, program);
            let mut found = program.expect.complaints(&judgement);
            for flag in &program.expect.flags {
                if !flags.borrow().contains(flag) {
                    found.push(format!("no run carries the flag {flag}"));
                }
            }
            complaints.extend(found.iter().map(|what| format!("{}: {what}", program.name)));
        }
        count += 1;
    }
    assert!(count > 0, "no such programs");
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

#[test]
fn right_programs_of_every_language_are_accepted() {
    check(40, |program| !program.hostile && program.expect.verdict == Verdict::Accepted);
}

#[test]
fn honest_mistakes_get_the_verdicts_they_deserve() {
    check(47, |program| !program.hostile && program.expect.verdict != Verdict::Accepted);
}

#[test]
fn who_wastes_time_is_stopped_at_the_right_clock() {
    check(41, |program| program.expect.class == Some(Class::Cpu));
}

#[test]
fn who_takes_memory_is_stopped_whoever_of_its_processes_took_it() {
    check(42, |program| program.expect.class == Some(Class::Memory));
}

#[test]
fn floods_and_heaps_of_files_stay_within_bounds() {
    check(43, |program| program.expect.class == Some(Class::Output));
}

#[test]
fn bombs_and_daemons_die_with_their_run() {
    check(44, |program| program.expect.class == Some(Class::Processes));
}

#[test]
fn attacks_fail_and_an_ending_is_never_taken_for_a_limit() {
    check(45, |program| program.expect.class == Some(Class::Escape));
}

#[test]
fn attacks_on_the_compiler_end_in_its_box() {
    check(46, |program| program.expect.class == Some(Class::Compile));
}
