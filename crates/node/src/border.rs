//! The border between the actors above and the blocking work below: one named thread per slot.
//!
//! ```text
//!   slot (async)                         thread `slot-N` (blocking)
//!     Bench::open ───────── spawns ────────▶ makes the warden
//!                 ◀──── Desk: it stands ────
//!     Bench::judge ───────── Order ────────▶ judges; may take seconds
//!                 ◀──── stages (the latest) ─
//!                 ◀──── answer ─────────────
//!                 ◀──── own work ─────────── a canary: no order now; what gives way: rather not
//!     drop(Bench)  ── cancel, inbox closed ─▶ the run ends, the warden goes, the seat is free
//! ```
//!
//! Each order carries the way back of its own answer, so an answer to an order that was given up
//! meets nobody. Cancelling a future above can never leave a half-killed box: the thread alone
//! makes and destroys boxes, and the next life of a slot waits for the seat of the last one.

use std::cell::Cell;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use minos_model::{Fault, Judgement, Stage, Submission};
use tokio::sync::{Mutex, OwnedMutexGuard, oneshot, watch};

/// How long a new life waits for the thread of the last one: a box is destroyed in milliseconds.
const SEAT_WAIT: Duration = Duration::from_secs(15);
/// How long the making of a warden may take.
const OPEN_WAIT: Duration = Duration::from_secs(15);

/// Held by a slot's thread for as long as it lives; outlives the actor.
pub(crate) type Seat = Arc<Mutex<()>>;

/// What is to be judged.
#[derive(Debug)]
pub(crate) struct Task<P> {
    /// Who sent what; its source is in `source`.
    pub(crate) submission: Submission,
    /// The program text.
    pub(crate) source: Vec<u8>,
    /// What it is judged against.
    pub(crate) problem: Arc<P>,
    /// The how-manieth delivery this is.
    pub(crate) attempt: u32,
}

/// Judging that came to no judgement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    /// Whose fault; never the contestant's.
    pub(crate) fault: Fault,
    /// One line about it.
    pub(crate) what: String,
    /// The slot's warden cannot be trusted any more.
    pub(crate) broken: bool,
}

/// The way back of one order.
#[derive(Debug)]
pub(crate) struct Order<P> {
    pub(crate) task: Task<P>,
    pub(crate) stages: watch::Sender<Stage>,
    pub(crate) answer: oneshot::Sender<Result<Judgement, Failure>>,
}

/// What a slot's thread does that is no order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OwnWork {
    /// Nothing.
    None,
    /// It has to come to its end: the slot takes no job meanwhile.
    Apart,
    /// It gives way to an order, and costs what it has done: the slot leaves jobs to others that are
    /// idle, and takes one when there are none.
    GivesWay,
}

/// Makes work that gives way do so: for an order about that problem, or in any case.
pub(crate) type Way<P> = Arc<dyn Fn(Option<&P>) + Send + Sync>;

/// What the thread tells once its warden stands.
pub(crate) struct Desk<P> {
    /// Ends the current run as cancelled; does nothing between runs.
    pub(crate) cancel: Arc<dyn Fn() + Send + Sync>,
    /// For a thread that has such work.
    pub(crate) way: Option<Way<P>>,
    /// The warden's process.
    pub(crate) warden: Option<u32>,
}

impl<P> std::fmt::Debug for Desk<P> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Desk").field("warden", &self.warden).finish_non_exhaustive()
    }
}

/// Held while an order is handed down and way is made for it, and by the thread when it takes one:
/// what is begun after an order is never ended for that very order.
type Passing = Arc<std::sync::Mutex<()>>;

/// The slot has gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Gone;

/// The thread's side: who it is, and what it is told.
pub(crate) struct Orders<P> {
    /// The slot's number.
    pub(crate) slot: u16,
    inbox: mpsc::Receiver<Order<P>>,
    passing: Passing,
    /// An order that was seen and not taken yet.
    seen: Cell<Option<Order<P>>>,
    opened: Option<oneshot::Sender<Result<Desk<P>, String>>>,
    own: watch::Sender<OwnWork>,
}

impl<P> std::fmt::Debug for Orders<P> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Orders").field("slot", &self.slot).finish_non_exhaustive()
    }
}

impl<P> Orders<P> {
    /// The warden stands; to be called once.
    pub(crate) fn opened(&mut self, desk: Desk<P>) {
        if let Some(opened) = self.opened.take() {
            // Nobody listens when the slot has gone: the inbox is closed as well then.
            drop(opened.send(Ok(desk)));
        }
    }

    /// Work that is no order: while it lasts the slot takes no job, so that none waits for it here
    /// that another slot could judge.
    pub(crate) fn apart<T>(&self, work: impl FnOnce() -> T) -> T {
        self.at(OwnWork::Apart, work)
    }

    /// Work that gives way to an order, and that other slots need not wait for.
    pub(crate) fn giving_way<T>(&self, work: impl FnOnce() -> T) -> T {
        self.at(OwnWork::GivesWay, work)
    }

    fn at<T>(&self, own: OwnWork, work: impl FnOnce() -> T) -> T {
        self.own.send_replace(own);
        let done = work();
        self.own.send_replace(OwnWork::None);
        done
    }

    /// Whether an order waits, or the slot has gone.
    pub(crate) fn is_called(&self) -> bool {
        let seen = match self.seen.take() {
            Some(order) => Some(order),
            None => match self.inbox.try_recv() {
                Ok(order) => Some(order),
                Err(mpsc::TryRecvError::Empty) => return false,
                Err(mpsc::TryRecvError::Disconnected) => None,
            },
        };
        self.seen.set(seen);
        true
    }

    /// Blocks until there is something to judge; `None` when the slot has gone.
    pub(crate) fn next(&self) -> Option<Order<P>> {
        let order = self.seen.take().or_else(|| self.inbox.recv().ok())?;
        Some(self.passed(order))
    }

    /// The order, once way has been made for it.
    fn passed(&self, order: Order<P>) -> Order<P> {
        // Whoever died with it has handed nothing down.
        drop(self.passing.lock());
        order
    }

    /// The same for a bounded time; `Ok(None)` when there was nothing.
    ///
    /// # Errors
    /// The slot has gone.
    pub(crate) fn next_within(&self, time: Duration) -> Result<Option<Order<P>>, Gone> {
        if let Some(order) = self.seen.take() {
            return Ok(Some(self.passed(order)));
        }
        match self.inbox.recv_timeout(time) {
            Ok(order) => Ok(Some(self.passed(order))),
            Err(mpsc::RecvTimeoutError::Timeout) => Ok(None),
            Err(mpsc::RecvTimeoutError::Disconnected) => Err(Gone),
        }
    }
}

/// The blocking work of a slot, from the making of its warden to the end of the inbox. An error is
/// one line about what could not be made.
pub(crate) type Craft<P> = Arc<dyn Fn(&mut Orders<P>) -> Result<(), String> + Send + Sync>;

/// The actor's side of a slot's thread.
#[derive(Debug)]
pub(crate) struct Bench<P> {
    /// `None` while it is dropped.
    inbox: Option<mpsc::Sender<Order<P>>>,
    passing: Passing,
    desk: Desk<P>,
    own: watch::Receiver<OwnWork>,
}

impl<P: Send + Sync + 'static> Bench<P> {
    /// Waits until the seat is free, starts the thread and waits until its warden stands.
    ///
    /// # Errors
    /// One line: the last life still holds the seat, no thread, or no warden.
    ///
    /// # Cancel safety
    /// Dropping the future closes the inbox: the thread ends by itself.
    pub(crate) async fn open(slot: u16, seat: Seat, craft: Craft<P>) -> Result<Self, String> {
        let held = tokio::time::timeout(SEAT_WAIT, seat.lock_owned())
            .await
            .map_err(|_elapsed| format!("the last life's thread has not ended in {SEAT_WAIT:?}"))?;
        let (inbox, receiver) = mpsc::channel();
        let (opened, stands) = oneshot::channel();
        let (own, seen) = watch::channel(OwnWork::None);
        let passing = Passing::default();
        let orders = Orders {
            slot,
            inbox: receiver,
            passing: Arc::clone(&passing),
            seen: Cell::default(),
            opened: Some(opened),
            own,
        };
        thread::Builder::new()
            .name(format!("slot-{slot}"))
            .spawn(move || sit(held, &craft, orders))
            .map_err(|error| format!("no thread for the slot: {error}"))?;
        let desk = tokio::time::timeout(OPEN_WAIT, stands)
            .await
            .map_err(|_elapsed| format!("the warden does not stand after {OPEN_WAIT:?}"))?
            .map_err(|_gone| "the slot's thread ended before its warden stood".to_owned())??;
        Ok(Self { inbox: Some(inbox), passing, desk, own: seen })
    }

    /// Hands an order down; the answer comes on the order's own way back.
    ///
    /// # Errors
    /// The thread has ended.
    pub(crate) fn judge(&self, task: Task<P>) -> Result<Judging, Failure> {
        let (stages, seen) = watch::channel(Stage::Received);
        let (answer, answered) = oneshot::channel();
        let problem = Arc::clone(&task.problem);
        let inbox = self.inbox.as_ref().ok_or_else(|| gone("before it judged"))?;
        let _passing = self.passing.lock();
        let sent = inbox.send(Order { task, stages, answer });
        sent.map_err(|_closed| gone("before it judged"))?;
        // Sent first: work that begins now sees it.
        self.make_way(Some(&problem));
        Ok(Judging { stages: seen, answer: answered })
    }

    /// Makes work that gives way do so; with a problem, unless it is done for that very one.
    pub(crate) fn make_way(&self, problem: Option<&P>) {
        if let Some(way) = &self.desk.way {
            way(problem);
        }
    }

    /// What the thread does that is no order; closed when it has ended.
    pub(crate) fn own_work(&self) -> watch::Receiver<OwnWork> {
        self.own.clone()
    }

    /// What the thread told of its warden.
    pub(crate) const fn desk(&self) -> &Desk<P> {
        &self.desk
    }
}

impl<P> Drop for Bench<P> {
    fn drop(&mut self) {
        // Closed first: work that begins now sees it.
        drop(self.inbox.take());
        (self.desk.cancel)();
    }
}

/// An order under way.
#[derive(Debug)]
pub(crate) struct Judging {
    /// The latest stage; earlier ones may be skipped.
    pub(crate) stages: watch::Receiver<Stage>,
    answer: oneshot::Receiver<Result<Judgement, Failure>>,
}

impl Judging {
    /// The answer.
    ///
    /// # Errors
    /// What the judge said, or that its thread has died.
    pub(crate) async fn answer(&mut self) -> Result<Judgement, Failure> {
        (&mut self.answer).await.unwrap_or_else(|_gone| Err(gone("while it judged")))
    }
}

fn gone(when: &str) -> Failure {
    Failure { fault: Fault::Node, what: format!("the slot's thread ended {when}"), broken: true }
}

/// The thread: the seat is given up last, after the warden and its boxes are gone.
fn sit<P>(held: OwnedMutexGuard<()>, craft: &Craft<P>, mut orders: Orders<P>) {
    if let Err(why) = craft(&mut orders)
        && let Some(opened) = orders.opened.take()
    {
        drop(opened.send(Err(why)));
    }
    drop(held);
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicBool, Ordering};

    fn failing() -> Craft<()> {
        Arc::new(|_orders| Err("no cgroup".to_owned()))
    }

    #[tokio::test]
    async fn a_thread_that_cannot_make_its_warden_says_why() {
        let error = Bench::open(0, Seat::default(), failing()).await.unwrap_err();
        assert_eq!(error, "no cgroup");
    }

    #[tokio::test]
    async fn a_dropped_bench_cancels_the_run_and_frees_the_seat() {
        let cancelled = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&cancelled);
        let craft: Craft<()> = Arc::new(move |orders| {
            let flag = Arc::clone(&seen);
            let cancel = Arc::new(move || flag.store(true, Ordering::SeqCst));
            orders.opened(Desk { cancel, way: None, warden: None });
            while orders.next().is_some() {}
            Ok(())
        });
        let seat = Seat::default();
        let bench = Bench::open(0, Arc::clone(&seat), craft).await.unwrap();
        assert!(seat.try_lock().is_err(), "the thread holds the seat");
        drop(bench);
        assert!(cancelled.load(Ordering::SeqCst));
        let freed = tokio::time::timeout(Duration::from_secs(5), seat.lock()).await;
        assert!(freed.is_ok(), "the thread lives on");
    }

    #[tokio::test]
    async fn a_thread_has_an_order_only_when_way_has_been_made_for_it() {
        let early = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&early);
        let craft: Craft<()> = Arc::new(move |orders| {
            let ((tell, told), early) = (mpsc::channel(), Arc::clone(&seen));
            let told = std::sync::Mutex::new(told);
            // Gives the thread the time to go on with the order before way is made.
            let way: Way<()> = Arc::new(move |_problem| {
                let taken = told.lock().unwrap().recv_timeout(Duration::from_millis(50));
                early.fetch_or(taken.is_ok(), Ordering::SeqCst);
            });
            orders.opened(Desk { cancel: Arc::new(|| {}), way: Some(way), warden: None });
            while let Some(order) = orders.next() {
                tell.send(()).unwrap();
                let failure = Failure { fault: Fault::Node, what: String::new(), broken: false };
                drop(order.answer.send(Err(failure)));
            }
            Ok(())
        });
        let bench = Bench::open(0, Seat::default(), craft).await.unwrap();
        let submission = crate::testing::submission("s1");
        let task = Task { submission, source: Vec::new(), problem: Arc::new(()), attempt: 1 };
        bench.judge(task).unwrap().answer().await.unwrap_err();
        assert!(!early.load(Ordering::SeqCst));
    }

    #[tokio::test]
    async fn a_thread_that_panics_answers_with_a_fault_of_the_node() {
        let craft: Craft<()> = Arc::new(|orders| {
            orders.opened(Desk { cancel: Arc::new(|| {}), way: None, warden: None });
            let _order = orders.next();
            panic!("the judge is broken");
        });
        let bench = Bench::open(0, Seat::default(), craft).await.unwrap();
        let submission = crate::testing::submission("s1");
        let task = Task { submission, source: Vec::new(), problem: Arc::new(()), attempt: 1 };
        let failure = bench.judge(task).unwrap().answer().await.unwrap_err();
        assert!(failure.broken && failure.fault == Fault::Node, "{failure:?}");
    }
}
