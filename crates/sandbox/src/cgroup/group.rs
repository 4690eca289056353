//! One box's group, whatever it is made of.

use std::os::fd::BorrowedFd;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use minos_model::{Bytes, CpuTime, Limits};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::CgroupError;
use super::level::Shared;

/// How long [`Group::destroy`] waits for the group to be empty before it kills what is in it, and
/// as long again before it leaves the removal to later.
const EMPTY_DEADLINE: Duration = Duration::from_millis(500);
/// Where nothing announces emptiness (v1) it is looked for this often.
const LOOK_AGAIN_MS: u16 = 1;

/// What a box has used since [`Group::mark`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Readings {
    /// CPU time of every process that was ever in the group.
    pub cpu: CpuTime,
    /// The most memory at once: anonymous, tmpfs, page cache and kernel memory of the group.
    /// On v1 quantised by the kernel's stock of 64 pages per CPU.
    pub memory_peak: Bytes,
    /// Processes killed for memory.
    pub oom_kills: u64,
    /// How often the group's own hard limit was hit. Linux 6.18 counts nothing here on v1: there a
    /// peak above the soft limit shows it.
    pub memory_hits: u64,
    /// The most processes and threads at once, the box's init not counted.
    pub processes_peak: u32,
    /// Forks and threads refused because of the process limit.
    pub processes_refused: u64,
    /// Whether anything is alive in the group; on hybrid the box's init is not asked about.
    pub populated: bool,
}

/// Counters as the kernel has them, since the group was made.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Counters {
    /// Microseconds.
    pub(super) cpu: u64,
    /// Bytes at once, now.
    pub(super) memory: u64,
    /// Bytes at once, the most.
    pub(super) memory_peak: u64,
    pub(super) oom_kills: u64,
    pub(super) memory_hits: u64,
    pub(super) processes_peak: u64,
    pub(super) processes_refused: u64,
    pub(super) populated: bool,
}

/// What each level does in its own way.
pub(super) trait Controls: std::fmt::Debug + Send {
    /// `cgroup.procs` of the groups that the box's init enters by writing `0`.
    fn attach_fds(&self) -> Vec<BorrowedFd<'_>>;
    /// The directory for `CLONE_INTO_CGROUP`.
    fn entry_fd(&self) -> Option<BorrowedFd<'_>>;
    /// Writes the hard limits.
    fn set_limits(&mut self, limits: &Limits) -> Result<(), CgroupError>;
    /// CPU time so far, in microseconds: one read.
    fn cpu_micros(&self) -> Result<u64, CgroupError>;
    /// All counters.
    fn counters(&mut self) -> Result<Counters, CgroupError>;
    /// What later counters are counted from: those that only grow, and the memory in use now. Every
    /// box reads them once, so nothing is read that nobody subtracts.
    fn baseline(&mut self) -> Result<Counters, CgroupError> {
        self.counters()
    }
    /// Whether anything is alive in it.
    fn populated(&self) -> Result<bool, CgroupError>;
    /// The descriptor that gets `POLLPRI` when `populated` changes.
    fn announces(&self) -> Option<BorrowedFd<'_>>;
    /// Kills everything in it.
    fn kill(&mut self) -> Result<(), CgroupError>;
    /// Forgets the peak, so that the next one counts from here.
    fn forget_peak(&mut self) -> Result<(), CgroupError>;
    /// Makes it as new: false when that cannot be shown.
    fn reset(&mut self) -> Result<bool, CgroupError>;
    /// The directories, to be removed in this order.
    fn directories(&self) -> Vec<PathBuf>;
    /// Rootless only: the process whose descendants are the box.
    fn watch(&mut self, _init: u32) {}
}

/// The group (or the groups of one box on several hierarchies), every file kept open.
///
/// A node makes it, hands [`Group::into_fd`] and [`Group::attach_fds`] to the warden while the box
/// is prepared, calls [`Group::mark`] when the box waits for its job, and reads it while the run
/// lasts. Dropping it is the same as [`Group::destroy`].
#[derive(Debug)]
pub struct Group {
    /// `None` only once it has been given away by value.
    controls: Option<Box<dyn Controls>>,
    shared: Arc<Shared>,
    name: String,
    zero: Counters,
    killed: bool,
}

impl Group {
    pub(super) fn new(
        mut controls: Box<dyn Controls>,
        shared: Arc<Shared>,
        name: String,
    ) -> Result<Self, CgroupError> {
        let zero = controls.counters()?;
        Ok(Self { controls: Some(controls), shared, name, zero, killed: false })
    }

    /// What the box's init enters by writing `0` into each, ahead of time; empty on v2 and rootless.
    #[must_use]
    pub fn attach_fds(&self) -> Vec<BorrowedFd<'_>> {
        self.controls().attach_fds()
    }

    /// The directory the program is born into with `CLONE_INTO_CGROUP`; `None` on v1 and rootless.
    #[must_use]
    pub fn into_fd(&self) -> Option<BorrowedFd<'_>> {
        self.controls().entry_fd()
    }

    /// Writes the hard limits: memory, no swap, processes (one more where init is inside).
    /// Two to four writes, none of which takes the kernel's lock on the group tree.
    ///
    /// # Errors
    /// [`CgroupError::File`] with the limit that was refused.
    pub fn set_limits(&mut self, limits: &Limits) -> Result<(), CgroupError> {
        self.controls_mut().set_limits(limits)
    }

    /// Everything used until now is not the program's: call it when the box stands ready and its
    /// processes sleep.
    ///
    /// # Errors
    /// [`CgroupError`] when a counter cannot be read.
    pub fn mark(&mut self) -> Result<(), CgroupError> {
        self.controls_mut().forget_peak()?;
        self.zero = self.controls_mut().baseline()?;
        Ok(())
    }

    /// Rootless only: the PID, as this process sees it, of the box's init. The box is what descends
    /// from it.
    pub fn watch(&mut self, init: u32) {
        self.controls_mut().watch(init);
    }

    /// CPU time since [`Group::mark`]: one `pread`.
    ///
    /// # Errors
    /// [`CgroupError`] when the counter cannot be read.
    pub fn cpu(&self) -> Result<CpuTime, CgroupError> {
        let now = self.controls().cpu_micros()?;
        Ok(CpuTime::from_micros(now.saturating_sub(self.zero.cpu)))
    }

    /// Everything at once: five to seven `pread`s.
    ///
    /// # Errors
    /// [`CgroupError`] when a counter cannot be read.
    pub fn readings(&mut self) -> Result<Readings, CgroupError> {
        let now = self.controls_mut().counters()?;
        let zero = &self.zero;
        let processes = now.processes_peak.min(u64::from(u32::MAX));
        Ok(Readings {
            cpu: CpuTime::from_micros(now.cpu.saturating_sub(zero.cpu)),
            memory_peak: Bytes::new(now.memory_peak.saturating_sub(zero.memory)),
            oom_kills: now.oom_kills.saturating_sub(zero.oom_kills),
            memory_hits: now.memory_hits.saturating_sub(zero.memory_hits),
            processes_peak: u32::try_from(processes).unwrap_or(u32::MAX),
            processes_refused: now.processes_refused.saturating_sub(zero.processes_refused),
            populated: now.populated,
        })
    }

    /// Kills everything in the group. The box's own way to end is the death of its init (a PID
    /// namespace dies with it): prefer that, because a v2 group that `cgroup.kill` has touched can
    /// never be entered again and is not recycled.
    ///
    /// # Errors
    /// [`CgroupError::File`] when the kernel refuses.
    pub fn kill(&mut self) -> Result<(), CgroupError> {
        self.killed = true;
        self.controls_mut().kill()
    }

    /// Waits until nothing is alive in it.
    ///
    /// # Errors
    /// [`CgroupError::StillPopulated`] at the deadline.
    pub fn wait_empty(&self, deadline: Duration) -> Result<(), CgroupError> {
        let begun = Instant::now();
        loop {
            if !self.controls().populated()? {
                return Ok(());
            }
            let left = deadline.saturating_sub(begun.elapsed());
            if left.is_zero() {
                let path = self.controls().directories().into_iter().next().unwrap_or_default();
                let waited_ms = u64::try_from(deadline.as_millis()).unwrap_or(u64::MAX);
                return Err(CgroupError::StillPopulated { path, waited_ms });
            }
            // The announcement may come up to 10 ms late: it only shortens the wait.
            let timeout = PollTimeout::from(LOOK_AGAIN_MS);
            let mut announced: Vec<PollFd<'_>> = self
                .controls()
                .announces()
                .map(|events| PollFd::new(events, PollFlags::POLLPRI))
                .into_iter()
                .collect();
            // An interrupted poll is a look ahead of time, no more.
            let _interrupted = poll(&mut announced, timeout);
        }
    }

    /// The same group for the next box, reset and shown empty, to be marked anew; a new one in its place when that
    /// cannot be shown (something is alive or charged in it, its peak cannot be forgotten, or
    /// `cgroup.kill` has touched it). Worth trying once the warden has waited for the old box's
    /// init: until then it still counts as a process.
    ///
    /// # Errors
    /// [`CgroupError`] when no new one can be made.
    pub fn recycle(mut self) -> Result<Self, CgroupError> {
        if !self.killed && self.controls_mut().reset().unwrap_or(false) {
            return Ok(self);
        }
        let next = Shared::group(&self.shared, self.shared.next_name(&self.name))?;
        self.destroy();
        Ok(next)
    }

    /// Waits until it is empty (killing what is left), and removes it; a removal that is refused is
    /// tried again whenever a group is made or removed later, and by the next sweep.
    pub fn destroy(mut self) {
        self.discard();
    }

    fn discard(&mut self) {
        if self.controls.is_some() && self.wait_empty(EMPTY_DEADLINE).is_err() {
            // Whether the kill worked is what the second wait finds out.
            let _refused = self.kill();
            let _still_populated = self.wait_empty(EMPTY_DEADLINE);
        }
        let Some(controls) = self.controls.take() else { return };
        let directories = controls.directories();
        drop(controls);
        self.shared.remove(directories);
    }

    /// The group's directories, one per hierarchy; none when rootless.
    #[must_use]
    pub fn directories(&self) -> Vec<PathBuf> {
        self.controls().directories()
    }

    fn controls(&self) -> &dyn Controls {
        self.controls
            .as_deref()
            .expect("only `discard` takes the controls, and it is the last call")
    }

    fn controls_mut(&mut self) -> &mut dyn Controls {
        self.controls
            .as_deref_mut()
            .expect("only `discard` takes the controls, and it is the last call")
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.discard();
    }
}
