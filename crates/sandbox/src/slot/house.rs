//! The housekeeping thread of a slot: it starts the warden, keeps boxes ready, and makes the groups
//! of finished ones as new. All of it happens beside the runs, on other cores where there are any.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use super::boxes::{DEADLINE, Maker, Prepared, answer};
use super::cores::{Preempting, pin};
use super::spawn::{self, Places};
use crate::SandboxError;
use crate::cgroup::{Group, Level};
use crate::warden::protocol::Hello;

/// Groups made by this process so far: no two of them ever have the same name, even when a warden
/// takes another's place.
static GROUPS: AtomicU64 = AtomicU64::new(0);

/// What the run's thread and the housekeeping thread share.
#[derive(Debug, Default)]
pub(crate) struct House {
    state: Mutex<State>,
    /// A box is ready, or none will be.
    ready: Condvar,
    /// There is something to do.
    work: Condvar,
    /// The warden's process.
    pub pid: AtomicU32,
}

#[derive(Debug, Default)]
struct State {
    ready: VecDeque<Prepared>,
    retired: Vec<Prepared>,
    /// Why there will be no more boxes; taken by the first who asks.
    failure: Option<SandboxError>,
    failed: bool,
    closing: bool,
}

/// What the thread needs.
#[derive(Debug)]
pub(crate) struct Keeper {
    pub slot: u16,
    pub level: Level,
    pub places: Places,
    pub hello: Hello,
    pub ahead: usize,
    pub house: Arc<House>,
}

impl House {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A box that is ready.
    pub(crate) fn take(&self, slot: u16) -> Result<Prepared, SandboxError> {
        let state = self.lock();
        if state.ready.is_empty() {
            self.work.notify_one();
        }
        let (mut state, timeout) = self
            .ready
            .wait_timeout_while(state, DEADLINE, |state| state.ready.is_empty() && !state.failed)
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(prepared) = state.ready.pop_front() {
            return Ok(prepared);
        }
        if timeout.timed_out() {
            return Err(SandboxError::Deadline { what: "a box", seconds: DEADLINE.as_secs() });
        }
        let reason = "it failed before; see the error of the run before this one".to_owned();
        Err(state.failure.take().unwrap_or(SandboxError::WardenGone { slot, reason }))
    }

    /// Says that a box has been taken: now is the time to prepare another.
    pub(crate) fn refill(&self) {
        self.work.notify_one();
    }

    /// Gives back a box that has ended; it is tidied up when the next one is prepared.
    pub(crate) fn retire(&self, prepared: Prepared) {
        self.lock().retired.push(prepared);
    }

    /// Ends the thread.
    pub(crate) fn close(&self) {
        self.lock().closing = true;
        self.work.notify_one();
    }
}

impl Keeper {
    /// The thread: says through `began` whether there is a warden that can make a box.
    pub(crate) fn run(self, began: &Sender<Result<(), SandboxError>>) {
        pin(0, self.places.cores.prepare.as_ref());
        let _preempting = Preempting::begin();
        let mut groups = Vec::new();
        let mut maker = match self.begin() {
            Ok(maker) => maker,
            Err(error) => {
                // Nobody to tell means nobody to serve.
                let _told = began.send(Err(error));
                return;
            }
        };
        let first = self.prepare(&mut maker, &mut groups);
        self.house.pid.store(maker.started.child.id(), Ordering::Relaxed);
        let good = first.is_ok();
        let told = match first {
            Ok(prepared) => {
                self.house.lock().ready.push_back(prepared);
                Ok(())
            }
            Err(error) => Err(error),
        };
        if began.send(told).is_ok() && good {
            self.keep(&mut maker, &mut groups);
        }
        let (ready, retired) = {
            let mut state = self.house.lock();
            (std::mem::take(&mut state.ready), std::mem::take(&mut state.retired))
        };
        // The boxes die with the warden; their groups are removed when they are dropped.
        maker.started.end();
        drop((ready, retired, groups));
    }

    fn begin(&self) -> Result<Maker, SandboxError> {
        let mut started = spawn::start(&self.places, &self.hello)?;
        pin(started.child.id().cast_signed(), self.places.cores.prepare.as_ref());
        let answered = answer(std::os::fd::AsFd::as_fd(&started.control))
            .and_then(|(answer, _none)| answer.map_err(SandboxError::from));
        if let Err(error) = answered {
            started.end();
            return Err(error);
        }
        Ok(Maker { started, next: 0 })
    }

    /// Keeps boxes ready until the house is closed or the warden fails.
    fn keep(&self, maker: &mut Maker, groups: &mut Vec<Group>) {
        loop {
            let (retired, wanted) = {
                let idle = |state: &mut State| {
                    !state.closing && state.ready.len() >= self.ahead && state.retired.is_empty()
                };
                let mut state = self
                    .house
                    .work
                    .wait_while(self.house.lock(), idle)
                    .unwrap_or_else(PoisonError::into_inner);
                if state.closing {
                    return;
                }
                (std::mem::take(&mut state.retired), state.ready.len() < self.ahead)
            };
            if wanted {
                match self.prepare(maker, groups) {
                    Ok(prepared) => self.house.lock().ready.push_back(prepared),
                    Err(error) => {
                        if let Err(again) = self.renew(maker, groups) {
                            // The first error says more than that of a second try.
                            drop(again);
                            let mut state = self.house.lock();
                            (state.failure, state.failed) = (Some(error), true);
                            self.house.ready.notify_all();
                            return;
                        }
                    }
                }
                self.house.ready.notify_one();
            }
            for prepared in retired {
                groups.extend(prepared.group.recycle().ok());
            }
        }
    }

    /// A new warden in the place of one that does not answer, and a first box from it: the boxes of
    /// the old one died with it.
    fn renew(&self, maker: &mut Maker, groups: &mut Vec<Group>) -> Result<(), SandboxError> {
        maker.started.end();
        let dead = std::mem::take(&mut self.house.lock().ready);
        drop(dead);
        *maker = self.begin()?;
        let prepared = self.prepare(maker, groups)?;
        self.house.pid.store(maker.started.child.id(), Ordering::Relaxed);
        self.house.lock().ready.push_back(prepared);
        Ok(())
    }

    fn prepare(
        &self,
        maker: &mut Maker,
        groups: &mut Vec<Group>,
    ) -> Result<Prepared, SandboxError> {
        let group = match groups.pop() {
            Some(group) => group,
            None => self.level.group(self.slot, GROUPS.fetch_add(1, Ordering::Relaxed))?,
        };
        maker.prepare(group, &self.places.cores)
    }
}
