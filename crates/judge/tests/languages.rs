//! Every language that ships, judged in real boxes: one program that does as its input says, and
//! one that does not compile. Needs what boxes need, and `cargo xtask setup` for the toolchains.

#![expect(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use minos_judge::{Builds, Options, Sandboxed, SubmissionToJudge, Workshop, judge};
use minos_model::{Bytes, CpuTime, Generation, Judgement, LanguageId, Verdict, WallTime};
use minos_problem::{Checker, Languages, Problem, ProblemLimits, StandardChecker, Test};
use minos_sandbox::{Sandbox, SandboxConfig};

/// Where the sources of a language lie: those of C++ serve all its standards.
const SOURCES: [(&str, &str, &str); 15] = [
    ("c", "c", "c"),
    ("cpp11", "cpp", "cpp"),
    ("cpp14", "cpp", "cpp"),
    ("cpp17", "cpp", "cpp"),
    ("cpp20", "cpp", "cpp"),
    ("cpp23", "cpp", "cpp"),
    ("csharp", "csharp", "cs"),
    ("go", "go", "go"),
    ("java", "java", "java"),
    ("javascript", "javascript", "js"),
    ("kotlin", "kotlin", "kt"),
    ("pascal", "pascal", "pas"),
    ("pypy3", "python3", "py"),
    ("python3", "python3", "py"),
    ("rust", "rust", "rs"),
];

/// What the program is told to do, and the verdict on it.
const MODES: [(&str, Verdict); 5] = [
    ("right", Verdict::Accepted),
    ("wrong", Verdict::WrongAnswer),
    ("endless", Verdict::TimeLimit),
    ("crash", Verdict::RuntimeError),
    ("hog", Verdict::MemoryLimit),
];

fn shipped() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../cluster-config/languages")
}

fn source(folder: &str, file: &str) -> Vec<u8> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/corpus/languages");
    fs::read(corpus.join(folder).join(file)).unwrap()
}

fn workshop(slot: u16, languages: Languages) -> Workshop<Sandboxed> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let args = ["build", "--quiet", "-p", "minos-sandbox", "--bins"];
    assert!(
        Command::new(cargo).args(args).status().unwrap().success(),
        "the warden does not build"
    );
    let sandbox = Arc::new(Sandbox::open(SandboxConfig::default()).unwrap());
    let store = Path::new(env!("CARGO_TARGET_TMPDIR")).join("builds");
    let builds = Builds::open(store, Builds::DEFAULT_MAX).unwrap();
    Workshop::new(Sandboxed::open(sandbox, slot).unwrap(), Arc::new(languages), Arc::new(builds))
}

/// A problem of one test, whose input is the mode and two numbers and whose answer is their sum.
fn problem(dir: &Path, mode: &str) -> Problem {
    let (input, answer) = (dir.join(mode), dir.join(format!("{mode}.a")));
    fs::write(&input, format!("{mode} 40 2\n")).unwrap();
    fs::write(&answer, "42\n").unwrap();
    let limits = ProblemLimits {
        // Memory is what a hog is to run out of, however slow the machine.
        cpu: if mode == "endless" { CpuTime::from_secs(1) } else { CpuTime::from_secs(30) },
        wall: WallTime::from_secs(60),
        memory: Bytes::from_mib(128),
        output: Bytes::from_mib(1),
    };
    let revision = minos_model::Digest::from_bytes([0; 32]);
    let mut problem = Problem::new("modes".parse().unwrap(), revision, dir.to_owned(), limits);
    problem.tests = vec![Test::new("01", input, answer)];
    problem.checker = Checker::Standard(StandardChecker::Wcmp);
    problem
}

fn judged(
    workshop: &mut Workshop<Sandboxed>,
    problem: &Problem,
    language: &str,
    source: &[u8],
) -> Judgement {
    let submission = SubmissionToJudge {
        id: "modes".parse().unwrap(),
        tenant: "default".parse().unwrap(),
        generation: Generation::FIRST,
        language: language.parse().unwrap(),
        source,
        attempt: 1,
        node: "test".parse().unwrap(),
    };
    let judged = judge(workshop, &submission, problem, &Options::default(), &mut |_stage| {});
    judged.unwrap_or_else(|unjudged| panic!("{language}: {}", unjudged.trouble))
}

/// Judges all modes of some languages; a language that this machine lacks says what to type.
#[track_caller]
fn check(slot: u16, wanted: &[&str]) {
    let languages = Languages::builtin();
    let mut workshop = workshop(slot, languages.clone());
    let dir = tempfile::tempdir().unwrap();
    let mut complaints = Vec::new();
    for (id, folder, extension) in SOURCES.iter().filter(|(id, _, _)| wanted.contains(id)) {
        let language = languages.get(&LanguageId::new(*id).unwrap()).unwrap();
        if let Some(path) = language.absent() {
            let remedy = language.remedy();
            assert!(
                remedy.contains("apt-get install"),
                "{id}: no {path}, and no word what to type"
            );
            continue;
        }
        let mut complain = |mode: &str, got: &Judgement, expected: Verdict| {
            if got.verdict != expected {
                let test = got.tests.first();
                let log = got.compile.as_ref().map(|compile| compile.log.as_str());
                complaints.push(format!("{id} {mode}: {} {test:?} {log:?}", got.verdict));
            }
        };
        let modes = source(folder, &format!("modes.{extension}"));
        for (mode, expected) in MODES {
            let got = judged(&mut workshop, &problem(dir.path(), mode), id, &modes);
            complain(mode, &got, expected);
        }
        let broken = source(folder, &format!("broken.{extension}"));
        let got = judged(&mut workshop, &problem(dir.path(), "right"), id, &broken);
        complain("broken", &got, Verdict::CompileError);
        let log = got.compile.map(|compile| compile.log).unwrap_or_default();
        assert!(!log.trim().is_empty(), "{id}: a compile error without a word");
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

#[test]
fn every_language_that_ships_has_its_row() {
    let shipped = Languages::builtin();
    let ids: Vec<&str> = shipped.iter().map(|language| language.id.as_str()).collect();
    assert_eq!(ids, SOURCES.map(|(id, _, _)| id));
}

#[test]
fn c_and_every_standard_of_cpp_get_the_verdict_each_behaviour_deserves() {
    check(120, &["c", "cpp11", "cpp14", "cpp17", "cpp20", "cpp23"]);
}

#[test]
fn native_languages_get_the_verdict_each_behaviour_deserves() {
    check(121, &["go", "pascal", "rust"]);
}

#[test]
fn virtual_machines_get_the_verdict_each_behaviour_deserves() {
    check(122, &["csharp", "java", "kotlin"]);
}

#[test]
fn interpreters_get_the_verdict_each_behaviour_deserves() {
    check(123, &["javascript", "pypy3", "python3"]);
}

#[test]
fn each_hello_says_hello() {
    let languages = Languages::builtin();
    let mut workshop = workshop(124, languages.clone());
    let dir = tempfile::tempdir().unwrap();
    let mut problem = problem(dir.path(), "hello");
    fs::write(&problem.tests[0].answer, "hello\n").unwrap();
    problem.limits.cpu = CpuTime::from_secs(10);
    for language in languages.iter().filter(|language| language.absent().is_none()) {
        let id = language.id.as_str();
        let got = judged(&mut workshop, &problem, id, language.hello.as_bytes());
        assert_eq!(got.verdict, Verdict::Accepted, "{id}: {got:?}");
    }
}

#[test]
fn a_language_is_added_by_a_file_alone() {
    let dir = tempfile::tempdir().unwrap();
    fs::copy(shipped().join("c.toml"), dir.path().join("c.toml")).unwrap();
    fs::write(
        dir.path().join("shell.toml"),
        r#"
name = "Shell"
extensions = ["sh"]
default_for = ["sh"]
source = "main.sh"
polygon = []
processes = 16
files = 64
version = ["/bin/sh", "-c", "echo any"]
hello = 'echo hello'

[compile]
argv = ["/bin/sh", "-n", "main.sh"]
artefacts = ["main.sh"]

[compile.limits]
cpu = "5s"
wall = "10s"
memory = "64MiB"
output = "1MiB"
processes = 4
files = 64

[run]
argv = ["/bin/sh", "main.sh", "{memory_mib}", "{box_mib}"]

[run.allowance]
cpu = "1ms"
memory = "3MiB"
"#,
    )
    .unwrap();
    let languages = Languages::load(dir.path()).unwrap();
    assert_eq!(languages.by_extension(Path::new("a.sh")).unwrap().id.as_str(), "shell");
    let mut workshop = workshop(125, languages);
    let problem = problem(dir.path(), "right");
    for (source, expected) in [
        ("read mode a b; echo $((a + b))", Verdict::Accepted),
        ("read mode a b; echo $((a - b))", Verdict::WrongAnswer),
        ("if then", Verdict::CompileError),
        ("exit 1", Verdict::RuntimeError),
        ("[ \"$1 $2\" = '128 131' ] && echo 42", Verdict::Accepted),
    ] {
        let got = judged(&mut workshop, &problem, "shell", source.as_bytes());
        assert_eq!(got.verdict, expected, "{source}: {got:?}");
    }
}
