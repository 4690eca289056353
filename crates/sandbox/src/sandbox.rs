//! One per process: the level of isolation, found out once, and the wardens made at it.

use std::path::PathBuf;
use std::sync::Arc;

use minos_model::{Bytes, Isolation};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

use crate::cgroup::{Level, ProbeConfig, Swept};
use crate::slot::cores::Cores;
use crate::slot::spawn;
use crate::times::Times;
use crate::{BoxTimes, SandboxError, Template, Warden};

/// The second warden of a slot has a number of its own, above those of all slots: users and groups
/// follow it.
const PARTNERS: u16 = 1 << 12;

/// Which cores a slot uses.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum CorePolicy {
    /// Slot `n` runs its programs, and the thread that watches them, on the `n`-th core this process
    /// may use (counted round and round); boxes are prepared on the others. The calling thread of
    /// [`Warden::run`] is pinned while it is used for runs.
    #[default]
    Pinned,
    /// The scheduler decides.
    Floating,
}

/// How boxes are made.
#[derive(Debug, Clone)]
pub struct SandboxConfig {
    /// The group below which boxes' groups are made; `None` is this process's own.
    pub root_group: Option<String>,
    /// The user and group of slot 0's programs; slot `n` has `first_uid + n`. No account of the
    /// machine may have these numbers.
    pub first_uid: u32,
    /// Which cores a slot uses.
    pub cores: CorePolicy,
    /// The level to use; `None` is the best there is.
    pub isolation: Option<Isolation>,
    /// Whether [`Isolation::Rootless`] will do when nothing better is to be had.
    pub allow_rootless: bool,
    /// Boxes prepared ahead in each slot: 1 or 2.
    pub ahead: u8,
    /// Size of `/w`, and of `/tmp`, in each box; what is in use counts as the box's memory.
    pub disk: Bytes,
    /// Files and directories in `/w`, and in `/tmp`.
    pub disk_files: u32,
    /// The executable that becomes a warden; `None` finds it.
    pub warden: Option<PathBuf>,
}

impl Default for SandboxConfig {
    fn default() -> Self {
        Self {
            root_group: None,
            first_uid: 60_001,
            cores: CorePolicy::default(),
            isolation: None,
            allow_rootless: true,
            ahead: 2,
            disk: Bytes::from_mib(1_024),
            disk_files: 32_768,
            warden: None,
        }
    }
}

/// How many descriptors this process may have open, as its soft limit says.
///
/// # Errors
/// What the system said.
pub fn open_files() -> std::io::Result<u64> {
    let (soft, _hard) = nix::sys::resource::getrlimit(nix::sys::resource::Resource::RLIMIT_NOFILE)?;
    Ok(soft)
}

/// The sandbox of this process.
#[derive(Debug)]
pub struct Sandbox {
    config: SandboxConfig,
    level: Level,
    swept: Swept,
    warden: PathBuf,
    cores: Cores,
    times: Arc<Times>,
}

impl Sandbox {
    /// Finds out what this machine can isolate and measure, and removes what dead lives have left.
    ///
    /// # Errors
    /// No level can be had, or there is no executable to become a warden.
    pub fn open(config: SandboxConfig) -> Result<Self, SandboxError> {
        let probe = ProbeConfig {
            root_group: config.root_group.clone(),
            forced: config.isolation,
            allow_rootless: config.allow_rootless,
        };
        let level = Level::probe(&probe)?;
        // What could not be removed is tried again by the next life.
        let swept = level.sweep();
        let warden = match &config.warden {
            Some(path) => path.clone(),
            None => spawn::find_executable()?,
        };
        let cores = Cores::of_this_process()?;
        Ok(Self { config, level, swept, warden, cores, times: Arc::default() })
    }

    /// What dead lives had left here, and what became of it.
    #[must_use]
    pub const fn swept(&self) -> Swept {
        self.swept
    }

    /// Control groups of this life whose removal the kernel has refused so far.
    #[must_use]
    pub fn lingering(&self) -> usize {
        self.level.lingering()
    }

    /// How long boxes took to be made and to be cleared away since the last call: what one caller has
    /// been told, no other is.
    #[must_use]
    pub fn take_times(&self) -> BoxTimes {
        self.times.take()
    }

    /// The level in use.
    #[must_use]
    pub fn isolation(&self) -> Isolation {
        self.level.isolation()
    }

    /// Starts the warden of one slot. Two live wardens of one process must not share a slot.
    ///
    /// # Errors
    /// A step of the set-up, by name.
    pub fn warden(&self, slot: u16, template: Template) -> Result<Warden, SandboxError> {
        self.start(slot, slot, template)
    }

    /// Starts a second warden for a slot, for the program that the slot's own program talks to: on
    /// the same cores, so that a message is one switch of context, as another user.
    ///
    /// # Errors
    /// A step of the set-up, by name.
    pub fn partner(&self, slot: u16, template: Template) -> Result<Warden, SandboxError> {
        self.start(slot, slot.saturating_add(PARTNERS), template)
    }

    fn start(&self, cores: u16, number: u16, template: Template) -> Result<Warden, SandboxError> {
        template.check()?;
        let places = spawn::Places {
            executable: self.warden.clone(),
            cores: self.cores.of_slot(cores, &self.config.cores),
        };
        let times = Arc::clone(&self.times);
        Warden::start(number, &self.config, self.level.clone(), (template, times), places)
    }
}

/// Waits for a child that has ended, whoever it was: for orphans that come to a process which is the
/// first of its namespace. Says whether there was one to wait for; never blocks.
#[must_use]
pub fn reap(pid: u32) -> bool {
    let Ok(pid) = i32::try_from(pid) else { return false };
    let ended = waitpid(Pid::from_raw(pid.max(1)), Some(WaitPidFlag::WNOHANG));
    ended.is_ok_and(|status| status != WaitStatus::StillAlive)
}
