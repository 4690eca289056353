//! Hybrid: memory and pids from v1, everything else from a v2 tree without controllers.
//!
//! Such a tree still has `CLONE_INTO_CGROUP`, `cgroup.kill`, `cgroup.events` and an exact
//! `cpu.stat`; only the limits and the memory figures are v1's.

use std::os::fd::{AsFd, BorrowedFd};
use std::path::{Path, PathBuf};

use minos_model::{Isolation, Limits};

use super::CgroupError;
use super::group::{Controls, Counters};
use super::level::Place;
use super::mounts::Mounts;
use super::v1::{Memory, Pids, base, first_usable};
use super::v2::{Tree, candidates};

/// One box's three groups.
#[derive(Debug)]
pub(super) struct Hybrid {
    tree: Tree,
    memory: Memory,
    pids: Pids,
}

impl Hybrid {
    pub(super) fn open(tree: &Path, memory: &Path, pids: &Path) -> Result<Self, CgroupError> {
        Ok(Self { tree: Tree::open(tree)?, memory: Memory::open(memory)?, pids: Pids::open(pids)? })
    }
}

impl Controls for Hybrid {
    fn attach_fds(&self) -> Vec<BorrowedFd<'_>> {
        vec![self.memory.procs().as_fd(), self.pids.procs().as_fd()]
    }

    fn entry_fd(&self) -> Option<BorrowedFd<'_>> {
        Some(self.tree.entry_fd())
    }

    fn set_limits(&mut self, limits: &Limits) -> Result<(), CgroupError> {
        self.memory.set_limit(limits.hard_memory().get())?;
        self.pids.set_limit(limits.processes().into())
    }

    fn cpu_micros(&self) -> Result<u64, CgroupError> {
        self.tree.cpu_micros()
    }

    fn counters(&mut self) -> Result<Counters, CgroupError> {
        let mut counters = Counters {
            cpu: self.tree.cpu_micros()?,
            // One read: init, which is not in this tree, is not asked about.
            populated: self.tree.populated()?,
            ..Counters::default()
        };
        self.memory.count(&mut counters)?;
        self.pids.count(&mut counters)?;
        Ok(counters)
    }

    fn baseline(&mut self) -> Result<Counters, CgroupError> {
        let mut counters = Counters { cpu: self.tree.cpu_micros()?, ..Counters::default() };
        self.memory.baseline(&mut counters)?;
        counters.processes_refused = self.pids.refused()?;
        Ok(counters)
    }

    fn populated(&self) -> Result<bool, CgroupError> {
        // Init is in the v1 groups only, and it is the last to go.
        Ok(self.tree.populated()? || self.pids.populated()?)
    }

    fn announces(&self) -> Option<BorrowedFd<'_>> {
        Some(self.tree.announces())
    }

    fn kill(&mut self) -> Result<(), CgroupError> {
        self.tree.kill()?;
        // Init, which is not in the v2 group; whoever is born meanwhile is seen by the next wait.
        super::life::kill_listed(self.pids.path());
        Ok(())
    }

    fn forget_peak(&mut self) -> Result<(), CgroupError> {
        self.memory.forget_peak()
    }

    fn reset(&mut self) -> Result<bool, CgroupError> {
        let clean = self.memory.is_clean()? && self.pids.is_clean()?;
        self.memory.forget_peak()?;
        Ok(clean && !self.tree.populated()?)
    }

    fn directories(&self) -> Vec<PathBuf> {
        vec![
            self.tree.path().to_owned(),
            self.memory.path().to_owned(),
            self.pids.path().to_owned(),
        ]
    }
}

/// Where groups can be made in the three hierarchies.
pub(super) fn place(mounts: &Mounts, root_group: Option<&str>) -> Result<Place, CgroupError> {
    let level = Isolation::CgroupHybrid;
    let lacks = |why: String| CgroupError::Level { level, why };
    let unified =
        mounts.unified().ok_or_else(|| lacks("no cgroup2 file system is mounted".to_owned()))?;
    let places = candidates(&unified.mount, unified.own.as_deref(), root_group);
    let tree = first_usable(places).map_err(lacks)?;
    let memory = base(level, mounts, "memory", root_group)?;
    let pids = base(level, mounts, "pids", root_group)?;
    Ok(Place { bases: vec![tree, memory, pids] })
}
