//! The world of a slot in a real node: the broker, the package cache, the languages that work.

use std::collections::{BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use minos_model::{
    Digest, Fault, Generation, Job, Judgement, LanguageId, NodeId, ProblemRef, Progress,
    Submission, SubmissionId,
};
use minos_problem::{Languages, Problem};
use minos_queue::{
    Broker, DeadReason, Delivery, JudgingId, Lanes, Lease, QueueError, Rotation, Stored,
};

use crate::metrics::Buried;
use crate::ports::{Held, Kept, Knows, NoJob, NoProblem, Outside, Trouble, Unstored};
use crate::shelf::Shelf;
use crate::sources::Sources;

/// How long a free slot waits for a word of a job before it asks again. Two of them are the longest that a job waits
/// beside an idle slot.
const PARK: Duration = Duration::from_millis(500);
/// Cancellations that are remembered: those of the last hours of a large contest.
const CANCELLED_MAX: usize = 4_096;

/// What operators have cancelled, as far as this node has heard. A hint: what counts is the verdict
/// CS, which is stored before a cancellation is announced.
#[derive(Debug, Default)]
pub(crate) struct Cancelled(Mutex<VecDeque<JudgingId>>);

impl Cancelled {
    pub(crate) fn add(&self, judging: JudgingId) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= CANCELLED_MAX {
            all.pop_front();
        }
        all.push_back(judging);
    }

    fn holds(&self, judging: &JudgingId) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).contains(judging)
    }
}

/// The world.
#[derive(Debug)]
pub(crate) struct Cluster {
    pub(crate) broker: Broker,
    pub(crate) lanes: Lanes,
    pub(crate) shelf: Shelf<Broker>,
    pub(crate) sources: Sources,
    pub(crate) languages: Arc<Languages>,
    /// Those whose self-test passed.
    pub(crate) working: BTreeSet<LanguageId>,
    pub(crate) cancelled: Arc<Cancelled>,
    pub(crate) node: NodeId,
}

/// A delivery from the broker.
#[derive(Debug)]
pub(crate) struct FromBroker {
    delivery: Delivery,
    broker: Broker,
    node: NodeId,
}

fn trouble(error: &QueueError) -> Trouble {
    Trouble(error.to_string())
}

impl Outside for Cluster {
    type Held = FromBroker;
    type Problem = Problem;
    /// The slot's index, and its rotation once the broker has answered.
    type Turn = (u16, Option<Rotation>);

    fn turn(&self, index: u16) -> Self::Turn {
        (index, None)
    }

    async fn next(&self, turn: &mut Self::Turn) -> Result<Option<FromBroker>, Trouble> {
        let index = usize::from(turn.0);
        let mut rotation = match turn.1.take() {
            Some(rotation) => rotation,
            None => self.lanes.rotation(index).await.map_err(|error| trouble(&error))?,
        };
        // After an error the rotation is made anew: its inbox may have died with the connection.
        let next = self.lanes.next(&mut rotation, PARK).await.map_err(|error| trouble(&error))?;
        turn.1 = Some(rotation);
        let (broker, node) = (self.broker.clone(), self.node.clone());
        Ok(next.map(|delivery| FromBroker { delivery, broker, node }))
    }

    async fn progress(&self, progress: Progress) {
        self.broker.progress(&progress).await;
    }

    async fn judged(&self, submission: &Submission) -> Result<bool, Trouble> {
        let verdict = self.broker.verdict(&JudgingId::of(submission)).await;
        verdict.map(|verdict| verdict.is_some()).map_err(|error| trouble(&error))
    }

    async fn store(&self, judgement: &Judgement) -> Result<Kept, Unstored> {
        match self.broker.store_verdict(judgement).await {
            Ok(Stored::First) => Ok(Kept::First),
            Ok(Stored::Already(_)) => Ok(Kept::Already),
            Err(error @ QueueError::StreamFull { .. }) => Err(Unstored::Full(error.to_string())),
            Err(error) => Err(trouble(&error).into()),
        }
    }

    async fn room(&self) -> bool {
        match self.broker.room_for_verdicts().await {
            Ok(room) => room,
            Err(error) => {
                tracing::warn!(%error, "whether there is room for verdicts is unknown");
                false
            }
        }
    }

    async fn source(&self, digest: Digest) -> Result<Option<Vec<u8>>, Trouble> {
        let sources = self.sources.clone();
        let kept = tokio::task::spawn_blocking(move || sources.get(&digest)).await;
        if let Ok(Some(source)) = kept {
            return Ok(Some(source));
        }
        match self.broker.get_source(&digest).await {
            Ok(source) => {
                let (sources, copy) = (self.sources.clone(), source.clone());
                // Nobody waits for it: a source that is not kept is fetched again.
                drop(tokio::task::spawn_blocking(move || sources.put(&digest, &copy)));
                Ok(Some(source))
            }
            Err(QueueError::NoObject { .. }) => Ok(None),
            Err(error) => Err(trouble(&error)),
        }
    }

    async fn problem(&self, problem: &ProblemRef) -> Result<Arc<Problem>, NoProblem> {
        self.shelf.problem(problem).await
    }

    fn distrust(&self, problem: &Problem) {
        self.shelf.distrust(&problem.revision);
    }

    fn language(&self, language: &LanguageId) -> Knows {
        if self.working.contains(language) {
            Knows::Works
        } else if self.languages.get(language).is_some() {
            Knows::Broken
        } else {
            Knows::Not
        }
    }

    fn cancelled(&self, submission: &Submission) -> bool {
        self.cancelled.holds(&JudgingId::of(submission))
    }
}

impl Held for FromBroker {
    type Lease = Lease;

    fn job(&self) -> Result<&Job, NoJob> {
        self.delivery
            .job
            .as_ref()
            .map_err(|error| NoJob { why: error.to_string(), perhaps_newer: error.may_be_newer() })
    }

    fn names(&self) -> Option<(&SubmissionId, Generation)> {
        let judging = &self.delivery.address.as_ref()?.judging;
        Some((&judging.submission, judging.generation))
    }

    fn delivered(&self) -> u32 {
        self.delivery.delivered
    }

    fn most(&self) -> u32 {
        self.delivery.max_deliver
    }

    fn published(&self) -> SystemTime {
        self.delivery.published_at
    }

    fn lease(&self) -> Lease {
        self.delivery.lease()
    }

    async fn archive(&self) -> Result<(), Trouble> {
        self.broker.archive(&self.delivery).await.map_err(|error| trouble(&error))
    }

    async fn ack(&self) -> Result<(), Trouble> {
        self.delivery.ack().await.map_err(|error| trouble(&error))
    }

    async fn hand_back(&self, delay: Duration) -> Result<(), Trouble> {
        self.delivery.hand_back(delay).await.map_err(|error| trouble(&error))
    }

    async fn bury(&self, reason: Buried, fault: Fault, why: &str) -> Result<(), Trouble> {
        let _the_reason_names_it = fault;
        let reason = match reason {
            Buried::Undecodable | Buried::UnknownSource => DeadReason::Undecodable,
            Buried::UnknownProblem => DeadReason::UnknownProblem,
            Buried::UnknownLanguage => DeadReason::UnknownLanguage,
            Buried::Package => DeadReason::Package,
            Buried::Checker => DeadReason::Checker,
            Buried::Deliveries => DeadReason::Exhausted,
        };
        let buried = self.broker.bury(&self.delivery, reason, why, &self.node).await;
        buried.map(drop).map_err(|error| trouble(&error))
    }
}
