//! cgroup v2: one tree with the memory and pids controllers.
//!
//! The program is born into its group with `CLONE_INTO_CGROUP`; the box's init stays outside, so
//! that neither its memory nor its CPU time is the program's and no OOM kill can hit it.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

use minos_model::{Isolation, Limits};
use nix::fcntl::{OFlag, open};
use nix::sys::stat::Mode;

use super::CgroupError;
use super::file::{GroupFile, failed};
use super::group::{Controls, Counters};
use super::level::Place;
use super::life;
use super::mounts::Mounts;

/// The controllers a box needs; CPU time is counted without one.
const CONTROLLERS: [&str; 2] = ["memory", "pids"];

/// A group on the unified hierarchy, with or without controllers: entry, end and CPU time.
#[derive(Debug)]
pub(super) struct Tree {
    directory: OwnedFd,
    path: PathBuf,
    cpu: GroupFile,
    events: GroupFile,
    kill: Option<GroupFile>,
}

impl Tree {
    pub(super) fn open(path: &Path) -> Result<Self, CgroupError> {
        let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
        let directory = open(path, flags, Mode::empty())
            .map_err(|errno| failed("open", path, errno.into(), "was the group removed?"))?;
        Ok(Self {
            directory,
            path: path.to_owned(),
            cpu: GroupFile::open(path, "cpu.stat")?,
            events: GroupFile::open(path, "cgroup.events")?,
            // Since Linux 5.14; before it processes are killed one by one.
            kill: GroupFile::open_if_there(path, "cgroup.kill")?,
        })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn entry_fd(&self) -> BorrowedFd<'_> {
        self.directory.as_fd()
    }

    pub(super) fn cpu_micros(&self) -> Result<u64, CgroupError> {
        self.cpu.keyed("usage_usec")
    }

    pub(super) fn populated(&self) -> Result<bool, CgroupError> {
        Ok(self.events.keyed("populated")? != 0)
    }

    pub(super) fn announces(&self) -> BorrowedFd<'_> {
        self.events.as_fd()
    }

    pub(super) fn kill(&self) -> Result<(), CgroupError> {
        if let Some(kill) = &self.kill {
            return kill.write(1);
        }
        life::kill_listed(&self.path);
        Ok(())
    }
}

/// One box's group with all controllers.
#[derive(Debug)]
pub(super) struct Full {
    tree: Tree,
    memory_max: GroupFile,
    memory_current: GroupFile,
    memory_peak: Option<GroupFile>,
    memory_events: GroupFile,
    pids_max: GroupFile,
    pids_current: GroupFile,
    pids_peak: Option<GroupFile>,
    pids_events: GroupFile,
    /// The most that was seen, where the kernel keeps no peak of its own.
    seen: Peaks,
}

/// Peaks kept by looking, for kernels without `memory.peak` (5.19) and `pids.peak` (6.1).
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Peaks {
    memory: u64,
    pub(super) processes: u64,
}

impl Full {
    pub(super) fn open(path: &Path) -> Result<Self, CgroupError> {
        if let Some(swap) = GroupFile::open_if_there(path, "memory.swap.max")? {
            swap.write(0)?;
        }
        // One process over the limit takes the whole box with it (Linux 4.19).
        if let Some(whole) = GroupFile::open_if_there(path, "memory.oom.group")? {
            whole.write(1)?;
        }
        Ok(Self {
            tree: Tree::open(path)?,
            memory_max: GroupFile::open(path, "memory.max")?,
            memory_current: GroupFile::open(path, "memory.current")?,
            memory_peak: GroupFile::open_if_there(path, "memory.peak")?,
            memory_events: GroupFile::open(path, "memory.events")?,
            pids_max: GroupFile::open(path, "pids.max")?,
            pids_current: GroupFile::open(path, "pids.current")?,
            pids_peak: GroupFile::open_if_there(path, "pids.peak")?,
            pids_events: GroupFile::open(path, "pids.events")?,
            seen: Peaks::default(),
        })
    }

    fn memory_peak(&mut self, now: u64) -> Result<u64, CgroupError> {
        self.seen.memory = self.seen.memory.max(now);
        self.memory_peak.as_ref().map_or(Ok(self.seen.memory), GroupFile::number)
    }

    fn processes_peak(&mut self) -> Result<u64, CgroupError> {
        if let Some(peak) = &self.pids_peak {
            return peak.number();
        }
        self.seen.processes = self.seen.processes.max(self.pids_current.number()?);
        Ok(self.seen.processes)
    }
}

impl Controls for Full {
    fn attach_fds(&self) -> Vec<BorrowedFd<'_>> {
        Vec::new()
    }

    fn entry_fd(&self) -> Option<BorrowedFd<'_>> {
        Some(self.tree.entry_fd())
    }

    fn set_limits(&mut self, limits: &Limits) -> Result<(), CgroupError> {
        self.memory_max.write(limits.hard_memory().get())?;
        self.pids_max.write(limits.processes().into())
    }

    fn cpu_micros(&self) -> Result<u64, CgroupError> {
        self.tree.cpu_micros()
    }

    fn counters(&mut self) -> Result<Counters, CgroupError> {
        let memory = self.memory_current.number()?;
        Ok(Counters {
            cpu: self.tree.cpu_micros()?,
            memory,
            memory_peak: self.memory_peak(memory)?,
            oom_kills: self.memory_events.keyed("oom_kill")?,
            memory_hits: self.memory_events.keyed("max")?,
            processes_peak: self.processes_peak()?,
            processes_refused: self.pids_events.keyed("max")?,
            populated: self.tree.populated()?,
        })
    }

    fn baseline(&mut self) -> Result<Counters, CgroupError> {
        Ok(Counters {
            cpu: self.tree.cpu_micros()?,
            memory: self.memory_current.number()?,
            oom_kills: self.memory_events.keyed("oom_kill")?,
            memory_hits: self.memory_events.keyed("max")?,
            processes_refused: self.pids_events.keyed("max")?,
            ..Counters::default()
        })
    }

    fn populated(&self) -> Result<bool, CgroupError> {
        self.tree.populated()
    }

    fn announces(&self) -> Option<BorrowedFd<'_>> {
        Some(self.tree.announces())
    }

    fn kill(&mut self) -> Result<(), CgroupError> {
        self.tree.kill()
    }

    fn forget_peak(&mut self) -> Result<(), CgroupError> {
        self.seen = Peaks::default();
        if let Some(peak) = &self.memory_peak {
            // Linux 6.12 counts anew per descriptor after any write; an older kernel refuses, and
            // then the peak is what it has been since the group was made: here, next to nothing.
            let _refused_by_older_kernels = peak.write_text("reset");
        }
        Ok(())
    }

    fn reset(&mut self) -> Result<bool, CgroupError> {
        // A peak that cannot be forgotten would be the next program's.
        let forgotten = match &self.memory_peak {
            Some(peak) => peak.write_text("reset").is_ok(),
            None => true,
        };
        // `pids.peak` never goes down: only a box that had one process leaves it as it must be.
        let alone = self.processes_peak()? <= 1;
        self.seen = Peaks::default();
        Ok(forgotten
            && alone
            && !self.tree.populated()?
            && self.memory_current.number()? <= super::v1::LEFT_BEHIND_BYTES)
    }

    fn directories(&self) -> Vec<PathBuf> {
        vec![self.tree.path().to_owned()]
    }
}

/// Finds a group whose children can have the controllers, and gives them to it.
pub(super) fn place(mounts: &Mounts, root_group: Option<&str>) -> Result<Place, CgroupError> {
    let lacks = |why: String| CgroupError::Level { level: Isolation::CgroupV2, why };
    let unified =
        mounts.unified().ok_or_else(|| lacks("no cgroup2 file system is mounted".to_owned()))?;
    let mut reasons = Vec::new();
    for base in candidates(&unified.mount, unified.own.as_deref(), root_group) {
        match prepare(&base) {
            Ok(()) => return Ok(Place { bases: vec![base] }),
            Err(refused) => reasons.push(refused),
        }
    }
    Err(lacks(reasons.join("; ")))
}

/// Where groups may lie, the best place first.
pub(super) fn candidates(
    mount: &Path,
    own: Option<&Path>,
    root_group: Option<&str>,
) -> Vec<PathBuf> {
    if let Some(group) = root_group {
        return vec![mount.join(group.trim_start_matches('/'))];
    }
    // A process in the leaf of a node that was started earlier belongs to the group above it.
    let above_leaf = |own: &Path| {
        let leaf = own.file_name().is_some_and(|name| {
            name.to_str().is_some_and(|name| name.starts_with(life::LEAF_PREFIX))
        });
        if leaf { own.parent().unwrap_or(own).to_owned() } else { own.to_owned() }
    };
    let mut places: Vec<PathBuf> = own.map(above_leaf).into_iter().collect();
    if places.first().is_none_or(|own| own.components().ne(mount.components())) {
        places.push(mount.to_owned());
    }
    places
}

/// Makes a group able to give its children the controllers; the error says why it is not.
fn prepare(base: &Path) -> Result<(), String> {
    if !base.is_dir() {
        life::make(base).map_err(|refused| refused.to_string())?;
    }
    let list = |name: &str| std::fs::read_to_string(base.join(name)).unwrap_or_default();
    let has = |text: &str, wanted: &str| text.split_whitespace().any(|name| name == wanted);
    let available = list("cgroup.controllers");
    let missing: Vec<&str> =
        CONTROLLERS.into_iter().filter(|name| !has(&available, name)).collect();
    if !missing.is_empty() {
        return Err(format!(
            "{} is not given {}: enable them in the group above (systemd: Delegate=yes)",
            base.display(),
            missing.join(" and ")
        ));
    }
    let enabled = list("cgroup.subtree_control");
    if CONTROLLERS.iter().all(|name| has(&enabled, name)) {
        return Ok(());
    }
    if base.join("cgroup.type").exists() {
        // Not the root of the hierarchy: it must be empty of processes first.
        move_to_leaf(base)?;
    }
    enable_controllers(base).map_err(|refused| refused.to_string())
}

/// Writes `+memory +pids`.
pub(super) fn enable_controllers(group: &Path) -> Result<(), CgroupError> {
    let file = GroupFile::open(group, "cgroup.subtree_control")?;
    CONTROLLERS.iter().try_for_each(|name| file.write_text(&format!("+{name}")))
}

/// Moves this process out of the way, and in a container (where PID 1 stands beside it) everybody.
fn move_to_leaf(base: &Path) -> Result<(), String> {
    let own = std::process::id();
    let procs = std::fs::read_to_string(base.join("cgroup.procs")).unwrap_or_default();
    let procs: Vec<u32> = procs.lines().filter_map(|line| line.parse().ok()).collect();
    let others: Vec<u32> = procs.iter().copied().filter(|pid| *pid != own).collect();
    if !others.is_empty() && !procs.contains(&1) {
        return Err(format!(
            "{} has {} other processes (the first is PID {}), so its children cannot have \
             controllers: start minos in a group of its own (systemd: Delegate=yes)",
            base.display(),
            others.len(),
            others.first().copied().unwrap_or_default()
        ));
    }
    if procs.is_empty() {
        return Ok(());
    }
    let leaf = base.join(format!("{}{}", life::LEAF_PREFIX, life::own_tag()));
    life::make(&leaf).map_err(|refused| refused.to_string())?;
    let target = leaf.join("cgroup.procs");
    for pid in procs {
        std::fs::write(&target, pid.to_string())
            .map_err(|error| format!("cannot move PID {pid} to {}: {error}", leaf.display()))?;
    }
    Ok(())
}
