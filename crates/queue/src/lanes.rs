//! How a free slot takes its next job.
//!
//! It sweeps the lanes by weight without waiting; when all are empty it parks one pull, for at most
//! as long as it is told, on a lane that rotates, and sweeps again: no idle slot sits beside a
//! waiting job for more than two such waits, however few the slots.
//!
//! Pulls are raw requests for one message each. The client library's batches lose a message when
//! they are combined with heartbeats, and its multiplexed requests cannot carry a delivery (its
//! subject is the job's, not the inbox's), so each rotation has an inbox and a task of its own.

use std::time::Duration;

use async_nats::jetstream::consumer::{self, pull};
use async_nats::{Message, StatusCode, Subscriber};
use futures_util::StreamExt;
use minos_model::{Lane, Pool};
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use crate::broker::{broker_error, timeout};
use crate::delivery::nak;
use crate::subject::{JOBS, consumer_name};
use crate::{Broker, Delivery, QueueError};

/// How long the broker may take to say that a lane is empty, beyond what it was told to wait.
const ANSWER_WITHIN: Duration = Duration::from_secs(2);
/// The metadata key under which a consumer carries its lane's weight.
pub(crate) const WEIGHT: &str = "minos.weight";

/// A lane, and how often it is served when all have work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LaneWeight {
    /// Which lane.
    pub lane: Lane,
    /// Its weight, from 1.
    pub weight: u32,
}

/// The lanes a node pulls from, bound to the broker's consumers.
#[derive(Debug, Clone)]
pub struct Lanes {
    broker: Broker,
    lanes: Vec<Bound>,
    ack_wait: Duration,
}

#[derive(Debug, Clone)]
struct Bound {
    lane: Lane,
    weight: u32,
    next: String,
    max_deliver: u32,
}

/// One slot's turn through the lanes: what each lane is owed, where the next pull is parked, and
/// the task that pulls.
#[derive(Debug)]
pub struct Rotation {
    turns: Turns,
    commands: mpsc::Sender<Pull>,
}

/// Smooth weighted round-robin, pure: over any window, each lane with work is served in proportion
/// to its weight; a lane that was empty is owed nothing for it.
#[derive(Debug, Clone)]
struct Turns {
    weights: Vec<i64>,
    credit: Vec<i64>,
    parked: usize,
}

impl Turns {
    fn new(weights: Vec<u32>, slot: usize) -> Self {
        let credit = vec![0; weights.len()];
        Self { weights: weights.into_iter().map(i64::from).collect(), credit, parked: slot }
    }

    /// The lanes in the order in which to ask them.
    fn order(&mut self) -> Vec<usize> {
        for (credit, weight) in self.credit.iter_mut().zip(&self.weights) {
            *credit += weight;
        }
        let mut order: Vec<usize> = (0..self.credit.len()).collect();
        order.sort_by_key(|lane| std::cmp::Reverse(self.credit.get(*lane).copied()));
        order
    }

    fn served(&mut self, lane: usize) {
        let total: i64 = self.weights.iter().sum();
        if let Some(credit) = self.credit.get_mut(lane) {
            *credit -= total;
        }
    }

    fn empty(&mut self, lane: usize) {
        if let Some(credit) = self.credit.get_mut(lane) {
            *credit = 0;
        }
    }

    fn park(&mut self) -> usize {
        let lane = self.parked % self.weights.len().max(1);
        self.parked = lane + 1;
        lane
    }
}

/// A pull, and where its answer goes.
struct Pull {
    next: String,
    /// Zero: answer at once.
    park: Duration,
    answer: oneshot::Sender<Result<Option<Message>, QueueError>>,
}

impl Broker {
    /// The lanes of a pool as `cluster init` made them, with their weights, heaviest first.
    ///
    /// # Errors
    /// [`QueueError::NotInitialised`] when there is none.
    pub async fn lanes(&self, pool: &Pool) -> Result<Vec<LaneWeight>, QueueError> {
        let stream = self.stream(JOBS).await?;
        let mut consumers = stream.consumers();
        let mut lanes = Vec::new();
        while let Some(info) = consumers.next().await {
            let info = info.map_err(|error| broker_error("listing consumers", &error))?;
            let mut tokens = info.config.filter_subject.split('.').skip(1);
            let (Some(lane), Some(of)) = (tokens.next(), tokens.next()) else { continue };
            let weight = info.config.metadata.get(WEIGHT).and_then(|text| text.parse().ok());
            if of == pool.as_str()
                && let Ok(lane) = lane.parse()
            {
                lanes.push(LaneWeight { lane, weight: weight.unwrap_or(1) });
            }
        }
        if lanes.is_empty() {
            return Err(QueueError::NotInitialised { what: format!("lane for pool {pool}") });
        }
        lanes.sort_by_key(|lane| std::cmp::Reverse(lane.weight));
        Ok(lanes)
    }

    /// Binds to the consumers of these lanes; creates nothing.
    ///
    /// # Errors
    /// [`QueueError::NotInitialised`] names the consumer that is missing.
    pub async fn bind(&self, lanes: &[LaneWeight], pool: &Pool) -> Result<Lanes, QueueError> {
        let mut bound = Vec::new();
        let mut ack_wait = Duration::from_secs(30);
        for LaneWeight { lane, weight } in lanes {
            let name = consumer_name(lane, pool);
            let consumer: Result<consumer::Consumer<pull::Config>, _> =
                self.context.get_consumer_from_stream(&name, JOBS).await;
            let consumer = consumer.map_err(|_missing| QueueError::NotInitialised {
                what: format!("consumer {name} on stream {JOBS}"),
            })?;
            let config = &consumer.cached_info().config;
            ack_wait = ack_wait.min(config.ack_wait);
            bound.push(Bound {
                lane: lane.clone(),
                weight: (*weight).max(1),
                next: format!("$JS.API.CONSUMER.MSG.NEXT.{JOBS}.{name}"),
                max_deliver: u32::try_from(config.max_deliver).unwrap_or(u32::MAX),
            });
        }
        if bound.is_empty() {
            return Err(QueueError::NotInitialised { what: "lane to pull from".to_owned() });
        }
        Ok(Lanes { broker: self.clone(), lanes: bound, ack_wait })
    }
}

impl Lanes {
    /// How long a delivery stays ours without a beat of its lease.
    #[must_use]
    pub const fn ack_wait(&self) -> Duration {
        self.ack_wait
    }

    /// A slot's turn through the lanes; `slot` is where its first parked pull waits.
    ///
    /// # Errors
    /// [`QueueError::Broker`] when the connection is closed for good.
    pub async fn rotation(&self, slot: usize) -> Result<Rotation, QueueError> {
        let inbox = self.broker.client.new_inbox();
        let subscriber = self
            .broker
            .client
            .subscribe(format!("{inbox}.*"))
            .await
            .map_err(|error| broker_error("subscribing to an inbox", &error))?;
        let (commands, inbound) = mpsc::channel(1);
        let puller = Puller { broker: self.broker.clone(), inbox, subscriber, pulls: 0 };
        // The task ends when the rotation is dropped and its last pull has been answered.
        tokio::runtime::Handle::current().spawn(puller.run(inbound));
        let weights = self.lanes.iter().map(|lane| lane.weight).collect();
        Ok(Rotation { turns: Turns::new(weights, slot), commands })
    }

    /// The next job for a free slot: `None` when every lane was empty and nothing came within
    /// `park` either.
    ///
    /// # Errors
    /// [`QueueError::Timeout`] while the broker is away, [`QueueError::NotInitialised`] when a
    /// consumer was deleted. Both may pass: call it again after a pause.
    ///
    /// # Cancel safety
    /// A delivery that arrives for a future that was dropped is handed back at once; it is only
    /// counted as a delivery.
    pub async fn next(
        &self,
        rotation: &mut Rotation,
        park: Duration,
    ) -> Result<Option<Delivery>, QueueError> {
        for index in rotation.turns.order() {
            if let Some(delivery) = self.pull(rotation, index, Duration::ZERO).await? {
                return Ok(Some(delivery));
            }
            rotation.turns.empty(index);
        }
        if park.is_zero() {
            return Ok(None);
        }
        let index = rotation.turns.park();
        self.pull(rotation, index, park).await
    }

    async fn pull(
        &self,
        rotation: &mut Rotation,
        index: usize,
        park: Duration,
    ) -> Result<Option<Delivery>, QueueError> {
        let Some(lane) = self.lanes.get(index) else { return Ok(None) };
        let gone = || QueueError::Broker {
            operation: format!("pulling from lane {}", lane.lane),
            reason: "the connection is closed".to_owned(),
        };
        let (answer, answered) = oneshot::channel();
        let pull = Pull { next: lane.next.clone(), park, answer };
        rotation.commands.send(pull).await.map_err(|_closed| gone())?;
        let message = answered.await.map_err(|_closed| gone())??;
        let Some(message) = message else { return Ok(None) };
        rotation.turns.served(index);
        Ok(Delivery::read(&self.broker, message, self.ack_wait, lane.max_deliver))
    }
}

/// The task behind a rotation: one pull at a time, every delivery either taken or handed back.
struct Puller {
    broker: Broker,
    inbox: String,
    subscriber: Subscriber,
    pulls: u64,
}

/// A pull that was sent and not answered yet.
struct Outstanding {
    /// Where its status comes to; empty once the broker has refused to let it wait.
    subject: String,
    next: String,
    deadline: Instant,
    answer: oneshot::Sender<Result<Option<Message>, QueueError>>,
}

impl Puller {
    async fn run(mut self, mut commands: mpsc::Receiver<Pull>) {
        let mut outstanding: Option<Outstanding> = None;
        let mut open = true;
        while open || outstanding.is_some() {
            let deadline = outstanding.as_ref().map(|pull| pull.deadline);
            tokio::select! {
                command = commands.recv(), if open && outstanding.is_none() => match command {
                    Some(pull) => outstanding = self.send(pull).await,
                    None => open = false,
                },
                message = self.subscriber.next() => match message {
                    Some(message) => self.receive(message, &mut outstanding).await,
                    None => return,
                },
                () = until(deadline) => {
                    if let Some(pull) = outstanding.take() {
                        let refused = pull.subject.is_empty();
                        let answer = if refused { Ok(None) } else { Err(timeout("a pull")) };
                        // The slot may have gone; then nobody needs to know.
                        drop(pull.answer.send(answer));
                    }
                }
            }
        }
    }

    async fn send(&mut self, pull: Pull) -> Option<Outstanding> {
        self.pulls += 1;
        let subject = format!("{}.{}", self.inbox, self.pulls);
        let body = if pull.park.is_zero() {
            "{\"batch\":1,\"no_wait\":true}".to_owned()
        } else {
            format!("{{\"batch\":1,\"expires\":{}}}", pull.park.as_nanos())
        };
        let client = &self.broker.client;
        let sent = client.publish_with_reply(pull.next.clone(), subject.clone(), body.into()).await;
        if let Err(error) = sent {
            drop(pull.answer.send(Err(broker_error("a pull", &error))));
            return None;
        }
        let deadline = Instant::now() + pull.park + ANSWER_WITHIN;
        Some(Outstanding { subject, next: pull.next, deadline, answer: pull.answer })
    }

    async fn receive(&self, message: Message, outstanding: &mut Option<Outstanding>) {
        if message.subject.starts_with(&self.inbox) {
            // A status. That of an older pull, answered late, says nothing about this one.
            let current = outstanding.as_ref().map(|pull| pull.subject.as_str());
            if current == Some(message.subject.as_str())
                && let Some(mut pull) = outstanding.take()
            {
                match status(&message, &pull.next) {
                    Status::Empty => drop(pull.answer.send(Ok(None))),
                    Status::Gone(error) => drop(pull.answer.send(Err(error))),
                    Status::Busy => {
                        // Answered when it would have been, so that nobody asks in a hot loop.
                        pull.subject.clear();
                        pull.deadline -= ANSWER_WITHIN;
                        *outstanding = Some(pull);
                    }
                }
            }
            return;
        }
        let unwanted = match outstanding.take() {
            Some(pull) => match pull.answer.send(Ok(Some(message))) {
                Ok(()) => None,
                Err(Ok(message)) => message,
                Err(Err(_error)) => None,
            },
            None => Some(message),
        };
        if let Some(reply) = unwanted.and_then(|message| message.reply) {
            let answer = nak(Duration::ZERO).into();
            if let Err(error) = self.broker.client.publish(reply, answer).await {
                tracing::warn!(%error, "a delivery nobody waits for could not be handed back");
            }
        }
    }
}

async fn until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}

/// What a status means.
enum Status {
    /// The lane is empty.
    Empty,
    /// As many jobs are in judging, or as many slots wait, as the consumer allows.
    Busy,
    /// The consumer is gone.
    Gone(QueueError),
}

fn status(message: &Message, next: &str) -> Status {
    match message.status {
        Some(StatusCode::NO_RESPONDERS) => {
            let consumer = next.rsplit('.').next().unwrap_or_default();
            let what = format!("consumer {consumer} on stream {JOBS}");
            Status::Gone(QueueError::NotInitialised { what })
        }
        Some(StatusCode::NOT_FOUND | StatusCode::TIMEOUT) | None => Status::Empty,
        Some(code) => {
            let description = message.description.as_deref().unwrap_or_default();
            tracing::debug!(%code, description, "a pull was not served");
            Status::Busy
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn share(weights: &[u32], has_work: impl Fn(usize) -> bool, picks: usize) -> Vec<usize> {
        let mut turns = Turns::new(weights.to_vec(), 0);
        let mut served = vec![0; weights.len()];
        for _ in 0..picks {
            for lane in turns.order() {
                if has_work(lane) {
                    turns.served(lane);
                    served[lane] += 1;
                    break;
                }
                turns.empty(lane);
            }
        }
        served
    }

    #[test]
    fn lanes_with_work_are_served_in_proportion_to_their_weights() {
        assert_eq!(share(&[8, 3, 1], |_| true, 120), [80, 30, 10]);
        assert_eq!(share(&[8, 3, 1], |lane| lane != 0, 120), [0, 90, 30]);
        assert_eq!(share(&[8, 3, 1], |lane| lane == 2, 50), [0, 0, 50]);
    }

    #[test]
    fn a_lane_that_was_empty_is_not_owed_its_past() {
        let mut turns = Turns::new(vec![1, 1], 0);
        for _ in 0..1000 {
            for lane in turns.order() {
                if lane == 1 {
                    turns.served(lane);
                    break;
                }
                turns.empty(lane);
            }
        }
        let mut first = 0;
        for _ in 0..10 {
            let lane = turns.order()[0];
            turns.served(lane);
            first += usize::from(lane == 0);
        }
        assert!((4..=7).contains(&first), "{first} of 10");
    }

    #[test]
    fn parked_pulls_rotate_from_the_slots_own_lane() {
        let mut turns = Turns::new(vec![1, 1, 1], 4);
        assert_eq!((0..4).map(|_| turns.park()).collect::<Vec<_>>(), [1, 2, 0, 1]);
    }
}
