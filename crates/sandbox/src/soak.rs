//! A long series of runs, and what it leaves behind: nothing, or it is a leak.
//!
//! Two slots run an empty program again and again. After every tenth of the series they pause, and
//! what this process and its wardens hold is counted: it must be what it was at the start.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use minos_model::{Isolation, RawLimits};

use crate::bench::{Scratch, boxed, request};
use crate::{Sandbox, SandboxConfig, SandboxError, Template, Warden};

/// What is held at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Held {
    /// Runs so far.
    pub runs: usize,
    /// Processes below this one, zombies included.
    pub processes: usize,
    /// Mounts that this process and its wardens see.
    pub mounts: usize,
    /// Control groups of this process, in all hierarchies.
    pub groups: usize,
    /// Groups of the whole machine that were removed and are kept by the kernel for what is still
    /// charged to them.
    pub dying: usize,
    /// Descriptors of this process and its wardens.
    pub descriptors: usize,
    /// Resident memory of this process and its wardens, KiB.
    pub resident_kib: usize,
}

/// What was counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SoakReport {
    /// At the start (after a few hundred runs), after each tenth, and at the end.
    pub held: Vec<Held>,
    /// Runs per second, pauses left out.
    pub per_second: usize,
    /// What grew, in words; empty when all is flat.
    pub grown: Vec<String>,
    /// What isolated the boxes.
    pub isolation: Isolation,
}

/// Pauses after which is counted.
const TENTHS: usize = 10;
/// Runs before the first count: caches and allocators are as large as they get.
const WARM_UP: usize = 400;
/// How long what goes on beside the runs may take to end.
const SETTLE: Duration = Duration::from_secs(5);
/// Removed groups that the kernel may take its time for.
const DYING_SLACK: usize = 64;
/// What an allocator may keep, KiB.
const RESIDENT_SLACK_KIB: usize = 1_024;

/// Runs an empty program `runs` times on two slots; `progress` is told each count.
///
/// # Errors
/// No C compiler, no box, or a program that did not end as it must.
pub fn run(
    runs: usize,
    config: SandboxConfig,
    progress: &mut dyn FnMut(&Held),
) -> Result<SoakReport, SandboxError> {
    let directory = Scratch::new()?;
    let empty = directory.build("soak", "int main(void) { return 0; }\n")?;
    let request = request(&empty, RawLimits::default())?;
    let sandbox = Sandbox::open(config)?;
    let mut wardens =
        [sandbox.warden(0, Template::default())?, sandbox.warden(1, Template::default())?];
    let series = |wardens: &mut [Warden], count: usize| -> Result<(), SandboxError> {
        let begun = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            let threads: Vec<_> = wardens
                .iter_mut()
                .map(|warden| {
                    scope.spawn(|| {
                        while begun.fetch_add(1, Ordering::Relaxed) < count {
                            boxed(warden, &request)?;
                        }
                        Ok(())
                    })
                })
                .collect();
            threads.into_iter().try_for_each(|thread| {
                thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            })
        })
    };
    series(&mut wardens, WARM_UP)?;
    let first = settled(&wardens, None, 0);
    progress(&first);
    let (mut held, mut busy) = (vec![first], Duration::ZERO);
    for tenth in 1..=TENTHS {
        let count = runs * tenth / TENTHS - runs * (tenth - 1) / TENTHS;
        let began = Instant::now();
        series(&mut wardens, count)?;
        busy += began.elapsed();
        let now = settled(&wardens, Some(&first), runs * tenth / TENTHS);
        progress(&now);
        held.push(now);
    }
    let last = held.last().copied().unwrap_or(first);
    let per_second = u128::try_from(runs).unwrap_or_default() * 1_000 / busy.as_millis().max(1);
    Ok(SoakReport {
        grown: grown(&first, &last),
        held,
        per_second: usize::try_from(per_second).unwrap_or(usize::MAX),
        isolation: sandbox.isolation(),
    })
}

/// What is held once nothing goes on any more: the first count that is no larger than `before`, or
/// the last within the time for it. Without `before`, two counts that agree.
fn settled(wardens: &[Warden], before: Option<&Held>, runs: usize) -> Held {
    let end = Instant::now() + SETTLE;
    let mut last = Held::default();
    loop {
        let now = count(wardens, runs);
        let quiet = before.map_or(now == last, |before| grown(before, &now).is_empty());
        if quiet || Instant::now() >= end {
            return now;
        }
        last = now;
        crate::bench::idle(Duration::from_millis(250));
    }
}

/// What of the two has grown by more than it may.
fn grown(before: &Held, after: &Held) -> Vec<String> {
    let rows = [
        ("processes", before.processes, after.processes, 0),
        ("mounts", before.mounts, after.mounts, 0),
        ("control groups", before.groups, after.groups, 0),
        ("dying control groups", before.dying, after.dying, DYING_SLACK),
        ("descriptors", before.descriptors, after.descriptors, 0),
        ("resident KiB", before.resident_kib, after.resident_kib, RESIDENT_SLACK_KIB),
    ];
    rows.into_iter()
        .filter(|(_name, before, after, slack)| *after > before + slack)
        .map(|(name, before, after, _slack)| format!("{name}: {before} -> {after}"))
        .collect()
}

fn count(wardens: &[Warden], runs: usize) -> Held {
    let own = std::process::id();
    let members: Vec<u32> = std::iter::once(own).chain(wardens.iter().map(Warden::pid)).collect();
    let entries = |name: &str| -> usize {
        let of = |pid: &u32| std::fs::read_dir(format!("/proc/{pid}/{name}"));
        members.iter().filter_map(|pid| of(pid).ok()).map(Iterator::count).sum()
    };
    let texts = |name: &str| -> Vec<String> {
        let of = |pid: &u32| std::fs::read_to_string(format!("/proc/{pid}/{name}"));
        members.iter().filter_map(|pid| of(pid).ok()).collect()
    };
    let (mut groups, mut live) = (0, 0);
    walk(Path::new("/sys/fs/cgroup"), &format!("minos-{own}-"), &mut groups, &mut live);
    Held {
        runs,
        processes: descendants(own),
        mounts: texts("mountinfo").iter().map(|text| text.lines().count()).sum(),
        groups,
        dying: dying(),
        descriptors: entries("fd"),
        resident_kib: texts("status").iter().filter_map(|text| keyed(text, "VmRSS:")).sum(),
    }
}

fn keyed(text: &str, key: &str) -> Option<usize> {
    let line = text.lines().find_map(|line| line.strip_prefix(key))?;
    line.split_whitespace().next()?.parse().ok()
}

/// Processes below this one.
fn descendants(of: u32) -> usize {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let pairs: Vec<(u32, u32)> = entries
        .filter_map(|entry| {
            let pid = entry.file_name().to_str()?.parse().ok()?;
            let status = std::fs::read_to_string(entry.path().join("status")).ok()?;
            Some((pid, u32::try_from(keyed(&status, "PPid:")?).ok()?))
        })
        .collect();
    let mut found = vec![of];
    let mut next = 0;
    while let Some(parent) = found.get(next).copied() {
        found.extend(pairs.iter().filter(|(_, of)| *of == parent).map(|(pid, _)| *pid));
        next += 1;
    }
    found.len() - 1
}

/// Counts this process's groups: every directory at and below one whose name begins so.
fn walk(directory: &Path, prefix: &str, own: &mut usize, all: &mut usize) {
    for entry in std::fs::read_dir(directory).into_iter().flatten().flatten() {
        if !entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            continue;
        }
        *all += 1;
        let inside = entry.file_name().to_string_lossy().starts_with(prefix);
        *own += usize::from(inside);
        // Below one of ours every directory is ours.
        walk(&entry.path(), if inside { "" } else { prefix }, own, all);
    }
}

/// Removed groups that are still there: told by v2, counted on v1 as those without a directory.
fn dying() -> usize {
    let mounts = std::fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    let table = std::fs::read_to_string("/proc/cgroups").unwrap_or_default();
    let of_controller = |name: &str| {
        let row = table.lines().find(|line| line.split_whitespace().next() == Some(name))?;
        row.split_whitespace().nth(2)?.parse::<usize>().ok()
    };
    let mut dying = 0;
    for line in mounts.lines() {
        let Some((place, kind)) = line.split_once(" - ") else { continue };
        let Some(mount) = place.split_whitespace().nth(4).map(Path::new) else { continue };
        if kind.starts_with("cgroup2 ") {
            let stat = std::fs::read_to_string(mount.join("cgroup.stat")).unwrap_or_default();
            dying += keyed(&stat, "nr_dying_descendants").unwrap_or(0);
        } else if kind.starts_with("cgroup ") {
            let options = kind.rsplit(' ').next().unwrap_or_default();
            let controller = options.split(',').find_map(of_controller);
            let (mut _own, mut live) = (0, 1);
            walk(mount, "/", &mut _own, &mut live);
            dying += controller.map_or(0, |groups| groups.saturating_sub(live));
        }
    }
    dying
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_grown_is_named_and_what_has_shrunk_is_not() {
        let before = Held { processes: 4, mounts: 30, resident_kib: 9_000, ..Held::default() };
        assert_eq!(grown(&before, &before), Vec::<String>::new());
        let fewer = Held { processes: 3, resident_kib: 10_024, ..before };
        assert_eq!(grown(&before, &fewer), Vec::<String>::new());
        let more = Held { mounts: 31, resident_kib: 10_025, dying: 65, ..before };
        let grown = grown(&before, &more);
        assert_eq!(grown.len(), 3);
        assert!(grown.contains(&"mounts: 30 -> 31".to_owned()), "{grown:?}");
    }

    #[test]
    fn this_process_is_counted_with_what_it_holds() {
        let held = count(&[], 7);
        assert_eq!(held.runs, 7);
        assert!(held.mounts > 0 && held.descriptors > 2 && held.resident_kib > 100, "{held:?}");
    }
}
