//! Which level this machine gives, proven by making a group; and the groups of this life.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use minos_model::Isolation;

use super::group::Controls;
use super::life::{self, Lock};
use super::mounts::Mounts;
use super::{CgroupError, Group, hybrid, rootless, v1, v2};

/// The most directories whose removal was refused and is still tried.
const MOST_LINGERING: usize = 256;
/// A life's directory is named anew this often before the machine is given up.
const NAMES_TRIED: u32 = 16;

/// What the operator says about groups.
#[derive(Debug, Clone, Default)]
pub struct ProbeConfig {
    /// The group below which everything is made, as a path from the mount (`minos.slice`); `None`
    /// for this process's own group, and the hierarchy's top where that one has other processes.
    pub root_group: Option<String>,
    /// Only this level; `None` for the best there is.
    pub forced: Option<Isolation>,
    /// Whether running without any group will do: approximate, and every result says so.
    pub allow_rootless: bool,
}

/// How boxes are limited and measured in this process. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Level {
    shared: Arc<Shared>,
}

/// What a sweep found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Swept {
    /// Directories of dead lives that were removed, with every group in them.
    pub removed: usize,
    /// Directories of dead lives that could not be removed.
    pub refused: usize,
    /// Directories of lives that are alive, this one included.
    pub alive: usize,
    /// Processes that still lived in the directories that were removed.
    pub killed: usize,
}

/// The directories of one life: in each hierarchy a base, and below it the life's own.
#[derive(Debug, Clone, Default)]
pub(super) struct Place {
    /// Where each hierarchy's groups may be made.
    pub(super) bases: Vec<PathBuf>,
}

/// What every group of this life needs.
#[derive(Debug)]
pub(super) struct Shared {
    isolation: Isolation,
    place: Place,
    life: String,
    serial: AtomicU64,
    lingering: Mutex<Vec<PathBuf>>,
    locks: Vec<Lock>,
}

impl Level {
    /// Finds the best level there is: v2, hybrid, v1, and rootless when that is allowed. On v2 this
    /// may move the process into a leaf of its own group, because a group that hands controllers to
    /// its children must not have processes.
    ///
    /// # Errors
    /// [`CgroupError::OnlyRootless`] where rootless is all there is, or was asked for, and is not
    /// allowed; [`CgroupError::None`] with what each level lacks.
    pub fn probe(config: &ProbeConfig) -> Result<Self, CgroupError> {
        let mounts = Mounts::read();
        let candidates = match config.forced {
            Some(isolation) => vec![isolation],
            None => Isolation::ALL.to_vec(),
        };
        let mut reasons = Vec::new();
        for isolation in candidates {
            if isolation == Isolation::Rootless && !config.allow_rootless {
                return Err(CgroupError::OnlyRootless { reasons });
            }
            match Self::try_level(isolation, &mounts, config.root_group.as_deref()) {
                Ok(level) => return Ok(level),
                Err(refused) => reasons.push(refused.to_string()),
            }
        }
        Err(CgroupError::None { reasons })
    }

    fn try_level(
        isolation: Isolation,
        mounts: &Mounts,
        root_group: Option<&str>,
    ) -> Result<Self, CgroupError> {
        let place = match isolation {
            Isolation::CgroupV2 => v2::place(mounts, root_group)?,
            Isolation::CgroupHybrid => hybrid::place(mounts, root_group)?,
            Isolation::CgroupV1 => v1::place(mounts, root_group)?,
            Isolation::Rootless => Place::default(),
        };
        let shared = Arc::new(Shared::begin(isolation, place)?);
        let level = Self { shared };
        // Making one group proves the level; removing it proves that nothing will be left behind.
        level.group(0, 0)?.destroy();
        Ok(level)
    }

    /// The level's name in every report.
    #[must_use]
    pub fn isolation(&self) -> Isolation {
        self.shared.isolation
    }

    /// The groups below which this life's groups lie, one per hierarchy.
    #[must_use]
    pub fn bases(&self) -> &[PathBuf] {
        &self.shared.place.bases
    }

    /// The group (or groups) of one box. `serial` is any number; the name is made unique.
    ///
    /// # Errors
    /// [`CgroupError::File`] when the kernel refuses.
    pub fn group(&self, slot: u16, serial: u64) -> Result<Group, CgroupError> {
        Shared::group(&self.shared, format!("{slot}-{serial}"))
    }

    /// Removes what dead lives have left, killing what still lives there. The directories of live
    /// nodes are locked by them and stay untouched.
    #[must_use]
    pub fn sweep(&self) -> Swept {
        let mut swept = Swept::default();
        for base in &self.shared.place.bases {
            life::remove_empty_leaves(base);
            for directory in life::lives(base) {
                // Held while the directory is removed, so that nobody begins in it meanwhile.
                let Ok(Some(_held)) = Lock::take(&directory) else {
                    swept.alive += 1;
                    continue;
                };
                match life::remove_tree(&directory) {
                    Ok(killed) => {
                        swept.removed += 1;
                        swept.killed += killed;
                    }
                    Err(_busy) => swept.refused += 1,
                }
            }
        }
        swept
    }

    /// Groups whose removal the kernel has refused so far: an alarm when it grows.
    #[must_use]
    pub fn lingering(&self) -> usize {
        self.shared.lingering.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}

impl Shared {
    /// Makes and locks this life's directories.
    fn begin(isolation: Isolation, place: Place) -> Result<Self, CgroupError> {
        let tag = life::own_tag();
        for attempt in 0..NAMES_TRIED {
            let life = format!("{}{tag}-{attempt}", life::PREFIX);
            let directories: Vec<PathBuf> =
                place.bases.iter().map(|base| base.join(&life)).collect();
            // Taken already by another level of this process, or swept in this very moment.
            let Some(locks) = Self::lock(&directories)? else { continue };
            if isolation == Isolation::CgroupV2 {
                directories.iter().try_for_each(|directory| v2::enable_controllers(directory))?;
            }
            let (serial, lingering) = (AtomicU64::new(0), Mutex::default());
            return Ok(Self { isolation, place, life, serial, lingering, locks });
        }
        let why = format!("every name from {}{tag}-0 on is taken", life::PREFIX);
        Err(CgroupError::Level { level: isolation, why })
    }

    /// All of a life's directories, or none.
    fn lock(directories: &[PathBuf]) -> Result<Option<Vec<Lock>>, CgroupError> {
        let mut locks = Vec::new();
        for directory in directories {
            life::make(directory)?;
            match Lock::take(directory)? {
                Some(lock) if directory.exists() => locks.push(lock),
                Some(_) | None => return Ok(None),
            }
        }
        Ok(Some(locks))
    }

    /// This life's directory in each hierarchy.
    fn directories(&self) -> Vec<PathBuf> {
        self.place.bases.iter().map(|base| base.join(&self.life)).collect()
    }

    /// A name that no group of this life has had.
    pub(super) fn next_name(&self, after: &str) -> String {
        let slot = after.split('-').next().unwrap_or("0");
        let serial = self.serial.fetch_add(1, Ordering::Relaxed);
        format!("{slot}-again-{serial}")
    }

    pub(super) fn group(shared: &Arc<Self>, name: String) -> Result<Group, CgroupError> {
        shared.retry();
        let own: Vec<PathBuf> = shared.directories().iter().map(|dir| dir.join(&name)).collect();
        for directory in &own {
            life::make(directory)?;
        }
        let controls: Box<dyn Controls> = match (shared.isolation, own.as_slice()) {
            (Isolation::CgroupV2, [tree]) => Box::new(v2::Full::open(tree)?),
            (Isolation::CgroupHybrid, [tree, memory, pids]) => {
                Box::new(hybrid::Hybrid::open(tree, memory, pids)?)
            }
            (Isolation::CgroupV1, [memory, pids, cpuacct]) => {
                Box::new(v1::Full::open(memory, pids, cpuacct)?)
            }
            (Isolation::Rootless, _) => Box::new(rootless::Watched::default()),
            (level, _) => {
                let why = "its hierarchies are not complete".to_owned();
                return Err(CgroupError::Level { level, why });
            }
        };
        Group::new(controls, Arc::clone(shared), name)
    }

    /// Removes a group's directories, or keeps them to try again.
    pub(super) fn remove(&self, directories: Vec<PathBuf>) {
        let refused = directories.into_iter().filter(|dir| std::fs::remove_dir(dir).is_err());
        let refused: Vec<PathBuf> = refused.filter(|dir| dir.exists()).collect();
        if refused.is_empty() {
            return;
        }
        let mut lingering = self.lingering.lock().unwrap_or_else(PoisonError::into_inner);
        lingering.extend(refused);
        // What falls off the end is removed by the next sweep.
        lingering.truncate(MOST_LINGERING);
    }

    /// Tries again what was refused before.
    fn retry(&self) {
        let mut lingering = self.lingering.lock().unwrap_or_else(PoisonError::into_inner);
        lingering.retain(|directory| std::fs::remove_dir(directory).is_err() && directory.exists());
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.retry();
        // The locks go after their directories, so that no sweep comes in between.
        for directory in self.directories() {
            let _left_to_the_sweep = std::fs::remove_dir(directory);
        }
        self.locks.clear();
    }
}

#[cfg(test)]
#[path = "level_tests.rs"]
mod tests;
