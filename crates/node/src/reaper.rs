//! The reaper: looks after what nobody else looks after. Each few seconds it counts children that
//! have ended and were not waited for, and brings the gauges up to date.
//!
//! It does not wait for children itself: each warden is waited for by the handle that started it,
//! and a wait for any child would take their ends away from them. What a killed node left behind
//! (groups, mounts) is swept by the sandbox when it opens; boxes die with their warden, wardens
//! with their thread.

use std::fs;
use std::time::Duration;

use crate::board::Board;
use crate::chore::chore;
use crate::metrics;
use crate::ready::Readiness;
use crate::supervisor::Aide;

const PERIOD: Duration = Duration::from_secs(2);

/// The reaper of a node.
pub(crate) fn reaper(board: Board) -> Aide {
    chore("reaper", PERIOD, move |_node| {
        let board = board.clone();
        async move { look(&board) }
    })
}

fn look(board: &Board) {
    let ready = Readiness::new(board.clone());
    let good = ready.ready().iter().all(|(_, check)| check.is_ok());
    metrics::node(good, board.draining(), ready.connected());
    metrics::slots(&board.count());
    metrics::zombies(zombies());
    metrics::process(resident_bytes(), descriptors());
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
}
