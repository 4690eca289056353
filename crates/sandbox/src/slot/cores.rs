//! Which cores a slot uses, and the thread that is pinned there.

use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::unistd::Pid;

use crate::{CorePolicy, SandboxError};

/// The cores this process may use.
#[derive(Debug, Clone)]
pub(crate) struct Cores(Vec<usize>);

/// The cores of one slot; `None` where the scheduler decides.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SlotCores {
    /// Where programs run, and the thread that watches them.
    pub run: Option<CpuSet>,
    /// Where boxes are prepared.
    pub prepare: Option<CpuSet>,
    /// How many cores a program may use at once.
    pub width: u32,
}

impl Cores {
    /// Asks the kernel.
    pub(crate) fn of_this_process() -> Result<Self, SandboxError> {
        let set = sched_getaffinity(Pid::from_raw(0))
            .map_err(|errno| SandboxError::os("read the cores this process may use", errno))?;
        let cores = (0..CpuSet::count()).filter(|core| set.is_set(*core).unwrap_or(false));
        Ok(Self(cores.collect()))
    }

    /// The cores of a slot.
    pub(crate) fn of_slot(&self, slot: u16, policy: &CorePolicy) -> SlotCores {
        let width = u32::try_from(self.0.len()).unwrap_or(u32::MAX).max(1);
        let floating = SlotCores { run: None, prepare: None, width };
        let count = self.0.len();
        match policy {
            CorePolicy::Pinned if count > 0 => {
                let own = self.0.get(usize::from(slot) % count).copied().unwrap_or(0);
                let others: Vec<usize> = self.0.iter().copied().filter(|c| *c != own).collect();
                let prepare = if others.is_empty() { None } else { set_of(&others) };
                SlotCores { run: set_of(&[own]), prepare, width: 1 }
            }
            CorePolicy::Pinned | CorePolicy::Floating => floating,
        }
    }
}

fn set_of(cores: &[usize]) -> Option<CpuSet> {
    let mut set = CpuSet::new();
    cores.iter().all(|core| set.set(*core).is_ok()).then_some(set)
}

/// Lets a process or thread run on these cores only; 0 is the calling thread. A process that has
/// ended, or a machine that forbids it, leaves things as they are.
pub(crate) fn pin(pid: i32, cores: Option<&CpuSet>) {
    if let Some(cores) = cores {
        let _stays = sched_setaffinity(Pid::from_raw(pid), cores);
    }
}

/// A thread pinned for as long as a warden is used from it.
#[derive(Debug, Default)]
pub(crate) struct Pinned {
    thread: Option<(std::thread::ThreadId, CpuSet)>,
}

impl Pinned {
    /// Pins the calling thread, once.
    pub(crate) fn hold(&mut self, cores: Option<&CpuSet>) {
        let Some(cores) = cores else { return };
        let this = std::thread::current().id();
        if self.thread.as_ref().is_some_and(|(held, _)| *held == this) {
            return;
        }
        if let Ok(before) = sched_getaffinity(Pid::from_raw(0)) {
            self.thread = Some((this, before));
            pin(0, Some(cores));
        }
    }
}

impl Drop for Pinned {
    fn drop(&mut self) {
        if let Some((thread, before)) = self.thread.take()
            && thread == std::thread::current().id()
        {
            pin(0, Some(&before));
        }
    }
}

/// The calling thread preempts the program it watches, until this is dropped. On the program's own
/// core that also brings the CPU counter up to date, which otherwise advances once a tick.
#[derive(Debug)]
pub(crate) struct Preempting(bool);

impl Preempting {
    /// As far as this machine allows.
    pub(crate) fn begin() -> Self {
        Self(crate::sys::node::realtime(true).is_ok())
    }
}

impl Drop for Preempting {
    fn drop(&mut self) {
        if self.0 {
            // What was allowed upwards is allowed downwards.
            let _always = crate::sys::node::realtime(false);
        }
    }
}
