//! cgroup v1: memory, pids and cpuacct, each a hierarchy of its own.
//!
//! The box's init enters ahead and the program is born inside, so one process more than the program
//! may have is allowed, and what init uses is taken off by [`super::Group::mark`].

use std::os::fd::{AsFd, BorrowedFd};
use std::path::{Path, PathBuf};

use minos_model::{Isolation, Limits};

use super::CgroupError;
use super::file::GroupFile;
use super::group::{Controls, Counters};
use super::level::Place;
use super::life;
use super::mounts::Mounts;
use super::v2::candidates;

/// What the kernel charges ahead on one core: 64 pages.
const STOCK_BYTES: u64 = 256 << 10;
/// What may stay charged to an empty group: the kernel stocks 64 pages per CPU and gives them back
/// late. More is a leftover of the last box, and then the group is not used again.
pub(super) const LEFT_BEHIND_BYTES: u64 = 1 << 20;
/// The box's init.
const INSIDE: u64 = 1;
/// How often processes are killed one by one before it is given up.
const KILL_ROUNDS: u32 = 100;

/// The memory group.
#[derive(Debug)]
pub(super) struct Memory {
    path: PathBuf,
    procs: GroupFile,
    limit: GroupFile,
    with_swap: Option<GroupFile>,
    usage: GroupFile,
    peak: GroupFile,
    hits: GroupFile,
    hits_with_swap: Option<GroupFile>,
    oom: GroupFile,
    /// The limit in force; `None` is unlimited.
    in_force: Option<u64>,
}

impl Memory {
    pub(super) fn open(path: &Path) -> Result<Self, CgroupError> {
        if let Some(swappiness) = GroupFile::open_if_there(path, "memory.swappiness")? {
            swappiness.write(0)?;
        }
        Ok(Self {
            path: path.to_owned(),
            procs: GroupFile::open(path, "cgroup.procs")?,
            limit: GroupFile::open(path, "memory.limit_in_bytes")?,
            // Only where the kernel accounts for swap.
            with_swap: GroupFile::open_if_there(path, "memory.memsw.limit_in_bytes")?,
            usage: GroupFile::open(path, "memory.usage_in_bytes")?,
            peak: GroupFile::open(path, "memory.max_usage_in_bytes")?,
            hits: GroupFile::open(path, "memory.failcnt")?,
            hits_with_swap: GroupFile::open_if_there(path, "memory.memsw.failcnt")?,
            oom: GroupFile::open(path, "memory.oom_control")?,
            in_force: None,
        })
    }

    /// Memory, and memory with swap, which may never be the lower of the two.
    pub(super) fn set_limit(&mut self, bytes: u64) -> Result<(), CgroupError> {
        if self.in_force == Some(bytes) {
            return Ok(());
        }
        let raises = self.in_force.is_some_and(|now| bytes > now);
        if raises && let Some(with_swap) = &self.with_swap {
            with_swap.write(bytes)?;
        }
        self.limit.write(bytes)?;
        if !raises && let Some(with_swap) = &self.with_swap {
            with_swap.write(bytes)?;
        }
        self.in_force = Some(bytes);
        Ok(())
    }

    /// What only grows, and the memory in use now.
    pub(super) fn baseline(&self, counters: &mut Counters) -> Result<(), CgroupError> {
        counters.memory = self.usage.number()?;
        // Where both limits are the same the kernel hits the one with swap first.
        counters.memory_hits = self.hits.number()?;
        if let Some(with_swap) = &self.hits_with_swap {
            counters.memory_hits += with_swap.number()?;
        }
        // Since Linux 4.13; before it `under_oom` is all there is, and it has passed.
        counters.oom_kills = self.oom.keyed_if_there("oom_kill")?.unwrap_or(0);
        Ok(())
    }

    pub(super) fn count(&self, counters: &mut Counters) -> Result<(), CgroupError> {
        self.baseline(counters)?;
        counters.memory_peak = self.peak.number()?;
        // Linux 6.18 leaves both at zero; a peak within one stock of the limit says the same.
        if self.in_force.is_some_and(|limit| counters.memory_peak + STOCK_BYTES >= limit) {
            counters.memory_hits = counters.memory_hits.max(1);
        }
        Ok(())
    }

    pub(super) fn forget_peak(&self) -> Result<(), CgroupError> {
        self.peak.write(0)
    }

    /// Whether nothing but the kernel's stock is charged any more.
    pub(super) fn is_clean(&self) -> Result<bool, CgroupError> {
        Ok(self.usage.number()? <= LEFT_BEHIND_BYTES)
    }

    pub(super) fn procs(&self) -> &GroupFile {
        &self.procs
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

/// The pids group.
#[derive(Debug)]
pub(super) struct Pids {
    path: PathBuf,
    procs: GroupFile,
    max: GroupFile,
    current: GroupFile,
    peak: Option<GroupFile>,
    events: Option<GroupFile>,
    seen: u64,
    in_force: Option<u64>,
}

impl Pids {
    pub(super) fn open(path: &Path) -> Result<Self, CgroupError> {
        Ok(Self {
            path: path.to_owned(),
            procs: GroupFile::open(path, "cgroup.procs")?,
            max: GroupFile::open(path, "pids.max")?,
            current: GroupFile::open(path, "pids.current")?,
            peak: GroupFile::open_if_there(path, "pids.peak")?,
            events: GroupFile::open_if_there(path, "pids.events")?,
            seen: 0,
            in_force: None,
        })
    }

    pub(super) fn set_limit(&mut self, processes: u64) -> Result<(), CgroupError> {
        let with_init = processes + INSIDE;
        if self.in_force != Some(with_init) {
            self.max.write(with_init)?;
            self.in_force = Some(with_init);
        }
        Ok(())
    }

    pub(super) fn count(&mut self, counters: &mut Counters) -> Result<(), CgroupError> {
        counters.processes_peak = self.peak()?.saturating_sub(INSIDE);
        counters.processes_refused = self.refused()?;
        Ok(())
    }

    /// Births refused so far.
    pub(super) fn refused(&self) -> Result<u64, CgroupError> {
        self.events.as_ref().map_or(Ok(0), |events| events.keyed("max"))
    }

    fn peak(&mut self) -> Result<u64, CgroupError> {
        if let Some(peak) = &self.peak {
            return peak.number();
        }
        self.seen = self.seen.max(self.current.number()?);
        Ok(self.seen)
    }

    /// Whether nobody is in it, not even somebody who has ended and was not waited for.
    /// `pids.peak` never goes down: only a box with one process leaves it as the next one needs it.
    pub(super) fn is_clean(&mut self) -> Result<bool, CgroupError> {
        let alone = self.peak()? <= INSIDE + 1;
        self.seen = 0;
        Ok(alone && self.current.number()? == 0)
    }

    /// Whether anybody lives in it. The list is opened anew each time: a v1 kernel answers an open
    /// one from a cache that lasts for as long as it is read.
    pub(super) fn populated(&self) -> Result<bool, CgroupError> {
        Ok(!GroupFile::open(&self.path, "cgroup.procs")?.is_empty()?)
    }

    pub(super) fn procs(&self) -> &GroupFile {
        &self.procs
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

/// One box's groups on v1 alone.
#[derive(Debug)]
pub(super) struct Full {
    memory: Memory,
    pids: Pids,
    cpuacct: PathBuf,
    cpuacct_procs: GroupFile,
    usage: GroupFile,
}

impl Full {
    pub(super) fn open(memory: &Path, pids: &Path, cpuacct: &Path) -> Result<Self, CgroupError> {
        Ok(Self {
            memory: Memory::open(memory)?,
            pids: Pids::open(pids)?,
            cpuacct: cpuacct.to_owned(),
            cpuacct_procs: GroupFile::open(cpuacct, "cgroup.procs")?,
            usage: GroupFile::open(cpuacct, "cpuacct.usage")?,
        })
    }
}

impl Controls for Full {
    fn attach_fds(&self) -> Vec<BorrowedFd<'_>> {
        vec![self.memory.procs().as_fd(), self.pids.procs().as_fd(), self.cpuacct_procs.as_fd()]
    }

    fn entry_fd(&self) -> Option<BorrowedFd<'_>> {
        None
    }

    fn set_limits(&mut self, limits: &Limits) -> Result<(), CgroupError> {
        self.memory.set_limit(limits.hard_memory().get())?;
        self.pids.set_limit(limits.processes().into())
    }

    fn cpu_micros(&self) -> Result<u64, CgroupError> {
        // Nanoseconds.
        Ok(self.usage.number()? / 1_000)
    }

    fn counters(&mut self) -> Result<Counters, CgroupError> {
        let mut counters = Counters {
            cpu: self.cpu_micros()?,
            populated: self.populated()?,
            ..Counters::default()
        };
        self.memory.count(&mut counters)?;
        self.pids.count(&mut counters)?;
        Ok(counters)
    }

    fn baseline(&mut self) -> Result<Counters, CgroupError> {
        let mut counters = Counters { cpu: self.cpu_micros()?, ..Counters::default() };
        self.memory.baseline(&mut counters)?;
        counters.processes_refused = self.pids.refused()?;
        Ok(counters)
    }

    fn populated(&self) -> Result<bool, CgroupError> {
        self.pids.populated()
    }

    fn announces(&self) -> Option<BorrowedFd<'_>> {
        None
    }

    fn kill(&mut self) -> Result<(), CgroupError> {
        for _round in 0..KILL_ROUNDS {
            if !self.populated()? {
                break;
            }
            life::kill_listed(self.pids.path());
        }
        Ok(())
    }

    fn forget_peak(&mut self) -> Result<(), CgroupError> {
        self.memory.forget_peak()
    }

    fn reset(&mut self) -> Result<bool, CgroupError> {
        let clean = self.memory.is_clean()? && self.pids.is_clean()?;
        self.memory.forget_peak()?;
        Ok(clean)
    }

    fn directories(&self) -> Vec<PathBuf> {
        vec![self.memory.path().to_owned(), self.pids.path().to_owned(), self.cpuacct.clone()]
    }
}

/// Where groups can be made in the three hierarchies.
pub(super) fn place(mounts: &Mounts, root_group: Option<&str>) -> Result<Place, CgroupError> {
    let bases = ["memory", "pids", "cpuacct"]
        .into_iter()
        .map(|name| base(Isolation::CgroupV1, mounts, name, root_group))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(Place { bases })
}

/// A group of one v1 hierarchy below which groups can be made.
pub(super) fn base(
    level: Isolation,
    mounts: &Mounts,
    controller: &str,
    root_group: Option<&str>,
) -> Result<PathBuf, CgroupError> {
    let lacks = |why: String| CgroupError::Level { level, why };
    let hierarchy = mounts
        .v1(controller)
        .ok_or_else(|| lacks(format!("no v1 hierarchy with {controller} is mounted")))?;
    let places = candidates(&hierarchy.mount, hierarchy.own.as_deref(), root_group);
    first_usable(places).map_err(lacks)
}

/// The first place where a group can be made and removed; the error says why the last could not.
pub(super) fn first_usable(places: Vec<PathBuf>) -> Result<PathBuf, String> {
    let mut reasons = Vec::new();
    for place in places {
        let probe = place.join(format!("{}{}", life::LEAF_PREFIX, life::own_tag()));
        let made = (if place.is_dir() { Ok(()) } else { life::make(&place) })
            .and_then(|()| life::make(&probe));
        match made {
            Ok(()) => {
                let _left_to_the_sweep = std::fs::remove_dir(&probe);
                return Ok(place);
            }
            Err(refused) => reasons.push(refused.to_string()),
        }
    }
    Err(reasons.join("; "))
}
