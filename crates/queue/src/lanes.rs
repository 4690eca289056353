//! How a free slot takes its next job.
//!
//! It sweeps the lanes by weight without waiting; when all are empty it parks one pull, for at most
//! as long as it is told, on a lane that rotates, and sweeps again: no idle slot sits beside a
//! waiting job for more than two such waits, however few the slots.

use std::time::Duration;

use async_nats::jetstream::consumer::{self, pull};
use futures_util::StreamExt;
use minos_model::{Lane, Pool};
use tokio::sync::{mpsc, oneshot};

use crate::broker::broker_error;
use crate::puller::{Pull, Puller};
use crate::subject::{JOBS, consumer_name};
use crate::turns::Turns;
use crate::{Broker, Delivery, QueueError};

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
        let puller = Puller::new(&self.broker).await?;
        let (commands, inbound) = mpsc::channel(1);
        // The task ends when the rotation is dropped and its last pull has been answered.
        tokio::runtime::Handle::current().spawn(puller.run(inbound));
        let weights: Vec<u32> = self.lanes.iter().map(|lane| lane.weight).collect();
        Ok(Rotation { turns: Turns::new(&weights, slot), commands })
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
        // One lane that cannot be asked does not starve those after it.
        let mut failed = None;
        for index in rotation.turns.order() {
            match self.pull(rotation, index, Duration::ZERO).await {
                Ok(Some(delivery)) => return Ok(Some(delivery)),
                Ok(None) => {}
                Err(error) => {
                    tracing::debug!(%error, "a lane could not be asked");
                    failed = failed.or(Some(error));
                }
            }
            rotation.turns.empty(index);
        }
        if let Some(error) = failed {
            return Err(error);
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
