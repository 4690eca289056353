//! The box on cgroup v2, for machines that do not have it: its own tests and the corpus, with
//! Debian's kernel in an emulated PC (`tests/vm/boot.sh`).

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use crate::{setup, shell};

const BOOT: &str = "tests/vm/boot.sh";
/// The tests whose outcome does not depend on how fast a machine is: an emulated one is slow.
const TESTS: &[&str] = &[
    "cgroup::",
    "files::",
    "inside::nothing_of_a_run_is_there_for_the_next",
    "life::a_cancelled_run",
    "life::a_fork_bomb",
    "life::a_run_ends_with_its_first_process",
    "life::two_hundred_runs_leave_nothing",
    "limits::a_program_that_exits_0_above",
    "limits::memory_that_is_reserved",
];

/// The part of Cargo's messages that names what was built.
#[derive(Deserialize)]
struct Built {
    executable: Option<PathBuf>,
    profile: Option<Profile>,
}

#[derive(Deserialize)]
struct Profile {
    test: bool,
}

/// Installs an emulator, fetches the kernel, and runs the tests and the corpus on it.
///
/// # Errors
/// When anything cannot be had, or a test fails.
pub(crate) fn run() -> Result<()> {
    setup::emulator()?;
    shell::run(&mut shell::command("sh", &[BOOT, "fetch"]))?;
    let bins = ["build", "--locked", "-p", "minos-sandbox", "-p", "minos-tests", "--bins"];
    shell::run(&mut shell::command("cargo", &bins))?;
    let debug = shell::target().join("debug");
    let (warden, corpus) = (debug.join("minos-warden"), debug.join("minos-corpus"));
    let kit = corpus_kit(&corpus)?;
    let mut commands = Vec::new();
    for program in test_programs()? {
        commands.push(format!("{} --test-threads=1 {}", program.display(), TESTS.join(" ")));
    }
    let (corpus, kit) = (corpus.display(), kit.display());
    commands.push(format!("{corpus} run {kit} --level cgroup-v2 --emulated"));
    println!("vm: {} programs on an emulated machine", commands.len());
    let mut boot = shell::command("sh", &[BOOT, "run"]);
    boot.args(commands).env("MINOS_VM_WITH", format!("{} {kit}", warden.display()));
    shell::run(&mut boot)
}

/// What every hostile program of the corpus does to its neighbours, measured on this machine.
///
/// # Errors
/// When anything does not build, or a figure moved by more than it may.
pub(crate) fn neighbours() -> Result<()> {
    setup::running()?;
    let bins = ["build", "--release", "--locked", "-p", "minos-tests", "--bins"];
    shell::run(&mut shell::command("cargo", &bins))?;
    let corpus = shell::target().join("release/minos-corpus");
    let kit = corpus_kit(&corpus)?;
    shell::run(shell::command(&corpus, &["neighbours"]).arg(kit))
}

/// The corpus, built: where it lies.
fn corpus_kit(corpus: &Path) -> Result<PathBuf> {
    let kit = shell::target().join("corpus-kit");
    shell::run(shell::command(corpus, &["kit"]).arg(&kit))?;
    Ok(kit)
}

/// The programs of the sandbox's tests: the one of its library, and the one beside it.
fn test_programs() -> Result<Vec<PathBuf>> {
    let args = ["test", "--locked", "-p", "minos-sandbox", "--lib", "--tests", "--no-run"];
    let mut build = shell::command("cargo", &args);
    let messages = shell::capture(build.arg("--message-format=json"))?;
    let mut programs = Vec::new();
    for message in messages.lines() {
        let built: Built =
            serde_json::from_str(message).context("cargo's messages have another form")?;
        let is_test = built.profile.is_some_and(|profile| profile.test);
        programs.extend(built.executable.filter(|_| is_test));
    }
    if programs.is_empty() {
        bail!("cargo has built no test program of minos-sandbox");
    }
    Ok(programs)
}
