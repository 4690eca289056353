//! The reaper: looks after what nobody else looks after. Each few seconds it counts children that
//! have ended and were not waited for, and brings the gauges up to date.
//!
//! It does not wait for children itself: each warden is waited for by the handle that started it,
//! and a wait for any child would take their ends away from them. What a killed node left behind
//! (groups, mounts) is swept by the sandbox when it opens; boxes die with their warden, wardens
//! with their thread.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use minos_queue::Broker;

use crate::board::Board;
use crate::chore::chore;
use crate::metrics;
use crate::ready::Readiness;
use crate::supervisor::Aide;

const PERIOD: Duration = Duration::from_secs(2);

/// What is written to see whether the disk takes it, in bytes: less than any source with its build.
const PROBE_BYTES: usize = 256 << 10;

/// The reaper of a node whose files are in `state`.
pub(crate) fn reaper(board: Board, broker: Broker, state: PathBuf) -> Aide {
    chore("reaper", PERIOD, move |_node| {
        let (board, broker, state) = (board.clone(), broker.clone(), state.clone());
        async move {
            let looked = tokio::task::spawn_blocking(move || look(&board, &broker, &state)).await;
            if let Err(error) = looked {
                tracing::error!(%error, "the reaper could not look");
            }
        }
    })
}

fn look(board: &Board, broker: &Broker, state: &Path) {
    let disk = writable(state).err().map(|error| format!("{}: {error}", state.display()));
    metrics::holds(board.stored_soon(), disk.is_none(), broker.reconnects());
    board.set_disk(disk);
    let ready = Readiness::new(board.clone());
    let good = ready.ready().iter().all(|(_, check)| check.is_ok());
    metrics::node(good, board.draining(), ready.connected());
    metrics::slots(&board.count());
    metrics::zombies(zombies());
    metrics::process(resident_bytes(), descriptors(), cpu(), started());
    metrics::upkeep();
}

/// Children of this process that have ended and were not waited for.
fn zombies() -> u32 {
    let Ok(threads) = fs::read_dir("/proc/self/task") else { return 0 };
    let children = threads
        .flatten()
        .filter_map(|thread| fs::read_to_string(thread.path().join("children")).ok());
    let dead = children
        .flat_map(|list| list.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
        .filter(|pid| {
            // The state follows the name, which is in parentheses and may hold anything.
            fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| {
                stat.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with('Z'))
            })
        })
        .count();
    u32::try_from(dead).unwrap_or(u32::MAX)
}

/// Whether the disk takes a file: a full one, one without inodes and one that has become read-only
/// all say so here, before a submission finds out.
fn writable(state: &Path) -> std::io::Result<()> {
    let probe = state.join("probe");
    let written = fs::write(&probe, vec![0; PROBE_BYTES]);
    let removed = fs::remove_file(&probe);
    written.and(removed)
}

/// User and system time of this process.
fn cpu() -> Duration {
    // After the name, in parentheses: state is the third field, utime the 14th, stime the 15th.
    let ticks = |field: usize| stat_field(field).unwrap_or(0);
    Duration::from_millis((ticks(14) + ticks(15)) * 1_000 / TICKS)
}

/// When this process started, since 1970.
fn started() -> Option<Duration> {
    let boot = fs::read_to_string("/proc/stat").ok()?;
    let boot = boot.lines().find_map(|line| line.strip_prefix("btime "))?.trim().parse().ok()?;
    Some(Duration::from_secs(boot) + Duration::from_millis(stat_field(22)? * 1_000 / TICKS))
}

/// Clock ticks a second in /proc: the same on every Linux that Rust runs on.
const TICKS: u64 = 100;

/// A numeric field of this process's stat file, counted from 1 as in proc(5).
fn stat_field(number: usize) -> Option<u64> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    let (_, rest) = stat.rsplit_once(") ")?;
    rest.split(' ').nth(number.checked_sub(3)?)?.parse().ok()
}

/// Memory of this process.
fn resident_bytes() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|rest| rest.trim().trim_end_matches(" kB").parse::<u64>().ok());
    kib.unwrap_or(0) << 10
}

/// Open descriptors of this process.
fn descriptors() -> u32 {
    let open = fs::read_dir("/proc/self/fd").map_or(0, Iterator::count);
    u32::try_from(open).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_child_that_was_not_waited_for_is_counted_until_it_is() {
        let mut child = std::process::Command::new("/bin/true").spawn().unwrap();
        let end = std::time::Instant::now() + Duration::from_secs(10);
        while zombies() == 0 {
            assert!(std::time::Instant::now() < end, "a zombie nobody counts");
            std::thread::yield_now();
        }
        child.wait().unwrap();
        assert_eq!(zombies(), 0);
    }

    #[test]
    fn a_process_that_runs_has_memory_and_descriptors() {
        assert!(resident_bytes() > 64 << 10, "{}", resident_bytes());
        assert!(descriptors() >= 3, "{}", descriptors());
    }

    #[test]
    fn a_process_that_runs_has_a_start_and_uses_its_processor() {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
        let age = now.checked_sub(started().unwrap() - Duration::from_secs(2)).unwrap();
        assert!(age < Duration::from_secs(3_600), "{age:?}");
        while cpu().is_zero() {
            std::hint::black_box(vec![1_u8; 1 << 16]);
        }
    }

    #[test]
    fn a_directory_that_takes_no_file_is_told_of() {
        let state = tempfile::tempdir().unwrap();
        writable(state.path()).unwrap();
        assert_eq!(fs::read_dir(state.path()).unwrap().count(), 0, "nothing is left of it");
        writable(&state.path().join("gone")).unwrap_err();
    }
}
