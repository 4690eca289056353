//! The housekeeping thread of a slot: it starts the warden, keeps boxes ready, and makes the groups
//! of finished ones as new. All of it happens beside the runs, on other cores where there are any.

use std::collections::VecDeque;
use std::os::fd::{AsFd as _, OwnedFd};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::boxes::{DEADLINE, Maker, Prepared, answer};
use super::cores::{Preempting, pin};
use super::spawn::{self, Places};
use crate::SandboxError;
use crate::cgroup::{Group, Level};
use crate::times::Times;
use crate::warden::protocol::Hello;

/// Groups made by this process so far: no two of them ever have the same name, even when a warden
/// takes another's place.
static GROUPS: AtomicU64 = AtomicU64::new(0);

/// How long after its end a box may keep its memory where no other run follows.
const TIDY: Duration = Duration::from_millis(100);

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
    /// How long boxes take to be made and to be cleared away, in all slots.
    pub times: Arc<Times>,
}

#[derive(Debug, Default)]
struct State {
    ready: VecDeque<Prepared>,
    retired: Vec<Prepared>,
    /// Somebody waits for a box: then there is no run that a new warden would cost.
    waiting: bool,
    /// Boxes that were taken and not given back.
    out: usize,
    /// Why there is no box for the one who waits.
    failure: Option<SandboxError>,
    closing: bool,
}

impl State {
    /// Whether a box is to be prepared. After a failure the next try is for one who waits: what is
    /// told then is of that moment.
    fn wants(&self, ahead: usize, troubled: bool) -> bool {
        let asked = self.waiting && self.failure.is_none();
        self.ready.len() < ahead && (!troubled || asked)
    }
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
    pub(crate) fn counting(times: Arc<Times>) -> Self {
        Self { times, ..Self::default() }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A box that is ready.
    pub(crate) fn take(&self) -> Result<Prepared, SandboxError> {
        let mut state = self.lock();
        (state.waiting, state.failure) = (true, None);
        if state.ready.is_empty() {
            self.work.notify_one();
        }
        let (mut state, _timeout) = self
            .ready
            .wait_timeout_while(state, DEADLINE, |state| {
                state.ready.is_empty() && state.failure.is_none()
            })
            .unwrap_or_else(PoisonError::into_inner);
        state.waiting = false;
        if let Some(prepared) = state.ready.pop_front() {
            state.out += 1;
            return Ok(prepared);
        }
        let late = SandboxError::Deadline { what: "a box", seconds: DEADLINE.as_secs() };
        Err(state.failure.take().unwrap_or(late))
    }

    /// Says that a box has been taken: now is the time to prepare another.
    pub(crate) fn refill(&self) {
        self.work.notify_one();
    }

    /// Gives back a box that has ended; it is tidied up when the next one is prepared.
    pub(crate) fn retire(&self, prepared: Prepared) {
        let mut state = self.lock();
        state.retired.push(prepared);
        state.out = state.out.saturating_sub(1);
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
        match greeted(&started) {
            Ok(listener) => Ok(Maker { started, listener: Arc::new(listener), next: 0 }),
            Err(error) => {
                started.end();
                Err(error)
            }
        }
    }

    /// Keeps boxes ready until the house is closed.
    fn keep(&self, maker: &mut Maker, groups: &mut Vec<Group>) {
        let mut trouble = Trouble::None;
        loop {
            let (retired, wanted) = {
                let troubled = trouble != Trouble::None;
                let idle = |state: &mut State| {
                    !state.closing && state.retired.is_empty() && !state.wants(self.ahead, troubled)
                };
                let mut state = self.house.lock();
                // The end of a run wakes nobody: the next one does, or else a while does.
                if state.out == 0 && state.retired.is_empty() {
                    let woken = self.house.work.wait_while(state, idle);
                    state = woken.unwrap_or_else(PoisonError::into_inner);
                } else {
                    let woken = self.house.work.wait_timeout_while(state, TIDY, idle);
                    (state, _) = woken.unwrap_or_else(PoisonError::into_inner);
                }
                if state.closing {
                    return;
                }
                (std::mem::take(&mut state.retired), state.wants(self.ahead, troubled))
            };
            if wanted {
                trouble = self.supply(maker, groups, trouble);
            }
            for prepared in retired {
                let began = Instant::now();
                groups.extend(clear(prepared));
                self.house.times.cleanup.add(began.elapsed());
            }
        }
    }

    /// Prepares one more box. What goes wrong while a run is going on, or while there are boxes that
    /// are ready, waits for the next one who has none: the run ends as it would have ended, for a
    /// new warden would take it along.
    fn supply(&self, maker: &mut Maker, groups: &mut Vec<Group>, before: Trouble) -> Trouble {
        let prepared = if before == Trouble::Warden {
            self.renew(maker, groups)
        } else {
            self.prepare(maker, groups)
        };
        let error = match prepared {
            Ok(prepared) => {
                self.house.lock().ready.push_back(prepared);
                self.house.ready.notify_one();
                return Trouble::None;
            }
            Err(error) => error,
        };
        // A step that failed was answered; after anything else an answer may still be on its way.
        let answered = matches!(error, SandboxError::Setup { .. } | SandboxError::Cgroup(_));
        let trouble = if answered { before.max(Trouble::Step) } else { Trouble::Warden };
        let mut state = self.house.lock();
        if state.out > 0 || !state.ready.is_empty() {
            return trouble;
        }
        if before != Trouble::Warden {
            drop(state);
            // The first error says more than that of a second try.
            let after = self.supply(maker, groups, Trouble::Warden);
            let mut state = self.house.lock();
            if after != Trouble::None && state.failure.is_some() {
                state.failure = Some(error);
            }
            return after;
        }
        state.failure = state.waiting.then_some(error);
        self.house.ready.notify_one();
        trouble
    }

    /// A new warden in the place of one that does not answer or cannot make boxes, and a first box
    /// from it: the boxes of the old one die with it.
    fn renew(&self, maker: &mut Maker, groups: &mut Vec<Group>) -> Result<Prepared, SandboxError> {
        maker.started.end();
        *maker = self.begin()?;
        self.house.pid.store(maker.started.child.id(), Ordering::Relaxed);
        self.prepare(maker, groups)
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

/// What is left of a box goes; its group, as new, when the kernel lets it.
fn clear(prepared: Prepared) -> Option<Group> {
    prepared.group.recycle().ok()
}

/// The listener of a warden that has left the host.
fn greeted(started: &spawn::Started) -> Result<OwnedFd, SandboxError> {
    let (answer, listener) = answer(started.control.as_fd())?;
    answer.map_err(SandboxError::from)?;
    let none = SandboxError::setup(crate::SetupStep::Filter, libc::EBADMSG, None);
    listener.ok_or(none)
}

/// What stands in the way of the next box.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Trouble {
    None,
    /// A step failed; the warden is well.
    Step,
    /// The warden is dead, or nobody knows what it answers to.
    Warden,
}
