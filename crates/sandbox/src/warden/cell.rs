//! What a box tells the node without a message: one cell of shared memory per box.

use std::sync::atomic::{AtomicI32, AtomicU32, AtomicU64, Ordering};

/// Boxes that one warden may have alive at once: one that runs, those prepared ahead, and one that
/// is going away.
pub(crate) const CELLS: usize = 8;

/// Written by the box (its init and its program's process before exec), read by the node.
///
/// Each field is written once per box. A field that announces others is written after them.
#[derive(Debug, Default)]
#[repr(C, align(64))]
pub(crate) struct Cell {
    /// The step that failed, as [`crate::SetupStep`] numbers them; 0 while none has.
    pub step: AtomicU32,
    /// Its errno.
    pub errno: AtomicI32,
    /// Monotonic clock right before exec, nanoseconds; 0 before.
    pub exec_at: AtomicU64,
    /// CPU time between the job's arrival and exec, nanoseconds: files copied, not the program.
    pub copy_cpu: AtomicU64,
    /// CPU time of the program's process from its birth to exec, nanoseconds.
    pub born_cpu: AtomicU64,
    /// CPU time of every process that init has waited for and of those they have waited for,
    /// nanoseconds; exact, and 0 when the box was killed.
    pub waited_cpu: AtomicU64,
    /// Monotonic clock when init had seen the program's end, nanoseconds; 0 before.
    pub ended_at: AtomicU64,
    /// The program's wait status.
    pub status: AtomicI32,
    /// The most memory the program's first process had resident, KiB.
    pub resident_kib: AtomicU64,
    /// 1 when a tmpfs of the box had no block or no inode left at the end.
    pub disk_full: AtomicU32,
}

impl Cell {
    /// Everything back to zero, before a box gets the cell.
    pub(crate) fn clear(&self) {
        self.step.store(0, Ordering::Relaxed);
        self.errno.store(0, Ordering::Relaxed);
        self.exec_at.store(0, Ordering::Relaxed);
        self.copy_cpu.store(0, Ordering::Relaxed);
        self.born_cpu.store(0, Ordering::Relaxed);
        self.waited_cpu.store(0, Ordering::Relaxed);
        self.status.store(0, Ordering::Relaxed);
        self.resident_kib.store(0, Ordering::Relaxed);
        self.disk_full.store(0, Ordering::Relaxed);
        self.ended_at.store(0, Ordering::Release);
    }

    /// Says which step failed, and why.
    pub(crate) fn fail(&self, step: crate::SetupStep, errno: i32) {
        self.errno.store(errno, Ordering::Relaxed);
        self.step.store(step.number(), Ordering::Release);
    }

    /// The step that failed, and its errno.
    pub(crate) fn failure(&self) -> Option<(u32, i32)> {
        match self.step.load(Ordering::Acquire) {
            0 => None,
            step => Some((step, self.errno.load(Ordering::Relaxed))),
        }
    }
}
