//! Every program of the corpus alone, in real boxes, at every level of isolation that this machine
//! has. cgroup v2, where the machine has something else, is the emulated machine's (`cargo xtask vm`).

use std::path::Path;
use std::process::{Command, Output};
use std::sync::OnceLock;

/// An ordinary user that no account and no box has.
const USER: &str = "62999";
const ROOTLESS: &str = "rootless";

fn runner(args: &[&str]) -> Output {
    let output = Command::new(env!("CARGO_BIN_EXE_minos-corpus")).args(args).output();
    output.expect("minos-corpus starts")
}

/// What it printed, when it found nothing wrong.
#[track_caller]
fn passed(args: &[&str]) -> String {
    let output = runner(args);
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{args:?}: {}\n{stdout}\n{stderr}", output.status);
    stdout
}

/// Built programs, kept between the runs of the tests.
fn kit() -> &'static str {
    static KIT: OnceLock<String> = OnceLock::new();
    KIT.get_or_init(|| {
        let kit = Path::new(env!("CARGO_TARGET_TMPDIR")).join("corpus-kit");
        let kit = kit.display().to_string();
        passed(&["kit", &kit]);
        kit
    })
}

#[test]
fn every_program_ends_as_expected_and_leaves_nothing_at_every_level_with_control_groups() {
    let kit = kit();
    let levels = passed(&["levels"]);
    let mut grouped = levels.lines().filter(|level| *level != ROOTLESS).peekable();
    assert!(grouped.peek().is_some(), "this machine gives no control groups: {levels:?}");
    for level in grouped {
        passed(&["run", kit, "--level", level]);
    }
}

#[test]
fn every_program_ends_as_expected_and_leaves_nothing_for_a_user_without_rights() {
    passed(&["as-user", kit(), USER]);
}

/// In a container without the right to mount and without groups root is no better than a user, but
/// for one thing: no limit on processes binds its own.
#[test]
fn bombs_of_processes_are_held_for_a_root_without_rights_or_groups() {
    let without = "umount -R -l /sys/fs/cgroup && \
                   exec setpriv --bounding-set=-sys_admin --inh-caps=-sys_admin \"$@\"";
    let output = Command::new("unshare")
        .args(["--mount", "--propagation", "private", "sh", "-c", without, "sh"])
        .args([env!("CARGO_BIN_EXE_minos-corpus"), "run", kit(), "--level", ROOTLESS])
        .args(["hostile/fork-bomb", "hostile/thread-bomb", "honest/exit-code"])
        .output()
        .expect("unshare starts");
    let stdout = String::from_utf8_lossy(&output.stdout);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}\n{stdout}\n{stderr}", output.status);
}

#[test]
fn a_program_that_ends_otherwise_than_expected_is_noticed() {
    let kit = kit();
    let lie = Path::new(kit).join("corpus/honest/exit-code/expect.toml");
    let level = passed(&["levels"]).lines().next().expect("a level").to_owned();
    let other = Path::new(env!("CARGO_TARGET_TMPDIR")).join("corpus-kit-with-a-lie");
    let copied = Command::new("cp").arg("-rT").args([Path::new(kit), &other]).status();
    assert!(copied.expect("cp starts").success());
    let text = std::fs::read_to_string(&lie).expect("an expectation");
    let lie = other.join("corpus/honest/exit-code/expect.toml");
    std::fs::write(&lie, text.replace("exit_code = 3", "exit_code = 4")).expect("written");
    let other = other.display().to_string();
    let output = runner(&["run", &other, "--level", &level, "honest/exit-code"]);
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{stdout}");
    assert!(stdout.contains("exit code: expected 4, got 3"), "{stdout}");
}
