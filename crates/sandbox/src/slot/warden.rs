//! The handle of one slot's warden.

use std::os::fd::AsFd as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;

use minos_model::Isolation;
use nix::sys::eventfd::{EfdFlags, EventFd};

use super::boxes::Prepared;
use super::cores::{Pinned, SlotCores};
use super::house::{House, Keeper};
use super::spawn::Places;
use crate::cgroup::Level;
use crate::sys::{node, raw};
use crate::times::Times;
use crate::warden::protocol::Hello;
use crate::{SandboxConfig, SandboxError, Template};

/// `CAP_SYS_ADMIN`: without it a user namespace has to give the right to mount.
const SYS_ADMIN: u64 = 1 << 21;

/// The node's side of one slot: makes one run at a time. Dropping it kills and removes everything.
#[derive(Debug)]
pub struct Warden {
    pub(crate) slot: u16,
    pub(crate) isolation: Isolation,
    pub(crate) house: Arc<House>,
    cancel: Arc<Cancel>,
    pub(crate) cores: SlotCores,
    pub(crate) pinned: Pinned,
    pub(crate) null: std::fs::File,
    keeper: Option<JoinHandle<()>>,
}

/// Ends the run that is going on, from any thread.
#[derive(Debug, Clone)]
pub struct Canceller(Arc<Cancel>);

#[derive(Debug)]
struct Cancel {
    /// Readable when the current run is to end.
    event: EventFd,
    /// Every run is to end.
    for_good: AtomicBool,
}

impl Canceller {
    /// Ends the current run as cancelled; between runs it does nothing.
    pub fn cancel(&self) {
        // The counter cannot be full: it is emptied before every run.
        let _written = self.0.event.write(1);
    }

    /// Ends the current run and every later one as cancelled.
    pub fn cancel_for_good(&self) {
        self.0.for_good.store(true, Ordering::Release);
        self.cancel();
    }

    /// Lets runs begin again after [`Canceller::cancel_for_good`]; whether that had been called.
    #[must_use]
    pub fn resume(&self) -> bool {
        self.0.for_good.swap(false, Ordering::AcqRel)
    }
}

impl Warden {
    pub(crate) fn start(
        slot: u16,
        config: &SandboxConfig,
        level: Level,
        (template, times): (Template, Arc<Times>),
        places: Places,
    ) -> Result<Self, SandboxError> {
        let isolation = level.isolation();
        let may = raw::capabilities().unwrap_or(0);
        let hello = Hello {
            node: std::process::id(),
            uid: config.first_uid.saturating_add(slot.into()),
            rootless: may & SYS_ADMIN == 0,
            limited_by_user: isolation == Isolation::Rootless,
            disk: config.disk.get(),
            disk_files: config.disk_files,
            binds: template.binds,
        };
        let flags = EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK;
        let cancel = EventFd::from_flags(flags)
            .map_err(|errno| SandboxError::os("make an event counter", errno))?;
        let null = std::fs::File::options()
            .read(true)
            .write(true)
            .open("/dev/null")
            .map_err(|error| SandboxError::os("open /dev/null", error))?;
        let house = Arc::new(House::counting(times));
        let ahead = usize::from(config.ahead).clamp(1, 2);
        let cores = places.cores;
        let keeper = Keeper { slot, level, places, hello, ahead, house: Arc::clone(&house) };
        let (began, begins) = mpsc::channel();
        let thread = std::thread::Builder::new()
            .name(format!("minos-house-{slot}"))
            .spawn(move || keeper.run(&began))
            .map_err(|error| SandboxError::os("start a housekeeping thread", error))?;
        let began = match begins.recv() {
            Ok(told) => told,
            Err(_panicked) => Err(SandboxError::WardenGone {
                slot,
                reason: "its housekeeping thread ended at once".to_owned(),
            }),
        };
        let warden = Self {
            slot,
            isolation,
            house,
            cancel: Arc::new(Cancel { event: cancel, for_good: AtomicBool::new(false) }),
            cores,
            pinned: Pinned::default(),
            null,
            keeper: Some(thread),
        };
        // Dropped on failure: that joins the thread.
        began.map(|()| warden)
    }

    /// What isolates and measures its runs.
    #[must_use]
    pub const fn isolation(&self) -> Isolation {
        self.isolation
    }

    /// The warden's process. It changes when a warden that was killed is replaced.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.house.pid.load(Ordering::Relaxed)
    }

    /// Which slot it serves.
    #[must_use]
    pub const fn slot(&self) -> u16 {
        self.slot
    }

    /// A handle that ends the current run from another thread.
    #[must_use]
    pub fn canceller(&self) -> Canceller {
        Canceller(Arc::clone(&self.cancel))
    }

    /// Forgets a cancellation that came between runs.
    pub(crate) fn forget_cancellation(&self) {
        // Empty already is what is wanted.
        let _emptied = self.cancel.event.read();
        if self.cancel.for_good.load(Ordering::Acquire) {
            self.canceller().cancel();
        }
    }

    /// Gives a box back. Whatever went wrong: nothing of the box may live on. It has ended in most cases.
    pub(crate) fn put_away(&self, prepared: Prepared, kill: bool) {
        if kill {
            let _ended_already = node::kill(prepared.init.as_fd());
        }
        self.house.retire(prepared);
    }

    pub(crate) fn cancelled(&self) -> std::os::fd::BorrowedFd<'_> {
        self.cancel.event.as_fd()
    }
}

impl Drop for Warden {
    fn drop(&mut self) {
        self.house.close();
        if let Some(keeper) = self.keeper.take() {
            // A panic there has already been printed; what it held was dropped with it.
            let _ended = keeper.join();
        }
    }
}
