//! Every program of the corpus, judged in real boxes against the package `range-sums`. Needs what
//! boxes need: root with control groups, or unprivileged user namespaces.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use minos_judge::{Builds, Options, Sandboxed, SubmissionToJudge, Workshop, judge, prepare};
use minos_model::{Generation, Judgement, Stage};
use minos_problem::{Cache, Languages, Package, Problem};
use minos_sandbox::{Sandbox, SandboxConfig, Template};
use minos_tests::corpus::{self, Class, Program};

/// Kept between runs of the tests: everything in it lies under the hash of its content.
fn store(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)
}

/// A workshop with real boxes in the slot of that number, and the problem, prepared.
fn workshop(slot: u16) -> (Workshop<Sandboxed>, Problem) {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let built = Command::new(cargo).args(["build", "--quiet", "-p", "minos-sandbox", "--bins"]);
    assert!(built.status().unwrap().success(), "the warden does not build");
    let sandbox = Sandbox::open(SandboxConfig::default()).unwrap();
    let warden = sandbox.warden(slot, Template::default()).unwrap();
    let builds = Builds::open(store("builds"), Builds::DEFAULT_MAX).unwrap();
    let languages = Arc::new(Languages::builtin());
    let mut workshop = Workshop::new(Sandboxed::new(warden), languages, Arc::new(builds));
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

fn judged(workshop: &mut Workshop<Sandboxed>, problem: &Problem, program: &Program) -> Judgement {
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
    let (mut workshop, problem) = workshop(slot);
    let honest = corpus::named("honest/sums-c").unwrap();
    let mut complaints = Vec::new();
    let mut count = 0;
    for program in corpus::all().unwrap().iter().filter(|program| wanted(program)) {
        let after = program.hostile.then_some(&honest);
        for program in std::iter::once(program).chain(after) {
            let judgement = judged(&mut workshop, &problem, program);
            let found = program.expect.complaints(&judgement);
            complaints.extend(found.iter().map(|what| format!("{}: {what}", program.name)));
        }
        count += 1;
    }
    assert!(count > 0, "no such programs");
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

#[test]
fn honest_programs_get_the_verdicts_they_deserve() {
    check(40, |program| !program.hostile);
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
