//! Nothing of a run outlives it, whatever happens to whom.

use std::time::{Duration, Instant};

use minos_model::{Cause, WallTime};
use minos_sandbox::{Sandbox, SandboxError, Template, Warden};

use crate::support::{config, limits, program, request, short, warden};

/// Processes of this user, and of everything below this process.
fn processes_of(uid: u32) -> Vec<u32> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc").unwrap().flatten() {
        let Ok(pid) = entry.file_name().to_string_lossy().parse::<u32>() else { continue };
        let Ok(status) = std::fs::read_to_string(entry.path().join("status")) else { continue };
        let uid = format!("Uid:\t{uid}\t");
        if status.contains(&uid) && !status.contains("State:\tZ") {
            found.push(pid);
        }
    }
    found
}

fn children_of(parent: u32) -> usize {
    let line = format!("PPid:\t{parent}\n");
    std::fs::read_dir("/proc")
        .unwrap()
        .flatten()
        .filter_map(|entry| std::fs::read_to_string(entry.path().join("status")).ok())
        .filter(|status| status.contains(&line))
        .count()
}

fn descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

fn mounts() -> usize {
    std::fs::read_to_string("/proc/self/mountinfo").unwrap().lines().count()
}

/// Directories of this process in every group hierarchy.
fn groups() -> Vec<String> {
    let own = format!("minos-{}-", std::process::id());
    let mut found = Vec::new();
    let mut look = vec![std::path::PathBuf::from("/sys/fs/cgroup")];
    while let Some(directory) = look.pop() {
        for entry in std::fs::read_dir(&directory).into_iter().flatten().flatten() {
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                if entry.file_name().to_string_lossy().starts_with(&own) {
                    found.push(entry.path().display().to_string());
                }
                look.push(entry.path());
            }
        }
    }
    found
}

/// Waits for a condition.
fn eventually(what: &str, condition: impl Fn() -> bool) {
    let begun = Instant::now();
    while !condition() {
        assert!(begun.elapsed() < Duration::from_secs(5), "{what}");
        std::thread::yield_now();
    }
}

/// A slot of its own for each test that looks at users' processes.
fn slot(slot: u16) -> Warden {
    Sandbox::open(config()).unwrap().warden(slot, Template::default()).unwrap()
}

#[test]
fn two_hundred_runs_leave_nothing() {
    let uid = 60_001 + 10;
    let mut warden = slot(10);
    let fork = request(program("", "if (!fork()) sleep(100);"), limits(|_| {}));
    for _ in 0..20 {
        assert_eq!(warden.run(&fork).unwrap().report.cause, Cause::Exited);
    }
    let (open, mounted, children) = (descriptors(), mounts(), children_of(std::process::id()));
    for _ in 0..200 {
        assert_eq!(warden.run(&fork).unwrap().report.cause, Cause::Exited);
    }
    // The housekeeping thread may be between two boxes, each of which is a few descriptors.
    eventually("descriptors stay", || descriptors() <= open + 30);
    assert_eq!(mounts(), mounted);
    assert_eq!(children_of(std::process::id()), children);
    eventually("only boxes prepared ahead", || processes_of(uid).len() <= 2);
    let held = groups().len();
    assert!(held <= 3 * 8, "{held} groups: {:?}", groups());
    drop(warden);
    assert_eq!(processes_of(uid), []);
    assert_eq!(children_of(std::process::id()), 0);
    eventually("groups are removed", || groups().is_empty());
}

#[test]
fn a_run_ends_with_its_first_process_and_takes_everything_along() {
    let mut warden = slot(11);
    let body = "for (int i = 0; i < 20; i++) if (!fork()) { setsid(); signal(SIGTERM, SIG_IGN); \
                if (!fork()) for (;;) pause(); for (;;); }";
    let run = warden.run(&request(program("", body), limits(|_| {}))).unwrap();
    assert_eq!(short(&run.report.cause), "exited", "{:?}", run.report);
    eventually("nothing lives on", || processes_of(60_001 + 11).len() <= 2);
}

#[test]
fn a_fork_bomb_is_held_and_cleared_away() {
    let mut warden = slot(12);
    let limits = limits(|l| l.wall = WallTime::from_ms(300));
    // A box whose end takes longer than ten seconds is an error, and no run.
    let run = warden.run(&request(program("", "for (;;) fork();"), limits)).unwrap();
    assert!(short(&run.report.cause).starts_with("limit"), "{:?}", run.report);
    assert!(run.report.processes_peak <= 64, "{:?}", run.report);
    eventually("nothing lives on", || processes_of(60_001 + 12).len() <= 2);
    let after = warden.run(&request(program("", ""), crate::support::limits(|_| {}))).unwrap();
    assert_eq!(after.report.cause, Cause::Exited);
}

#[test]
fn a_cancelled_run_ends_at_once_and_the_next_one_is_not_touched() {
    let mut warden = warden();
    let canceller = warden.canceller();
    canceller.cancel();
    let sleep = request(program("", "puts(\"up\"); fflush(stdout); sleep(20);"), limits(|_| {}));
    let begun = Instant::now();
    let run = std::thread::scope(|scope| {
        let run = scope.spawn(|| warden.run(&sleep).unwrap());
        // Cancelled again and again: before the run has begun it has nothing to end.
        while !run.is_finished() {
            canceller.cancel();
            std::thread::yield_now();
        }
        run.join().unwrap()
    });
    assert_eq!(run.report.cause, Cause::Cancelled);
    assert!(begun.elapsed() < Duration::from_secs(5));
    let after = warden.run(&request(program("", ""), limits(|_| {}))).unwrap();
    assert_eq!(after.report.cause, Cause::Exited);
}

#[test]
fn a_warden_killed_in_the_middle_of_a_run_is_an_error_at_once_and_is_replaced() {
    let uid = 60_001 + 13;
    let mut warden = slot(13);
    let before = warden.pid();
    let sleep = request(program("", "sleep(20);"), limits(|_| {}));
    let begun = Instant::now();
    let error = std::thread::scope(|scope| {
        let run = scope.spawn(|| warden.run(&sleep));
        // The program sleeps in exec'ed state: its name is not the warden's any more.
        eventually("the program runs", || {
            processes_of(uid).iter().any(|pid| {
                let name = std::fs::read_to_string(format!("/proc/{pid}/comm"));
                name.is_ok_and(|name| !name.starts_with("minos-warden"))
            })
        });
        let pid = i32::try_from(before).unwrap();
        nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), nix::sys::signal::SIGKILL).unwrap();
        run.join().unwrap().unwrap_err()
    });
    assert!(matches!(error, SandboxError::WardenGone { slot: 13, .. }), "{error}");
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    eventually("nothing lives on", || processes_of(uid).len() <= 2);
    let after = warden.run(&request(program("", ""), limits(|_| {}))).unwrap();
    assert_eq!(after.report.cause, Cause::Exited);
    assert_ne!(warden.pid(), before);
}

#[test]
fn a_warden_that_cannot_be_started_says_so() {
    let missing = minos_sandbox::SandboxConfig { warden: Some("/no/such".into()), ..config() };
    let error = Sandbox::open(missing).unwrap().warden(0, Template::default()).unwrap_err();
    assert!(error.to_string().contains("start the warden"), "{error}");
    let wrong = minos_sandbox::SandboxConfig { warden: Some("/bin/true".into()), ..config() };
    let error = Sandbox::open(wrong).unwrap().warden(0, Template::default()).unwrap_err();
    assert!(error.to_string().contains("warden"), "{error}");
}
