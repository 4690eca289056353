//! Preparing the example package by scripted runs. Its tests 01 and 02 are files, 01 with its
//! answer; the inputs of 03 to 08 are generated, all other answers made.

use std::path::Path;
use std::sync::Arc;

use minos_model::{By, Cause, Fault, LimitKind};
use minos_problem::{Cache, Languages, Package, Problem};

use super::{PrepareError, prepare};
use crate::builds::Builds;
use crate::fake::{FakeRuns, Reply};
use crate::port::RunsError;
use crate::workshop::Workshop;

/// Compilers that name each program after what its source is.
fn compilers() -> FakeRuns {
    FakeRuns::default().on("--version", Reply::print("12.2")).when("main.cpp", |request| {
        let source = request.files.iter().find(|file| file.path == "main.cpp").unwrap();
        let source = String::from_utf8_lossy(&source.content).into_owned();
        let named = [("registerGen", "GEN"), ("registerTestlibCmd", "CHECK")];
        let name = named.iter().find(|(part, _)| source.contains(part));
        Ok(Reply::exit(0).file("main", name.map_or("MAIN", |(_, name)| *name)))
    })
}

fn working() -> FakeRuns {
    compilers()
        .when("<GEN>", |request| {
            Ok(Reply::print(&format!("made by {}\r\n", request.args.join(" "))))
        })
        .when("<MAIN>", |request| {
            let input = String::from_utf8_lossy(request.stdin.as_ref().unwrap()).into_owned();
            Ok(Reply::print(&format!("answer to {input}")))
        })
}

fn prepared(runs: FakeRuns, dir: &Path) -> (Result<Problem, PrepareError>, Workshop<FakeRuns>) {
    let builds = Builds::open(dir.join("builds"), Builds::DEFAULT_MAX).unwrap();
    let languages = Arc::new(Languages::builtin());
    let mut workshop = Workshop::new(runs, languages, Arc::new(builds));
    let package = Package::open(&minos_tests::corpus::range_sums()).unwrap();
    let cache = Cache::open(dir.join("problems")).unwrap();
    let draft = cache.begin(&package).unwrap();
    (prepare(&mut workshop, &package, draft), workshop)
}

#[test]
fn missing_inputs_come_from_generators_and_missing_answers_from_the_main_solution() {
    let dir = tempfile::tempdir().unwrap();
    let (problem, workshop) = prepared(working(), dir.path());
    let problem = problem.unwrap();
    let text = |path: &Path| std::fs::read_to_string(path).unwrap();
    let test = |name: &str| problem.tests.iter().find(|test| test.name == name).unwrap();
    let made = "made by ./main -n 10 -q 10 -max 10\n";
    assert_eq!(text(&test("03").input), made);
    assert_eq!(text(&test("03").answer), format!("answer to {made}"));
    assert!(text(&test("02").answer).starts_with("answer to "));
    assert!(!text(&test("01").answer).contains("answer to"), "the package has that answer");
    assert_eq!(problem.tests.len(), 8);
    let lines = workshop.runs().lines();
    let compiled = lines.iter().filter(|line| line.contains(" main.cpp")).count();
    assert_eq!(compiled, 3, "checker, generator and main solution once each: {lines:?}");
}

/// Compilers that refuse every source that holds `part`.
fn refusing(part: &'static str) -> FakeRuns {
    FakeRuns::default().on("--version", Reply::print("1")).when("main.cpp", move |request| {
        let holds = |text: &[u8]| String::from_utf8_lossy(text).contains(part);
        let fails = request.files.iter().any(|f| f.path == "main.cpp" && holds(&f.content));
        let failed = Reply::exit(1).stderr("error: no\nline 2\n");
        Ok(if fails { failed } else { Reply::exit(0).file("main", "GEN") })
    })
}

#[test]
fn a_step_that_fails_is_named_with_test_program_ending_and_stderr_and_leaves_nothing() {
    let limit = Cause::Limit {
        limit: LimitKind::CpuTime,
        by: By::Watchdog,
        allowed: 30_000_000,
        observed: 30_000_400,
    };
    let ended = |part: &'static str, reply: Reply| compilers().on(part, reply).before(working());
    let rows: [(FakeRuns, Fault, &str); 9] = [
        (
            refusing("registerTestlibCmd"),
            Fault::Package,
            "checker: check.cpp does not compile as cpp17 (CE): error: no | line 2",
        ),
        (
            refusing("registerGen").on("< ", Reply::print("1")),
            Fault::Package,
            "test 03: input: generator: gen.cpp does not compile as cpp17 (CE): error: no | line 2",
        ),
        (
            ended("<GEN>", Reply::exit(3).stderr("FAIL bad option\n")),
            Fault::Package,
            "test 03: input: `gen -n 10 -q 10 -max 10` exited with code 3: FAIL bad option",
        ),
        (
            ended("<GEN>", Reply::ended(limit)),
            Fault::Package,
            "test 03: input: `gen -n 10 -q 10 -max 10` hit its CPU limit (30.000 s of 30.000 s)",
        ),
        (
            ended("<MAIN>", Reply::ended(Cause::Signalled)),
            Fault::Package,
            "test 02: answer: main solution main.cpp was ended by signal 9",
        ),
        (
            ended("<MAIN>", Reply::ended(Cause::Cancelled)),
            Fault::Node,
            "test 02: answer: main solution main.cpp was cancelled",
        ),
        (
            FakeRuns::default().on("--version", Reply::exit(127)),
            Fault::Node,
            "checker: language cpp17: `/usr/bin/g++ --version`: install it, or remove its file \
             from cluster-config/languages: exited with code 127",
        ),
        (
            FakeRuns::default()
                .when("<GEN>", |_| Err(RunsError::Box("no box".to_owned())))
                .before(working()),
            Fault::Node,
            "test 03: input: no box",
        ),
        (
            working().losing_output(),
            Fault::Node,
            "test 02: answer: main solution main.cpp: its output was lost",
        ),
    ];
    for (runs, fault, message) in rows {
        let dir = tempfile::tempdir().unwrap();
        let error = prepared(runs, dir.path()).0.unwrap_err();
        assert_eq!((error.to_string().as_str(), error.fault()), (message, fault));
        // The cache's own folders, of problems and of drafts.
        for folder in ["problems/problems", "problems/drafts"] {
            let left = std::fs::read_dir(dir.path().join(folder)).unwrap().count();
            assert_eq!(left, 0, "{message}: {folder}");
        }
    }
}

#[test]
fn a_scorer_that_does_not_compile_is_the_packages_fault() {
    let dir = tempfile::tempdir().unwrap();
    let builds = Builds::open(dir.path().join("builds"), Builds::DEFAULT_MAX).unwrap();
    let languages = Arc::new(Languages::builtin());
    let broken = FakeRuns::default().on("--version", Reply::print("12.2")).when("main.cpp", |it| {
        let source = it.files.iter().find(|file| file.path == "main.cpp").unwrap();
        let is_scorer = String::from_utf8_lossy(&source.content).contains("registerGen");
        let made = Reply::exit(0).file("main", "MAIN");
        Ok(if is_scorer { Reply::exit(1).stderr("no such thing") } else { made })
    });
    let mut workshop = Workshop::new(broken, languages, Arc::new(builds));
    let mut package = Package::open(&minos_tests::corpus::range_sums()).unwrap();
    package.scorer = package.executables.first().cloned();
    let cache = Cache::open(dir.path().join("problems")).unwrap();
    let draft = cache.begin(&package).unwrap();
    let error = prepare(&mut workshop, &package, draft).unwrap_err();
    assert_eq!(error.fault(), Fault::Package);
    assert!(error.to_string().contains("scorer: "), "{error}");
}
