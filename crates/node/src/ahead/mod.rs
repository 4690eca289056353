//! Problems made ready before anybody sends a submission for them.
//!
//! A checker made with testlib takes ten seconds to compile, and the first submissions of a contest
//! would wait for that on every fresh node. So what was pushed last is made ready by whoever has
//! nothing better to do: the package is fetched, and the jury's programs are compiled or taken from
//! the builds of other nodes. It is done by the nodes and not by who pushes, for what one node
//! compiled the others run, and nobody else may write there.
//!
//! ```text
//!  problem push ─▶ bucket PROBLEMS
//!                     │ seen within seconds by the aide of each node (`list`)
//!                     ▼
//!         a slot idle? no ─▶ not now          claimed by another node? yes ─▶ later, a look-up
//!                     │ yes                                                      │ no
//!                     ▼                                                          ▼
//!         package on this disk ─▶ offered to the slots ─▶ the first idle one compiles what is
//!                     │                                   in no store of builds, and shares it
//!                     ├─ ready · failed: not again until it is pushed again
//!                     └─ gave way: again after a pause that doubles, and in the end not at all
//! ```
//!
//! Nobody waits for it. One slot of a node works at it at a time, and that slot leaves jobs to its
//! neighbours as long as one of them is idle; a job that comes to it all the same ends the work at
//! once, unless it is a job of that very problem: then what is being compiled is what it needs. A
//! node that drains, rests or doubts itself does nothing of this.

mod list;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use minos_judge::{Sandboxed, Workshop};
use minos_model::{Digest, Fault};
use minos_problem::Problem;
use minos_sandbox::Canceller;
use tokio::sync::oneshot;

use crate::board::Board;
use crate::border::Orders;

pub(crate) use self::list::{List, aide};

/// What became of a problem that was offered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Its programs are there; whether a compiler had to work.
    Ready { compiled: bool },
    /// They do not compile here.
    Failed(String),
    /// There was something better to do.
    GaveWay,
}

/// A problem to be made ready.
#[derive(Debug)]
pub(crate) struct Offer {
    problem: Arc<Problem>,
    tell: oneshot::Sender<Outcome>,
}

/// Where a node's aide leaves the one problem that is next, and idle slots find it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ahead(Arc<Mutex<Option<Offer>>>);

impl Ahead {
    fn offer(&self, problem: Arc<Problem>) -> oneshot::Receiver<Outcome> {
        let (tell, told) = oneshot::channel();
        *lock(&self.0) = Some(Offer { problem, tell });
        told
    }

    fn take(&self) -> Option<Offer> {
        lock(&self.0).take().filter(|offer| !offer.tell.is_closed())
    }

    /// What an idle slot does with an offer; `None` when there is none.
    ///
    /// # Errors
    /// Whose fault it was when the programs could not be made.
    pub(crate) fn make_ready(
        &self,
        (orders, way): (&Orders<Problem>, &Way),
        workshop: &mut Workshop<Sandboxed>,
        board: &Board,
    ) -> Option<Result<(), Fault>> {
        let may = || !board.draining() && board.doubt().is_none();
        let Offer { problem, tell } = if may() { self.take()? } else { return None };
        let made = orders.giving_way(|| {
            let called = || orders.is_called() || !may();
            way.along(problem.revision, called, || workshop.make_ready(&problem))
        });
        let (outcome, end) = match made {
            Some(Ok(compiled)) => (Outcome::Ready { compiled }, Ok(())),
            Some(Err(trouble)) => (Outcome::Failed(trouble.message), Err(trouble.fault)),
            None => (Outcome::GaveWay, Ok(())),
        };
        // Nobody listens when the node ends.
        drop(tell.send(outcome));
        Some(end)
    }
}

/// What ends the runs of a warden.
pub(crate) trait Ends {
    /// Ends the current run.
    fn end(&self);
    /// Ends the current run and every later one.
    fn end_all(&self);
    /// Lets runs begin again; whether all were to end.
    fn resume(&self) -> bool;
}

impl Ends for Canceller {
    fn end(&self) {
        self.cancel();
    }

    fn end_all(&self) {
        self.cancel_for_good();
    }

    fn resume(&self) -> bool {
        Self::resume(self)
    }
}

/// The way that a slot's thread makes for a job: shared with the actor above.
#[derive(Debug)]
pub(crate) struct Way<E = Canceller> {
    runs: E,
    /// The revision that is being made ready.
    under_way: Mutex<Option<Digest>>,
}

impl<E: Ends> Way<E> {
    pub(crate) const fn new(runs: E) -> Self {
        Self { runs, under_way: Mutex::new(None) }
    }

    /// Ends the run under way, and what is made ready altogether.
    pub(crate) fn cancel(&self) {
        if !self.make(None) {
            self.runs.end();
        }
    }

    /// Ends what is made ready, unless it is for that revision; whether anything is.
    pub(crate) fn make(&self, job: Option<&Digest>) -> bool {
        let under_way = lock(&self.under_way);
        let Some(revision) = under_way.as_ref() else { return false };
        if Some(revision) != job {
            self.runs.end_all();
        }
        true
    }

    /// Does the work unless somebody called already; `None` when it gave way and came to nothing.
    fn along<T, F>(
        &self,
        revision: Digest,
        called: impl FnOnce() -> bool,
        work: impl FnOnce() -> Result<T, F>,
    ) -> Option<Result<T, F>> {
        *lock(&self.under_way) = Some(revision);
        // Whoever calls from here on ends the work.
        let made = if called() { None } else { Some(work()) };
        let mut under_way = lock(&self.under_way);
        *under_way = None;
        let gave_way = self.runs.resume();
        made.filter(|made| made.is_ok() || !gave_way)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Whole after every statement.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

    use super::*;

    #[derive(Debug, Default)]
    struct Runs {
        ended: AtomicU32,
        all: AtomicBool,
    }

    impl Ends for Runs {
        fn end(&self) {
            self.ended.fetch_add(1, Ordering::SeqCst);
        }

        fn end_all(&self) {
            self.all.store(true, Ordering::SeqCst);
        }

        fn resume(&self) -> bool {
            self.all.swap(false, Ordering::SeqCst)
        }
    }

    const fn revision(byte: u8) -> Digest {
        Digest::from_bytes([byte; 32])
    }

    /// What comes of work during which somebody does something, as its compiler sees it.
    fn along(during: impl Fn(&Way<Runs>)) -> Option<Result<(), ()>> {
        let way = Way::new(Runs::default());
        let made = way.along(
            revision(1),
            || false,
            || {
                during(&way);
                if way.runs.all.load(Ordering::SeqCst) { Err(()) } else { Ok(()) }
            },
        );
        assert!(!way.runs.all.load(Ordering::SeqCst), "runs begin again");
        made
    }

    #[test]
    fn work_gives_way_to_any_job_but_one_of_its_own_problem() {
        assert_eq!(along(|_way| {}), Some(Ok(())));
        assert_eq!(along(|way| assert!(way.make(Some(&revision(1))))), Some(Ok(())));
        assert_eq!(along(|way| assert!(way.make(Some(&revision(2))))), None);
        assert_eq!(along(|way| assert!(way.make(None))), None);
        assert_eq!(along(Way::cancel), None);
    }

    #[test]
    fn between_works_nothing_is_ended_but_the_run_under_way() {
        let way = Way::new(Runs::default());
        assert!(!way.make(Some(&revision(1))) && !way.make(None));
        way.cancel();
        assert_eq!(way.runs.ended.load(Ordering::SeqCst), 1);
        assert!(!way.runs.all.load(Ordering::SeqCst));
    }

    #[test]
    fn who_called_before_the_work_is_heard() {
        let way = Way::new(Runs::default());
        let made: Option<Result<(), ()>> =
            way.along(revision(1), || true, || unreachable!("somebody waits"));
        assert_eq!(made, None);
    }

    #[test]
    fn what_fails_by_itself_has_failed() {
        let way = Way::new(Runs::default());
        assert_eq!(way.along(revision(1), || false, || Err::<(), _>("no")), Some(Err("no")));
    }
}
