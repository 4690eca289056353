//! The children of this process: what their wardens cost, which of them have ended without being
//! waited for, and, where this process is the first of its namespace, orphans that came to it.
//!
//! Each warden is waited for by the handle that started it, and a wait for any child would take
//! their ends away from them. So only a process that cannot be ours is reaped here, and only once
//! it was seen dead at two looks.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::time::Duration;

/// Clock ticks a second in /proc: the same on every Linux that Rust runs on.
const TICKS: u64 = 100;
/// What the processes are called that this one starts: itself again, as a warden.
const OURS: &str = "minos";

/// What is remembered from look to look.
#[derive(Debug, Default)]
pub(crate) struct Children {
    /// Ticks of each child at the last look.
    ticks: BTreeMap<u32, u64>,
    /// Ticks of children that have gone, up to the last look that saw them.
    gone: u64,
    /// Orphans that had ended at the last look.
    dead: BTreeSet<u32>,
}

/// What a look has found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Look {
    /// Children that have ended and that nobody has waited for.
    pub(crate) zombies: u32,
    /// Orphans that were reaped.
    pub(crate) reaped: u32,
    /// CPU time of all children so far, without what they have started.
    pub(crate) cpu: Duration,
}

/// A child as /proc shows it.
struct Child {
    pid: u32,
    name: String,
    ended: bool,
    ticks: u64,
}

impl Children {
    /// Looks once. Blocks for some reads of /proc.
    pub(crate) fn look(&mut self) -> Look {
        self.look_as(std::process::id() == 1, &children())
    }

    fn look_as(&mut self, adopts: bool, children: &[Child]) -> Look {
        let mut ticks = BTreeMap::new();
        let (mut look, mut dead) = (Look::default(), BTreeSet::new());
        for child in children {
            ticks.insert(child.pid, child.ticks);
            if !child.ended {
                continue;
            }
            if adopts && !is_ours(child) {
                if self.dead.contains(&child.pid) && minos_sandbox::reap(child.pid) {
                    look.reaped += 1;
                    continue;
                }
                dead.insert(child.pid);
            }
            look.zombies += 1;
        }
        for (pid, before) in &self.ticks {
            // A number may have been given to another process in the meantime.
            if ticks.get(pid).is_none_or(|now| now < before) {
                self.gone += before;
            }
        }
        let all = self.gone + ticks.values().sum::<u64>();
        look.cpu = Duration::from_millis(all * 1_000 / TICKS);
        (self.ticks, self.dead) = (ticks, dead);
        look
    }
}

/// Whether it may be a warden. The first process of a box has the name of its warden, and a number
/// in a namespace of its own.
fn is_ours(child: &Child) -> bool {
    child.name.starts_with(OURS) && depth(&child.pid.to_string()) <= depth("self")
}

/// In how many namespaces a process has a number.
fn depth(pid: &str) -> usize {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("NSpid:"));
    line.map_or(0, |numbers| numbers.split_whitespace().count())
}

fn children() -> Vec<Child> {
    let Ok(threads) = fs::read_dir("/proc/self/task") else { return Vec::new() };
    let lists = threads
        .flatten()
        .filter_map(|thread| fs::read_to_string(thread.path().join("children")).ok());
    let pids: Vec<u32> = lists
        .flat_map(|list| {
            list.split_whitespace().filter_map(|pid| pid.parse().ok()).collect::<Vec<_>>()
        })
        .collect();
    pids.into_iter().filter_map(child).collect()
}

fn child(pid: u32) -> Option<Child> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name is in parentheses and may hold anything.
    let (before, rest) = stat.rsplit_once(") ")?;
    let name = before.split_once('(')?.1.to_owned();
    let mut fields = rest.split(' ');
    let ended = fields.next()? == "Z";
    // The state is the third field, utime the 14th, stime the 15th.
    let ticks = fields.skip(10).take(2).filter_map(|ticks| ticks.parse::<u64>().ok()).sum();
    Some(Child { pid, name, ended, ticks })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_child_that_was_not_waited_for_is_counted_until_it_is() {
        let mut child = std::process::Command::new("/bin/true").spawn().unwrap();
        let end = std::time::Instant::now() + Duration::from_secs(10);
        let mut children = Children::default();
        while children.look().zombies == 0 {
            assert!(std::time::Instant::now() < end, "a zombie nobody counts");
            std::thread::yield_now();
        }
        child.wait().unwrap();
        assert_eq!(children.look().zombies, 0);
    }

    #[test]
    fn what_children_cost_stays_when_they_have_gone_and_their_number_comes_again() {
        let child = |pid, ticks| Child { pid, name: "minos".to_owned(), ended: false, ticks };
        let mut children = Children::default();
        for (now, all) in [
            (vec![child(1_001, 50), child(1_002, 10)], 60),
            (vec![child(1_001, 70)], 80),
            (vec![child(1_001, 5)], 85),
            (vec![], 85),
        ] {
            let look = children.look_as(false, &now);
            assert_eq!(look.cpu, Duration::from_millis(all * 10));
        }
    }

    #[test]
    fn an_orphan_is_reaped_at_the_second_look_and_a_warden_never() {
        let mut orphan = std::process::Command::new("/bin/true").spawn().unwrap();
        let ended = |name: &str| {
            let name = name.to_owned();
            [Child { pid: orphan.id(), name, ended: true, ticks: 0 }]
        };
        let end = std::time::Instant::now() + Duration::from_secs(10);
        while child(orphan.id()).is_some_and(|child| !child.ended) {
            assert!(std::time::Instant::now() < end, "it does not end");
            std::thread::yield_now();
        }
        let mut children = Children::default();
        for (adopts, name, reaped) in [
            (true, "minos-warden", 0),
            (true, "minos-warden", 0),
            (false, "true", 0),
            (false, "true", 0),
            (true, "true", 0),
            (true, "true", 1),
        ] {
            assert_eq!(children.look_as(adopts, &ended(name)).reaped, reaped, "{adopts} {name}");
        }
        orphan.wait().unwrap_err();
    }
}
