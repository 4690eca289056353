//! What the slots are doing, where everybody can read it: the beacon, readiness and the metrics.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use minos_model::Verdict;

use crate::recent::Recent;

/// What a slot is doing, as operators see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Doing {
    /// Its warden is being made, or it waits to be restarted.
    Starting = 0,
    /// Free.
    Idle = 1,
    /// It judges.
    Busy = 2,
    /// It failed too often and is left alone.
    Quarantined = 3,
    /// It has left.
    Stopped = 4,
}

impl Doing {
    /// Every value.
    pub const ALL: [Self; 5] =
        [Self::Starting, Self::Idle, Self::Busy, Self::Quarantined, Self::Stopped];

    /// The name in metrics and reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Idle => "idle",
            Self::Busy => "busy",
            Self::Quarantined => "quarantined",
            Self::Stopped => "stopped",
        }
    }
}

/// How many slots do what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Count {
    /// Being made.
    pub starting: u32,
    /// Free.
    pub idle: u32,
    /// Judging.
    pub busy: u32,
    /// Left alone.
    pub quarantined: u32,
    /// Gone.
    pub stopped: u32,
}

impl Count {
    /// The number for one state.
    #[must_use]
    pub const fn of(&self, doing: Doing) -> u32 {
        match doing {
            Doing::Starting => self.starting,
            Doing::Idle => self.idle,
            Doing::Busy => self.busy,
            Doing::Quarantined => self.quarantined,
            Doing::Stopped => self.stopped,
        }
    }
}

/// The shared board of one node.
#[derive(Debug, Clone)]
pub(crate) struct Board(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    slots: Vec<AtomicU8>,
    /// Submissions each slot has judged, in all its lives.
    judged: Vec<AtomicU64>,
    /// Slots that were replaced.
    restarts: AtomicU64,
    recent: Recent,
    draining: AtomicBool,
    results_full: AtomicBool,
    /// Verdicts that are being stored.
    storing: AtomicU32,
    /// Why the state directory takes no files.
    disk: Mutex<Option<String>>,
    /// Why this node doubts itself.
    doubt: Mutex<Option<String>>,
    started: Instant,
    /// Milliseconds after `started`; zero for never.
    beat_ms: AtomicU64,
    tick_ms: AtomicU64,
}

impl Board {
    pub(crate) fn new(slots: u16) -> Self {
        let judged = (0..slots).map(|_| AtomicU64::new(0)).collect();
        let slots = (0..slots).map(|_| AtomicU8::new(Doing::Starting as u8)).collect();
        Self(Arc::new(Inner {
            slots,
            judged,
            restarts: AtomicU64::new(0),
            recent: Recent::default(),
            draining: AtomicBool::new(false),
            results_full: AtomicBool::new(false),
            storing: AtomicU32::new(0),
            disk: Mutex::default(),
            doubt: Mutex::default(),
            started: Instant::now(),
            beat_ms: AtomicU64::new(0),
            tick_ms: AtomicU64::new(0),
        }))
    }

    pub(crate) fn set(&self, slot: u16, doing: Doing) {
        if let Some(cell) = self.0.slots.get(usize::from(slot)) {
            cell.store(doing as u8, Ordering::Relaxed);
        }
    }

    /// What each slot is doing, in their order.
    pub(crate) fn doings(&self) -> Vec<Doing> {
        let doing = |cell: &AtomicU8| {
            let value = cell.load(Ordering::Relaxed);
            Doing::ALL.into_iter().find(|doing| *doing as u8 == value).unwrap_or(Doing::Starting)
        };
        self.0.slots.iter().map(doing).collect()
    }

    /// A slot is replaced.
    pub(crate) fn restarted(&self) {
        self.0.restarts.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn restarts(&self) -> u64 {
        self.0.restarts.load(Ordering::Relaxed)
    }

    /// A verdict is stored that is this node's.
    pub(crate) fn verdict(&self, verdict: Verdict) {
        self.0.recent.add(verdict, self.0.started.elapsed());
    }

    /// The verdicts of the last minutes.
    pub(crate) fn recent(&self) -> BTreeMap<String, u64> {
        self.0.recent.within(self.0.started.elapsed())
    }

    /// Whether a slot has its warden.
    pub(crate) fn is_open(&self, slot: u16) -> bool {
        let cell = self.0.slots.get(usize::from(slot)).map(|cell| cell.load(Ordering::Relaxed));
        cell == Some(Doing::Idle as u8) || cell == Some(Doing::Busy as u8)
    }

    /// A slot's verdict is stored.
    pub(crate) fn judged(&self, slot: u16) {
        if let Some(cell) = self.0.judged.get(usize::from(slot)) {
            cell.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(crate) fn judged_by(&self, slot: u16) -> u64 {
        self.0.judged.get(usize::from(slot)).map_or(0, |cell| cell.load(Ordering::Relaxed))
    }

    pub(crate) fn judged_by_all(&self) -> u64 {
        self.0.judged.iter().map(|cell| cell.load(Ordering::Relaxed)).sum()
    }

    pub(crate) fn slots(&self) -> u32 {
        u32::try_from(self.0.slots.len()).unwrap_or(u32::MAX)
    }

    pub(crate) fn count(&self) -> Count {
        let mut count = Count::default();
        for cell in &self.0.slots {
            match cell.load(Ordering::Relaxed) {
                1 => count.idle += 1,
                2 => count.busy += 1,
                3 => count.quarantined += 1,
                4 => count.stopped += 1,
                _ => count.starting += 1,
            }
        }
        count
    }

    pub(crate) fn set_draining(&self, draining: bool) {
        self.0.draining.store(draining, Ordering::Relaxed);
    }

    pub(crate) fn draining(&self) -> bool {
        self.0.draining.load(Ordering::Relaxed)
    }

    /// The results stream refuses verdicts for want of room, or takes them again.
    pub(crate) fn set_results_full(&self, full: bool) {
        self.0.results_full.store(full, Ordering::Relaxed);
    }

    pub(crate) fn results_full(&self) -> bool {
        self.0.results_full.load(Ordering::Relaxed)
    }

    /// A verdict is held until what this returns is dropped.
    pub(crate) fn storing(&self) -> Storing {
        self.0.storing.fetch_add(1, Ordering::Relaxed);
        Storing(self.clone())
    }

    /// Verdicts that are held.
    pub(crate) fn stored_soon(&self) -> u32 {
        self.0.storing.load(Ordering::Relaxed)
    }

    /// The state directory takes no files, or (`None`) takes them again.
    pub(crate) fn set_disk(&self, why: Option<String>) {
        *self.0.disk.lock().unwrap_or_else(PoisonError::into_inner) = why;
    }

    /// Why the state directory takes no files.
    pub(crate) fn disk(&self) -> Option<String> {
        self.0.disk.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// This node's own canary failed, or (`None`) sings again.
    pub(crate) fn set_doubt(&self, why: Option<String>) {
        *self.0.doubt.lock().unwrap_or_else(PoisonError::into_inner) = why;
    }

    /// Why this node doubts itself, if it does.
    pub(crate) fn doubt(&self) -> Option<String> {
        self.0.doubt.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The broker took a beat.
    pub(crate) fn beat(&self) {
        self.0.beat_ms.store(self.now_ms(), Ordering::Relaxed);
    }

    /// How long ago the broker took a beat; `None` when it never did.
    pub(crate) fn since_beat(&self) -> Option<Duration> {
        self.since(&self.0.beat_ms)
    }

    /// The supervisor handled a message.
    pub(crate) fn tick(&self) {
        self.0.tick_ms.store(self.now_ms(), Ordering::Relaxed);
    }

    /// How long ago the supervisor handled a message.
    pub(crate) fn since_tick(&self) -> Option<Duration> {
        self.since(&self.0.tick_ms)
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.0.started.elapsed().as_millis()).unwrap_or(u64::MAX).max(1)
    }

    fn since(&self, at: &AtomicU64) -> Option<Duration> {
        match at.load(Ordering::Relaxed) {
            0 => None,
            at => Some(Duration::from_millis(self.now_ms().saturating_sub(at))),
        }
    }
}

/// A verdict that is held.
#[derive(Debug)]
pub(crate) struct Storing(Board);

impl Drop for Storing {
    fn drop(&mut self) {
        self.0.0.storing.fetch_sub(1, Ordering::Relaxed);
    }
}
