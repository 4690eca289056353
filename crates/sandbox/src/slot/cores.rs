//! Which cores a slot uses, and the thread that is pinned there.

use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::unistd::Pid;

use crate::{CorePolicy, SandboxError};

/// The cores this process may use, each with those of its hardware threads that it may use.
#[derive(Debug, Clone)]
pub(crate) struct Cores(Vec<Vec<usize>>);

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

/// How many physical cores this process may use, at least one: two threads of a core slow each other
/// down, so it has one slot at most.
#[must_use]
pub fn physical_cores() -> usize {
    Cores::of_this_process().map_or(1, |cores| cores.0.len()).max(1)
}

impl Cores {
    /// Asks the kernel.
    pub(crate) fn of_this_process() -> Result<Self, SandboxError> {
        let set = sched_getaffinity(Pid::from_raw(0))
            .map_err(|errno| SandboxError::os("read the cores this process may use", errno))?;
        let threads = (0..CpuSet::count()).filter(|thread| set.is_set(*thread).unwrap_or(false));
        Ok(Self::grouped(threads, siblings))
    }

    /// Threads by core, the cores in the order of their first threads.
    fn grouped(
        threads: impl Iterator<Item = usize>,
        siblings: impl Fn(usize) -> Option<String>,
    ) -> Self {
        let mut cores: Vec<(String, Vec<usize>)> = Vec::new();
        for thread in threads {
            // A kernel that does not say: each thread is a core.
            let core = siblings(thread).unwrap_or_else(|| thread.to_string());
            match cores.iter_mut().find(|(known, _)| *known == core) {
                Some((_, of_core)) => of_core.push(thread),
                None => cores.push((core, vec![thread])),
            }
        }
        Self(cores.into_iter().map(|(_, threads)| threads).collect())
    }

    /// The cores of a slot. Where there are more than two, the first is the node's own: most of the
    /// machine's interrupts come there as well.
    pub(crate) fn of_slot(&self, slot: u16, policy: &CorePolicy) -> SlotCores {
        let threads = self.0.iter().map(Vec::len).sum::<usize>();
        let width = u32::try_from(threads).unwrap_or(u32::MAX).max(1);
        let floating = SlotCores { run: None, prepare: None, width };
        let kept = usize::from(self.0.len() > 2);
        let slots = self.0.get(kept..).unwrap_or_default();
        match policy {
            CorePolicy::Pinned if !slots.is_empty() => {
                let at = kept + usize::from(slot) % slots.len();
                let own = self.0.get(at).and_then(|core| core.first()).copied().unwrap_or(0);
                let others = self.0.iter().enumerate().filter(|(other, _)| *other != at);
                let others: Vec<usize> = others.flat_map(|(_, core)| core).copied().collect();
                let prepare = if others.is_empty() { None } else { set_of(&others) };
                SlotCores { run: set_of(&[own]), prepare, width: 1 }
            }
            CorePolicy::Pinned | CorePolicy::Floating => floating,
        }
    }
}

/// The threads of a thread's core, as the kernel writes them.
fn siblings(thread: usize) -> Option<String> {
    let directory = format!("/sys/devices/system/cpu/cpu{thread}/topology");
    ["core_cpus_list", "thread_siblings_list"].iter().find_map(|name| {
        let list = std::fs::read_to_string(format!("{directory}/{name}")).ok()?;
        Some(list.trim().to_owned())
    })
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

#[cfg(test)]
mod tests {
    use super::*;

    /// The thread that each of four slots runs on.
    fn slots(lists: &[&str]) -> Vec<usize> {
        let siblings = |thread: usize| lists.get(thread).map(|list| (*list).to_owned());
        let cores = Cores::grouped(0..lists.len(), siblings);
        let on = |slot| {
            let run = cores.of_slot(slot, &CorePolicy::Pinned).run.unwrap();
            (0..CpuSet::count()).find(|thread| run.is_set(*thread).unwrap()).unwrap()
        };
        (0..4).map(on).collect()
    }

    #[test]
    fn slots_have_a_core_each_however_threads_are_numbered_and_the_first_is_kept() {
        for (lists, expected) in [
            // One core, two cores: none can be spared.
            (vec!["0"], [0, 0, 0, 0]),
            (vec!["0", "1"], [0, 1, 0, 1]),
            (vec!["0-1", "0-1"], [0, 0, 0, 0]),
            (vec!["0,2", "1,3", "0,2", "1,3"], [0, 1, 0, 1]),
            (vec!["0-1", "0-1", "2-3", "2-3"], [0, 2, 0, 2]),
            // Three and more: the first is the node's.
            (vec!["0", "1", "2"], [1, 2, 1, 2]),
            (vec!["0-1", "0-1", "2-3", "2-3", "4-5", "4-5"], [2, 4, 2, 4]),
            (vec!["0,3", "1,4", "2,5", "0,3", "1,4", "2,5"], [1, 2, 1, 2]),
        ] {
            assert_eq!(slots(&lists), expected, "{lists:?}");
        }
    }

    #[test]
    fn boxes_are_prepared_on_other_cores_than_the_slots_own() {
        let siblings = |thread: usize| Some(["0-1", "0-1", "2-3", "2-3"][thread].to_owned());
        let cores = Cores::grouped(0..4, siblings).of_slot(0, &CorePolicy::Pinned);
        let set = cores.prepare.unwrap();
        let threads: Vec<usize> = (0..4).filter(|thread| set.is_set(*thread).unwrap()).collect();
        assert_eq!(threads, [2, 3]);
    }

    #[test]
    fn a_kernel_that_says_nothing_of_cores_has_one_for_each_thread() {
        assert_eq!(Cores::grouped(0..3, |_| None).0, [[0], [1], [2]]);
        assert!(physical_cores() >= 1);
    }
}
