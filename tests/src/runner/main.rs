//! Runs the programs of the corpus alone in real boxes, at one level of isolation, and compares
//! each end with the one that is expected; afterwards nothing may be left. Also measures what a
//! hostile program does to its neighbours.
//!
//! Everything it needs lies in a *kit*: expectations, built programs, one test of `range-sums`. So
//! it runs where there is no compiler and no repository: as a user without rights, and on an
//! emulated machine.

#![forbid(unsafe_code)]
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command for developers: what it finds is said on the terminal"
)]

mod beside;
mod kit;
mod left;
mod neighbours;
mod rounds;
mod single;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context as _, Result, bail, ensure};
use minos_model::Isolation;
use minos_sandbox::{Sandbox, SandboxConfig};

use self::kit::Kit;
use self::rounds::Rounds;

const HELP: &str = "\
minos-corpus <verb>

  kit DIR                    build every program into DIR (again only what has changed)
  levels                     the levels of isolation that this machine and user can have
  run DIR --level LEVEL [--emulated] [NAME ...]
                             run the kit's programs, or those named; 1 when one of them ends
                             otherwise than expected, or leaves anything
  as-user DIR UID [NAME ...] `run DIR --level rootless` as a user without rights
  neighbours DIR             the runs beside and after each hostile program, measured: medians of
                             five; 1 when one is off by more than it may be
";

/// The slot of the program in question, and the one beside it.
const SLOTS: [u16; 2] = [0, 1];
/// No accounts: the users of boxes begin here, at different numbers in processes that are alive
/// together, so that each can tell its own.
const FIRST_UID: u32 = 63_001;

fn main() -> ExitCode {
    minos_sandbox::announce_warden_verb();
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let outcome = match words.as_slice() {
        ["kit", dir] => Kit::build(Path::new(dir)).map(|_kit| true),
        ["levels"] => {
            for level in levels() {
                println!("{level}");
            }
            Ok(true)
        }
        ["run", dir, "--level", level, rest @ ..] => run(Path::new(dir), level, rest),
        ["as-user", dir, uid, names @ ..] => as_user(Path::new(dir), uid, names),
        ["neighbours", dir] => Kit::open(Path::new(dir), false)
            .and_then(|kit| neighbours::measure(&kit, &sandbox(None, false)?)),
        _ => {
            eprint!("{HELP}");
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("minos-corpus: {error:#}");
            ExitCode::from(3)
        }
    }
}

fn first_uid() -> u32 {
    FIRST_UID + std::process::id() % 600 * 4
}

/// The users of the boxes of both slots.
fn uids() -> [u32; 2] {
    SLOTS.map(|slot| first_uid() + u32::from(slot))
}

/// Boxes at that level, or at the best there is.
fn sandbox(level: Option<Isolation>, emulated: bool) -> Result<Sandbox> {
    let mut config =
        SandboxConfig { isolation: level, first_uid: first_uid(), ..SandboxConfig::default() };
    if emulated {
        // As many as are made quickly there.
        config.disk_files = 2_048;
    }
    Ok(Sandbox::open(config)?)
}

fn levels() -> Vec<Isolation> {
    Isolation::ALL.iter().copied().filter(|level| sandbox(Some(*level), false).is_ok()).collect()
}

fn run(dir: &Path, level: &str, rest: &[&str]) -> Result<bool> {
    let level: Isolation = level.parse().map_err(anyhow::Error::msg)?;
    let emulated = rest.contains(&"--emulated");
    let names: Vec<&str> = rest.iter().copied().filter(|word| *word != "--emulated").collect();
    ensure!(
        level != Isolation::Rootless || !may_mount(),
        "{level} is what users without rights have: use `as-user DIR UID`"
    );
    let kit = Kit::open(dir, emulated)?;
    let sandbox = sandbox(Some(level), emulated)?;
    ensure!(sandbox.isolation() == level, "asked for {level}, got {}", sandbox.isolation());
    Rounds { kit: &kit, sandbox: &sandbox }.run(&names)
}

/// Whether whoever runs this has `CAP_SYS_ADMIN`.
fn may_mount() -> bool {
    const SYS_ADMIN: u64 = 1 << 21;
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let effective = status.lines().find_map(|line| line.strip_prefix("CapEff:"));
    let bits = effective.and_then(|text| u64::from_str_radix(text.trim(), 16).ok());
    bits.is_some_and(|bits| bits & SYS_ADMIN != 0)
}

/// A copy of the kit and of this program that anybody may read, and another user to run it.
fn as_user(dir: &Path, uid: &str, names: &[&str]) -> Result<bool> {
    let copy = Scratch::new()?;
    let own = std::env::current_exe().context("the path of this program")?;
    let runner = copy.0.join("minos-corpus");
    std::fs::copy(&own, &runner).with_context(|| runner.display().to_string())?;
    let kit = copy.0.join("kit");
    shell(Command::new("cp").arg("-rL").args([dir, &kit]))?;
    shell(Command::new("chmod").args(["-R", "go+rX"]).arg(&copy.0))?;
    let user = [format!("--reuid={uid}"), format!("--regid={uid}"), "--clear-groups".to_owned()];
    let status = Command::new("setpriv")
        .args(user)
        .arg(&runner)
        .arg("run")
        .arg(&kit)
        .args(["--level", Isolation::Rootless.as_str()])
        .args(names)
        .current_dir("/")
        .status()
        .context("setpriv did not start (apt-get install util-linux)")?;
    match status.code() {
        Some(0) => Ok(true),
        Some(1) => Ok(false),
        other => bail!("the run as user {uid} ended with {other:?}"),
    }
}

fn shell(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("{command:?}"))?;
    ensure!(status.success(), "{command:?}: {status}");
    Ok(())
}

/// A directory that is gone when this is dropped.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Result<Self> {
        let path = std::env::temp_dir().join(format!("minos-corpus-{}", std::process::id()));
        std::fs::create_dir_all(&path).with_context(|| path.display().to_string())?;
        Ok(Self(path))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _left_in_tmp = std::fs::remove_dir_all(&self.0);
    }
}
