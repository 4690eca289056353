//! The way of one delivery through a slot: received, fetched, judged, stored, acknowledged.
//!
//! The walk runs in a task that the slot owns. Whatever happens, the delivery ends in exactly one
//! way: acknowledged after its verdict is stored, handed back, buried with a reason, or (when the
//! slot dies) left alone, and then the broker hands it out again after its ack wait.

mod detour;
mod ending;

use std::sync::Arc;
use std::time::{Duration, Instant};

use minos_model::{
    Fault, JudgedProblem, Judgement, NodeId, Progress, Source, Stage, Submission, Verdict,
};
use tokio::sync::watch;
use tracing::Instrument as _;

use self::detour::{Detour, Why, back, broken_off, given_up};
use crate::border::{Bench, Failure, Judging, Task};
use crate::metrics::{self, Buried, Retry, Step};
use crate::ports::{Held, Knows, NoJob, NoProblem, Outside};

/// A problem nobody has pushed may be on its way: the job is handed back until this delivery.
const DELIVERIES_UNKNOWN: u32 = 3;
/// Delay of a message that a newer node may be able to read.
const HAND_BACK_NEWER: Duration = Duration::from_secs(30);
/// Progress is news for people: one message in this time is enough.
const PROGRESS_PERIOD: Duration = Duration::from_millis(200);

/// The bounds of a walk.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    /// A judging that takes longer is broken off and handed back.
    pub(crate) judging: Duration,
    /// How long a verdict is held while the broker does not take it.
    pub(crate) storing: Duration,
}

/// Why a slot is to be replaced.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not trustworthy any more: {why}")]
pub(crate) struct Replace {
    /// One line.
    pub(crate) why: String,
    /// Whether the slot is to blame. A job that has failed before is to blame itself: a few
    /// poisonous submissions must not put a node out of work.
    pub(crate) blamed: bool,
}

/// How a slot stands after a walk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum End {
    /// Free.
    Fine,
    /// Free, but it should not pull before this time has passed.
    Wait(Duration),
    /// To be replaced.
    Broken(Replace),
}

/// What the slot tells a walk under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Word {
    /// Go on.
    GoOn,
    /// The operator has cancelled the submission.
    Cancel,
    /// Hand the job back at once.
    GiveUp,
}

/// One delivery on its way.
#[derive(Debug)]
pub(crate) struct Walk<O: Outside> {
    pub(crate) outside: Arc<O>,
    pub(crate) held: O::Held,
    pub(crate) bench: Arc<Bench<O::Problem>>,
    pub(crate) word: watch::Receiver<Word>,
    pub(crate) node: NodeId,
    pub(crate) bounds: Bounds,
    pub(crate) board: crate::board::Board,
    pub(crate) slot: u16,
}

impl<O: Outside> Walk<O> {
    /// Walks to the end.
    pub(crate) async fn run(self) -> End {
        let span = tracing::info_span!(
            "job",
            node = %self.node,
            slot = self.slot,
            delivery = self.held.delivered(),
            submission = tracing::field::Empty,
            generation = tracing::field::Empty,
        );
        if let Some((submission, generation)) = self.held.names() {
            span.record("submission", submission.as_str());
            span.record("generation", generation.get());
        }
        self.on().instrument(span).await
    }

    async fn on(self) -> End {
        let submission = match self.held.job() {
            Ok(job) => job.submission.clone(),
            Err(no_job) => return self.no_job(&no_job).await,
        };
        let lease = self.held.lease();
        metrics::received(self.held.published(), self.held.delivered());
        let end = match self.judge(&submission).await {
            Ok(judgement) => self.finish(&submission, judgement).await,
            Err(Detour::Judged) => {
                self.ack().await;
                End::Fine
            }
            Err(Detour::Cancelled) => {
                let judgement = self.cancelled(&submission);
                self.finish(&submission, judgement).await
            }
            Err(Detour::Back { retry, delay, why, broken }) => {
                self.hand_back(retry, delay, &why).await;
                let blamed = self.held.delivered() <= 1;
                if broken {
                    End::Broken(Replace { why: why.logged().to_owned(), blamed })
                } else {
                    End::Fine
                }
            }
            Err(Detour::Bury { buried, fault, why }) => {
                let end = self.bury(buried, fault, &why).await;
                self.tell(&submission, Stage::Done).await;
                end
            }
        };
        drop(lease);
        end
    }

    /// A newer node may read what this one cannot; what is no job for anybody is buried.
    async fn no_job(&self, no_job: &NoJob) -> End {
        let why = Why::Quoting(no_job.why.clone());
        if no_job.perhaps_newer && self.held.delivered() < self.held.most() {
            self.hand_back(Retry::Newer, HAND_BACK_NEWER, &why).await;
            return End::Fine;
        }
        self.bury(Buried::Undecodable, Fault::Broker, &why).await
    }

    /// Everything up to the judgement. The job is archived meanwhile: what counts is that it is
    /// before it is acknowledged.
    async fn judge(&self, submission: &Submission) -> Result<Judgement, Detour> {
        self.before(submission).await?;
        self.tell(submission, Stage::Received).await;
        let (archived, judged) =
            tokio::join!(self.held.archive(), self.fetch_and_judge(submission));
        if let Err(trouble) = archived {
            tracing::warn!(%trouble, "not archived for rejudges");
        }
        judged
    }

    async fn fetch_and_judge(&self, submission: &Submission) -> Result<Judgement, Detour> {
        let fetching = Instant::now();
        let source = self.source(submission).await?;
        let problem = self.problem(submission).await?;
        metrics::step(Step::Fetch, fetching.elapsed());
        let task = Task {
            submission: submission.clone(),
            source,
            problem: Arc::clone(&problem),
            attempt: self.held.delivered(),
        };
        let judging = Instant::now();
        let answer = match self.bench.judge(task) {
            Ok(under_way) => self.watch(submission, under_way).await?,
            Err(failure) => Err(failure),
        };
        metrics::step(Step::Judge, judging.elapsed());
        let judged = match answer {
            Ok(judgement) => self.trusted(judgement),
            Err(failure) => Err(self.failed(failure)),
        };
        if judged.as_ref().is_err_and(|detour| self.casts_doubt(detour)) {
            self.outside.distrust(&problem);
        }
        judged
    }

    /// What can be known before anything is fetched.
    async fn before(&self, submission: &Submission) -> Result<(), Detour> {
        if *self.word.borrow() == Word::GiveUp {
            return Err(given_up());
        }
        let delivered = self.held.delivered();
        if delivered > 1 {
            match self.outside.judged(submission).await {
                Ok(true) => return Err(Detour::Judged),
                Ok(false) => {}
                Err(trouble) => return Err(back(Retry::Broker, Why::Own(trouble.0))),
            }
        }
        if self.outside.cancelled(submission) {
            return Err(Detour::Cancelled);
        }
        self.language(submission)?;
        // Every delivery before this one ended without a word or with a fault. If judging it kills
        // this node as well, nobody is left to say so: the last delivery is for burying.
        if delivered > 1 && delivered >= self.held.most() {
            return Err(Detour::Bury {
                buried: Buried::Deliveries,
                fault: Fault::Node,
                why: Why::Own(format!("delivered {delivered} times without a verdict")),
            });
        }
        Ok(())
    }

    fn language(&self, submission: &Submission) -> Result<(), Detour> {
        let language = &submission.language;
        match self.outside.language(language) {
            Knows::Works => Ok(()),
            // Another node may have a compiler that works: all deliveries are for finding it.
            Knows::Broken => Err(self.perhaps_later(
                self.held.most(),
                Retry::Language,
                (Buried::UnknownLanguage, Fault::Node),
                Why::Own(format!("language {language} does not work here")),
            )),
            Knows::Not => Err(self.perhaps_later(
                DELIVERIES_UNKNOWN,
                Retry::Language,
                (Buried::UnknownLanguage, Fault::Node),
                Why::Own(format!("no node here knows the language {language}")),
            )),
        }
    }

    async fn source(&self, submission: &Submission) -> Result<Vec<u8>, Detour> {
        let digest = match &submission.source {
            Source::Inline(source) => return Ok(source.clone()),
            Source::Stored(digest) => *digest,
        };
        match self.outside.source(digest).await {
            Ok(Some(source)) => Ok(source),
            Ok(None) => Err(self.perhaps_later(
                DELIVERIES_UNKNOWN,
                Retry::UnknownSource,
                (Buried::UnknownSource, Fault::Broker),
                Why::Own(format!("source {digest} is not in the object store")),
            )),
            Err(trouble) => Err(back(Retry::Broker, Why::Own(trouble.0))),
        }
    }

    async fn problem(&self, submission: &Submission) -> Result<Arc<O::Problem>, Detour> {
        match self.outside.problem(&submission.problem).await {
            Ok(problem) => Ok(problem),
            Err(error @ NoProblem::Unknown(_)) => Err(self.perhaps_later(
                DELIVERIES_UNKNOWN,
                Retry::UnknownProblem,
                (Buried::UnknownProblem, Fault::Package),
                Why::Own(error.to_string()),
            )),
            // The network or this node's disk may have done it: another one looks as well.
            Err(error @ NoProblem::Damaged { .. }) => Err(self.perhaps_later(
                DELIVERIES_UNKNOWN,
                Retry::Package,
                (Buried::Package, Fault::Package),
                Why::Own(error.to_string()),
            )),
            Err(error @ NoProblem::Unready { .. }) => {
                Err(back(Retry::Package, Why::Own(error.to_string())))
            }
        }
    }

    /// Waits for the answer of the thread, passing news on and words down.
    async fn watch(
        &self,
        submission: &Submission,
        mut judging: Judging,
    ) -> Result<Result<Judgement, Failure>, Detour> {
        let (mut stages, mut word) = (judging.stages.clone(), self.word.clone());
        let mut news = tokio::time::interval_at(
            tokio::time::Instant::now() + PROGRESS_PERIOD,
            PROGRESS_PERIOD,
        );
        news.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let limit = tokio::time::sleep(self.bounds.judging);
        tokio::pin!(limit);
        let mut asked = Word::GoOn;
        loop {
            tokio::select! {
                biased;
                answer = judging.answer() => return match *self.word.borrow() {
                    Word::Cancel => Err(Detour::Cancelled),
                    Word::GiveUp if broken_off(&answer) => Err(given_up()),
                    Word::GoOn | Word::GiveUp => Ok(answer),
                },
                () = &mut limit => {
                    (self.bench.desk().cancel)();
                    let why = format!("judging took longer than {:?}", self.bounds.judging);
                    return Err(self.failed(Failure { fault: Fault::Node, what: why, broken: true }));
                }
                // A closed channel is a slot that has gone, and this task goes with it.
                Ok(()) = word.changed() => {
                    asked = *word.borrow_and_update();
                    if asked != Word::GoOn {
                        (self.bench.desk().cancel)();
                    }
                }
                _ = news.tick() => {
                    if stages.has_changed().unwrap_or(false) {
                        let stage = *stages.borrow_and_update();
                        self.tell(submission, stage).await;
                    }
                    // A cancel that fell between two runs met nobody: it is repeated.
                    if asked != Word::GoOn {
                        (self.bench.desk().cancel)();
                    }
                }
            }
        }
    }

    async fn tell(&self, submission: &Submission, stage: Stage) {
        let (tenant, generation) = (submission.tenant.clone(), submission.generation);
        let progress = Progress { submission: submission.id.clone(), tenant, generation, stage };
        self.outside.progress(progress).await;
    }

    fn cancelled(&self, submission: &Submission) -> Judgement {
        Judgement {
            submission: submission.id.clone(),
            tenant: submission.tenant.clone(),
            generation: submission.generation,
            problem: JudgedProblem { id: submission.problem.id.clone(), revision: None },
            language: submission.language.clone(),
            verdict: Verdict::Cancelled,
            score: None,
            decided_by: None,
            groups: Vec::new(),
            fault: None,
            compile: None,
            tests: Vec::new(),
            node: self.node.clone(),
            attempt: self.held.delivered(),
            isolation: None,
        }
    }
}
