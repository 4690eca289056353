//! What a run may leave behind on this machine: nothing. Counted before and after.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// Boxes are torn down beside the next run; this long is the most that takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);
/// Descriptors that come and go with boxes that are prepared ahead.
const SOME_DESCRIPTORS: usize = 40;
/// Groups that two slots keep, in one hierarchy: those of boxes ahead, in use and to be reset.
const SOME_GROUPS: usize = 16;

/// The machine as far as runs can change it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Left {
    /// Descendants of this process: wardens, and boxes that are prepared ahead.
    descendants: usize,
    /// Mounts in this process's namespace.
    mounts: usize,
    /// Open descriptors of this process.
    descriptors: usize,
}

impl Left {
    /// As it is now, once the number of descendants is what the slots keep when they are idle.
    pub(crate) fn now(idle: usize) -> Result<Self, String> {
        let descendants = || descendants(std::process::id()).len();
        eventually(|| descendants() == idle)
            .map_err(|()| format!("{} processes where idle slots have {idle}", descendants()))?;
        Ok(Self { descendants: idle, mounts: mounts(), descriptors: descriptors() })
    }

    /// What is there that was not there before, once everything has come to rest.
    pub(crate) fn complaints(&self, uids: &[u32]) -> Vec<String> {
        let own = std::process::id();
        let mut found = Vec::new();
        if eventually(|| descendants(own).len() == self.descendants).is_err() {
            let now = descendants(own);
            found.push(format!("{} processes, before there were {}", now.len(), self.descendants));
        }
        let strangers = strangers(own, uids);
        if !strangers.is_empty() {
            found.push(format!("processes outside of every box: {strangers:?}"));
        }
        if mounts() != self.mounts {
            found.push(format!("{} mounts, before there were {}", mounts(), self.mounts));
        }
        let most = self.descriptors + SOME_DESCRIPTORS;
        if eventually(|| descriptors() <= most).is_err() {
            found.push(format!("{} descriptors, at most {most} are kept", descriptors()));
        }
        for (hierarchy, groups) in groups(own) {
            if groups > SOME_GROUPS {
                found.push(format!("{groups} groups below {}", hierarchy.display()));
            }
        }
        found
    }

    /// What is there when every slot has gone.
    pub(crate) fn complaints_at_the_end(&self, uids: &[u32]) -> Vec<String> {
        let own = std::process::id();
        let mut found = Vec::new();
        if eventually(|| descendants(own).is_empty()).is_err() {
            found.push(format!("processes are left: {:?}", descendants(own)));
        }
        if !strangers(own, uids).is_empty() {
            found.push(format!("processes are left outside: {:?}", strangers(own, uids)));
        }
        // The directories of this life go with the sandbox; those of its boxes are gone by now.
        if eventually(|| groups(own).values().all(|boxes| *boxes == 0)).is_err() {
            found.push(format!("groups are left: {:?}", groups(own)));
        }
        if mounts() != self.mounts {
            found.push(format!("{} mounts are left of {}", mounts(), self.mounts));
        }
        found
    }
}

/// Waits for a condition.
fn eventually(condition: impl Fn() -> bool) -> Result<(), ()> {
    let begun = Instant::now();
    let (_open, never) = mpsc::channel::<()>();
    while !condition() {
        if begun.elapsed() > PATIENCE {
            return Err(());
        }
        let _timeout = never.recv_timeout(Duration::from_millis(2));
    }
    Ok(())
}

/// Every process's parent. Those that have ended and are only waited for do not count: a slot reaps
/// its last box when it prepares the next one.
fn parents() -> BTreeMap<u32, u32> {
    let numbers = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = numbers.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    pids.filter_map(|pid| {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // The name before the parenthesis may be anything.
        let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
        let (state, parent) = (fields.next()?, fields.next()?.parse().ok()?);
        (state != "Z").then_some((pid, parent))
    })
    .collect()
}

fn descendants(of: u32) -> Vec<u32> {
    let parents = parents();
    let mut found = vec![of];
    let mut at = 0;
    while let Some(parent) = found.get(at).copied() {
        found.extend(parents.iter().filter(|(_pid, its)| **its == parent).map(|(pid, _)| *pid));
        at += 1;
    }
    found.remove(0);
    found
}

/// Processes of the boxes' users that do not descend from this process.
fn strangers(own: u32, uids: &[u32]) -> Vec<u32> {
    let ours = descendants(own);
    let of_users = parents().into_keys().filter(|pid| {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("Uid:"));
        let uid = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
        uid.is_some_and(|uid| uids.contains(&uid))
    });
    of_users.filter(|pid| !ours.contains(pid)).collect()
}

fn mounts() -> usize {
    fs::read_to_string("/proc/self/mountinfo").unwrap_or_default().lines().count()
}

fn descriptors() -> usize {
    fs::read_dir("/proc/self/fd").into_iter().flatten().count()
}

/// How many groups of this process's boxes there are below each directory of this life.
fn groups(own: u32) -> BTreeMap<PathBuf, usize> {
    let prefix = format!("minos-{own}-");
    let mut found = BTreeMap::new();
    let mut look = vec![PathBuf::from("/sys/fs/cgroup")];
    while let Some(directory) = look.pop() {
        for folder in folders(&directory) {
            if folder.file_name().is_some_and(|name| name.to_string_lossy().starts_with(&prefix)) {
                let boxes = folders(&folder).count();
                found.insert(folder, boxes);
            } else {
                look.push(folder);
            }
        }
    }
    found
}

fn folders(directory: &Path) -> impl Iterator<Item = PathBuf> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir())).map(|it| it.path())
}
