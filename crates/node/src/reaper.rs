//! The reaper: looks after what nobody else looks after. Each few seconds it counts children that
//! have ended and were not waited for, reaps orphans that came to this process, and brings the
//! gauges up to date.
//!
//! What a killed node left behind (groups, and what still lived in them) is swept by the sandbox when
//! it opens, and told of here; mounts of boxes are in the namespaces of their wardens and go with
//! them; boxes die with their warden, wardens with their thread.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use minos_queue::Broker;
use minos_sandbox::Sandbox;

use crate::board::Board;
use crate::children::Children;
use crate::chore::chore;
use crate::metrics;
use crate::ready::Readiness;
use crate::supervisor::Aide;

const PERIOD: Duration = Duration::from_secs(2);

/// What is written to see whether the disk takes it, in bytes: less than any source with its build.
const PROBE_BYTES: usize = 256 << 10;

/// What the reaper looks at.
#[derive(Clone)]
pub(crate) struct Watched {
    pub(crate) board: Board,
    pub(crate) broker: Broker,
    /// Where the node's files are.
    pub(crate) state: PathBuf,
    /// Where its boxes are made, if it makes any.
    pub(crate) sandbox: Option<Arc<Sandbox>>,
}

/// The reaper of a node.
pub(crate) fn reaper(watched: Watched) -> Aide {
    let children: Arc<Mutex<Children>> = Arc::default();
    chore("reaper", PERIOD, move |_node| {
        let (watched, children) = (watched.clone(), Arc::clone(&children));
        async move {
            let looked = tokio::task::spawn_blocking(move || look(&watched, &children)).await;
            if let Err(error) = looked {
                tracing::error!(%error, "the reaper could not look");
            }
        }
    })
}

fn look(watched: &Watched, children: &Mutex<Children>) {
    let Watched { board, broker, state, sandbox } = watched;
    let disk = writable(state).err().map(|error| format!("{}: {error}", state.display()));
    metrics::holds(board.stored_soon(), disk.is_none(), broker.reconnects());
    board.set_disk(disk);
    let ready = Readiness::new(board.clone());
    let good = ready.ready().iter().all(|(_, check)| check.is_ok());
    metrics::node(good, board.draining(), ready.connected());
    metrics::slots(&board.count());
    let seen = children.lock().unwrap_or_else(PoisonError::into_inner).look();
    metrics::zombies(seen.zombies);
    if seen.reaped > 0 {
        tracing::info!(number = seen.reaped, "orphans that came to this process were reaped");
        metrics::reaped(seen.reaped);
    }
    if let Some(sandbox) = sandbox {
        metrics::boxes(&sandbox.take_times());
        metrics::left(sandbox.swept(), sandbox.lingering(), mounts());
    }
    let own = cpu();
    metrics::overhead(own + seen.cpu);
    metrics::process(resident_bytes(), descriptors(), own, started());
    metrics::upkeep();
}

/// Mounts of boxes in this process's own namespace, where none belongs.
fn mounts() -> usize {
    let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    // Type and source stand behind the hyphen.
    let source = |line: &str| line.split_once(" - ").map(|(_, rest)| rest.to_owned());
    mounts.lines().filter_map(source).filter(|rest| rest.starts_with("tmpfs minos ")).count()
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
