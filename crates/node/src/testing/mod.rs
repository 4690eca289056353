//! A simulated world for the tests of the actors: a queue with deliveries that come back, verdicts
//! that are stored once, and a judge whose behaviour the submission's name chooses.

mod judge;

use std::collections::{BTreeMap, VecDeque};
use std::future::Future;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, SystemTime};

use minos_model::{
    Digest, Fault, Generation, Job, Judgement, Lane, LanguageId, Pool, ProblemRef, Progress,
    Source, Stage, Submission, SubmissionId, Tenant, Verdict,
};
use tokio::sync::Notify;

use self::judge::{Gate, judge};
use crate::border::{Craft, Desk, Way};
use crate::metrics::Buried;
use crate::ports::{Held, Kept, Knows, NoJob, NoProblem, Outside, Trouble, Unstored};

/// How often the simulated broker delivers a job.
pub(crate) const MOST: u32 = 5;

/// A submission of that name.
pub(crate) fn submission(id: &str) -> Submission {
    Submission {
        id: SubmissionId::new(id).unwrap(),
        tenant: Tenant::new("default").unwrap(),
        generation: Generation::FIRST,
        problem: "range-sums".parse::<ProblemRef>().unwrap(),
        language: LanguageId::new("cpp17").unwrap(),
        source: Source::Inline(b"int main(){}".to_vec()),
    }
}

/// Waits until something holds; panics when it does not within ten seconds.
#[track_caller]
pub(crate) fn eventually(what: &str, holds: impl Fn() -> bool) -> impl Future<Output = ()> {
    let place = std::panic::Location::caller();
    async move {
        let end = tokio::time::Instant::now() + Duration::from_secs(10);
        while !holds() {
            assert!(tokio::time::Instant::now() < end, "{place}: not within 10 s: {what}");
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }
}

/// What was done with a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fate {
    Acked,
    Back(Duration),
    Buried(String),
    /// Dropped without a word.
    Dropped,
}

#[derive(Debug, Default)]
struct Books {
    waiting: VecDeque<(Result<Job, String>, u32)>,
    fates: Vec<(String, u32, Fate)>,
    verdicts: BTreeMap<String, Verdict>,
    stages: Vec<(String, Stage)>,
    cancelled: Vec<String>,
}

/// The simulated world.
#[derive(Debug, Default)]
pub(crate) struct World {
    books: Mutex<Books>,
    news: Notify,
    /// While set, no verdict can be stored.
    pub(crate) full: AtomicBool,
    /// While set, pulls fail.
    pub(crate) down: AtomicBool,
    /// Heartbeats under way.
    pub(crate) leases: Arc<AtomicU32>,
    /// Deliveries handed out.
    pub(crate) pulled: AtomicU32,
    /// Opens the gate of `block` submissions.
    pub(crate) gate: Arc<Gate>,
    /// Slots' threads that have gone about work of their own.
    pub(crate) apart: Arc<AtomicU32>,
    /// Works that give way, begun and over.
    pub(crate) giving_way: Arc<(AtomicU32, AtomicU32)>,
    /// One bit for each slot whose wardens cannot be made.
    pub(crate) no_wardens: Arc<AtomicU32>,
}

impl World {
    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap()
    }

    pub(crate) fn submit(&self, id: &str) {
        self.put(submission(id), 1);
    }

    pub(crate) fn submit_for(&self, id: &str, problem: &str) {
        let problem = problem.parse().unwrap();
        self.put(Submission { problem, ..submission(id) }, 1);
    }

    pub(crate) fn redeliver(&self, id: &str) {
        self.put(submission(id), 2);
    }

    fn put(&self, submission: Submission, delivery: u32) {
        let (lane, pool) = (Lane::new("contest").unwrap(), Pool::new("any").unwrap());
        self.books().waiting.push_back((Ok(Job { submission, lane, pool }), delivery));
        self.news.notify_waiters();
    }

    pub(crate) fn submit_in(&self, id: &str, language: &str) {
        let language = language.parse().unwrap();
        self.put(Submission { language, ..submission(id) }, 1);
    }

    pub(crate) fn submit_junk(&self, why: &str) {
        self.books().waiting.push_back((Err(why.to_owned()), 1));
        self.news.notify_waiters();
    }

    pub(crate) fn cancel(&self, id: &str) {
        self.books().cancelled.push(id.to_owned());
    }

    pub(crate) fn verdict(&self, id: &str) -> Option<Verdict> {
        self.books().verdicts.get(id).copied()
    }

    pub(crate) fn verdicts(&self) -> usize {
        self.books().verdicts.len()
    }

    /// What became of every delivery of a submission, in order.
    pub(crate) fn fates(&self, id: &str) -> Vec<Fate> {
        let books = self.books();
        books.fates.iter().filter(|(who, ..)| who == id).map(|(.., fate)| fate.clone()).collect()
    }

    pub(crate) fn stages(&self, id: &str) -> Vec<Stage> {
        let books = self.books();
        books.stages.iter().filter(|(who, _)| who == id).map(|(_, stage)| *stage).collect()
    }

    pub(crate) fn waiting(&self) -> usize {
        self.books().waiting.len()
    }

    /// The judge of this world: `ok…`, `wa…`, `fault…`, `panic…`, `checker…`, `block…`; after
    /// `apart…` the thread has work of its own until the gate opens, after `way…` until it is asked to
    /// give way.
    pub(crate) fn craft(&self) -> Craft<()> {
        let gate = Arc::clone(&self.gate);
        let (no_wardens, apart) = (Arc::clone(&self.no_wardens), Arc::clone(&self.apart));
        let giving_way = Arc::clone(&self.giving_way);
        Arc::new(move |orders| {
            if no_wardens.load(Ordering::SeqCst) & (1 << orders.slot) != 0 {
                return Err("no cgroup to make a warden in".to_owned());
            }
            let (bell, cancels) = (Arc::clone(&gate), Arc::new(AtomicU32::new(0)));
            let rung = Arc::clone(&cancels);
            let cancel = Arc::new(move || bell.cancel(&rung));
            let (ends, under_way) = (Arc::clone(&cancel), Arc::new(AtomicBool::new(false)));
            let at_it = Arc::clone(&under_way);
            let way: Way<()> = Arc::new(move |_problem| {
                if at_it.load(Ordering::SeqCst) {
                    ends();
                }
            });
            orders.opened(Desk { cancel, way: Some(way), warden: None });
            while let Some(order) = orders.next() {
                let _old = order.stages.send_replace(Stage::Compiling);
                let answer = judge(&gate, &cancels, &order.task);
                let broken = matches!(&answer, Err(failure) if failure.broken);
                drop(order.answer.send(answer));
                if order.task.submission.id.as_str().starts_with("apart") {
                    orders.apart(|| {
                        apart.fetch_add(1, Ordering::SeqCst);
                        gate.pass(&cancels)
                    });
                }
                if order.task.submission.id.as_str().starts_with("way") {
                    orders.giving_way(|| {
                        let before = cancels.load(Ordering::SeqCst);
                        under_way.store(true, Ordering::SeqCst);
                        giving_way.0.fetch_add(1, Ordering::SeqCst);
                        let _passed = orders.is_called() || gate.pass_since(&cancels, before);
                        under_way.store(false, Ordering::SeqCst);
                        giving_way.1.fetch_add(1, Ordering::SeqCst);
                    });
                }
                if broken {
                    break;
                }
            }
            Ok(())
        })
    }
}

/// A simulated delivery.
#[derive(Debug)]
pub(crate) struct Parcel {
    world: Arc<World>,
    job: Result<Job, String>,
    delivered: u32,
    settled: AtomicBool,
}

impl Parcel {
    fn id(&self) -> String {
        self.job.as_ref().map_or("junk", |job| job.submission.id.as_str()).to_owned()
    }

    fn settle(&self, fate: Fate) {
        assert!(!self.settled.swap(true, Ordering::SeqCst), "settled twice: {}", self.id());
        let back = matches!(fate, Fate::Back(_) | Fate::Dropped);
        let mut books = self.world.books();
        books.fates.push((self.id(), self.delivered, fate));
        // A broker stops delivering after so many times, and the message lies there unseen.
        if back && self.delivered < MOST {
            books.waiting.push_back((self.job.clone(), self.delivered + 1));
        }
        drop(books);
        self.world.news.notify_waiters();
    }
}

impl Drop for Parcel {
    fn drop(&mut self) {
        if !self.settled.load(Ordering::SeqCst) {
            self.settle(Fate::Dropped);
        }
    }
}

/// Counts the heartbeats under way.
#[derive(Debug)]
pub(crate) struct Beat(Arc<AtomicU32>);

impl Drop for Beat {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Held for Parcel {
    type Lease = Beat;

    fn job(&self) -> Result<&Job, NoJob> {
        let no_job = |why: &String| NoJob { why: why.clone(), perhaps_newer: why == "newer" };
        self.job.as_ref().map_err(no_job)
    }

    fn delivered(&self) -> u32 {
        self.delivered
    }

    fn most(&self) -> u32 {
        MOST
    }

    fn published(&self) -> SystemTime {
        SystemTime::now()
    }

    fn lease(&self) -> Beat {
        self.world.leases.fetch_add(1, Ordering::SeqCst);
        Beat(Arc::clone(&self.world.leases))
    }

    async fn archive(&self) -> Result<(), Trouble> {
        Ok(())
    }

    async fn ack(&self) -> Result<(), Trouble> {
        let id = self.id();
        assert!(self.world.verdict(&id).is_some(), "{id}: acknowledged before its verdict");
        self.settle(Fate::Acked);
        Ok(())
    }

    async fn hand_back(&self, delay: Duration) -> Result<(), Trouble> {
        self.settle(Fate::Back(delay));
        Ok(())
    }

    async fn bury(&self, reason: Buried, _fault: Fault, why: &str) -> Result<(), Trouble> {
        if let Ok(job) = &self.job {
            let id = job.submission.id.to_string();
            self.world.books().verdicts.entry(id).or_insert(Verdict::JudgeError);
        }
        self.settle(Fate::Buried(format!("{}: {why}", reason.as_str())));
        Ok(())
    }
}

impl Outside for Arc<World> {
    type Held = Parcel;
    type Problem = ();
    type Turn = ();

    fn turn(&self, _index: u16) {}

    async fn next(&self, _turn: &mut ()) -> Result<Option<Parcel>, Trouble> {
        if self.down.load(Ordering::SeqCst) {
            return Err(Trouble("the broker is down".to_owned()));
        }
        let notified = self.news.notified();
        if self.waiting() == 0 {
            drop(tokio::time::timeout(Duration::from_millis(20), notified).await);
        }
        let Some((job, delivered)) = self.books().waiting.pop_front() else { return Ok(None) };
        self.pulled.fetch_add(1, Ordering::SeqCst);
        let (world, settled) = (Self::clone(self), AtomicBool::new(false));
        Ok(Some(Parcel { world, job, delivered, settled }))
    }

    async fn progress(&self, progress: Progress) {
        self.books().stages.push((progress.submission.to_string(), progress.stage));
    }

    async fn judged(&self, submission: &Submission) -> Result<bool, Trouble> {
        Ok(self.verdict(submission.id.as_str()).is_some())
    }

    async fn store(&self, judgement: &Judgement) -> Result<Kept, Unstored> {
        if self.full.load(Ordering::SeqCst) {
            return Err(Unstored::Full("results are full".to_owned()));
        }
        let id = judgement.submission.to_string();
        let mut books = self.books();
        if books.verdicts.contains_key(&id) {
            return Ok(Kept::Already);
        }
        books.verdicts.insert(id, judgement.verdict);
        Ok(Kept::First)
    }

    async fn room(&self) -> bool {
        !self.full.load(Ordering::SeqCst)
    }

    async fn source(&self, _digest: Digest) -> Result<Option<Vec<u8>>, Trouble> {
        Ok(None)
    }

    async fn problem(&self, problem: &ProblemRef) -> Result<Arc<()>, NoProblem> {
        if problem.id.as_str() == "nobody-pushed" {
            return Err(NoProblem::Unknown(problem.to_string()));
        }
        Ok(Arc::new(()))
    }

    fn distrust(&self, _problem: &()) {}

    fn language(&self, language: &LanguageId) -> Knows {
        match language.as_str() {
            "cpp17" => Knows::Works,
            "broken" => Knows::Broken,
            _ => Knows::Not,
        }
    }

    fn cancelled(&self, submission: &Submission) -> bool {
        self.books().cancelled.iter().any(|id| id == submission.id.as_str())
    }
}
