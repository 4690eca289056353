//! How a free slot takes its next job, and what is fair.
//!
//! Between lanes: it sweeps them by weight, without waiting. Inside a lane: the server puts each
//! job, by its tenant, into one of a few shards (a transform of JOBS; publishers see nothing of
//! it), each with a consumer of its own, and a slot asks the shards in turn. A tenant that floods
//! fills its shard and nobody else's: the next free slot takes another's job first.
//!
//! Asking every shard each time would be dear, so the node remembers which may have work: the
//! server tells of each job it has stored (`wake.<lane>.<pool>.<shard>…`, no body), and a shard
//! that has not been heard of is asked now and then all the same, for that word may be lost. When
//! all is empty the slot waits for a word, for at most as long as it is told, and sweeps again: no
//! idle slot sits beside a waiting job for more than two such waits, however few the slots. While
//! it waits it is counted, by a pull that is never served, in the consumer `idle-<pool>`: its
//! number of waiting pulls is the idle capacity of the pool.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_nats::jetstream::consumer;
use futures_util::StreamExt;
use futures_util::future::select_all;
use minos_model::{Lane, Pool};
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::task::AbortHandle;
use tokio::time::Instant;

use crate::broker::broker_error;
use crate::place::{Place, millis};
use crate::puller::{Pull, Puller};
use crate::subject::{JOBS, Shard, idle_consumer, wake_filter};
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
    lanes: Vec<Arc<Bound>>,
    ack_wait: Duration,
    /// One for each pool.
    ears: Vec<Arc<Ears>>,
}

#[derive(Debug)]
struct Bound {
    lane: Lane,
    weight: u32,
    shards: Vec<Place>,
    max_deliver: u32,
    /// From when on its shards count their times.
    since: Instant,
}

/// Hears which shards of a pool get jobs, for all slots of a node.
#[derive(Debug)]
struct Ears {
    woken: Arc<Notify>,
    /// Where idle slots of the pool are counted.
    idle: String,
    task: AbortHandle,
}

impl Drop for Ears {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// One slot's turn through the lanes: what each lane is owed, the shard to ask next in each, and
/// the task that pulls.
#[derive(Debug)]
pub struct Rotation {
    turns: Turns,
    shards: Vec<usize>,
    inbox: String,
    commands: mpsc::Sender<Pull>,
}

impl Broker {
    /// The lanes of a pool as `cluster init` made them, with their weights, heaviest first.
    ///
    /// # Errors
    /// [`QueueError::NotInitialised`] when there is none.
    pub async fn lanes(&self, pool: &Pool) -> Result<Vec<LaneWeight>, QueueError> {
        let mut weights = BTreeMap::new();
        for (shard, info) in self.shards().await? {
            let weight = info.config.metadata.get(WEIGHT).and_then(|text| text.parse().ok());
            if shard.pool == *pool {
                weights.insert(shard.lane, weight.unwrap_or(1));
            }
        }
        if weights.is_empty() {
            return Err(QueueError::NotInitialised { what: format!("lane for pool {pool}") });
        }
        let mut lanes: Vec<LaneWeight> =
            weights.into_iter().map(|(lane, weight)| LaneWeight { lane, weight }).collect();
        lanes.sort_by_key(|lane| std::cmp::Reverse(lane.weight));
        Ok(lanes)
    }

    /// The consumers of JOBS that are a shard of a lane.
    pub(crate) async fn shards(&self) -> Result<Vec<(Shard, consumer::Info)>, QueueError> {
        let stream = self.stream(JOBS).await?;
        let mut consumers = stream.consumers();
        let mut shards = Vec::new();
        while let Some(info) = consumers.next().await {
            let info = info.map_err(|error| broker_error("listing consumers", &error))?;
            shards.extend(Shard::of_filter(&info.config.filter_subject).map(|shard| (shard, info)));
        }
        shards.sort_by(|(one, _), (other, _)| one.cmp(other));
        Ok(shards)
    }

    /// Binds to the consumers of these lanes; creates nothing.
    ///
    /// # Errors
    /// [`QueueError::NotInitialised`] names the lane that is missing.
    pub async fn bind(&self, lanes: &[LaneWeight], pool: &Pool) -> Result<Lanes, QueueError> {
        let shards = self.shards().await?;
        let mut ack_wait = Duration::from_secs(30);
        let (since, mut bound) = (Instant::now(), Vec::new());
        for LaneWeight { lane, weight } in lanes {
            let (mut places, mut max_deliver) = (Vec::new(), u32::MAX);
            for (shard, info) in shards.iter().filter(|(s, _)| s.lane == *lane && s.pool == *pool) {
                ack_wait = ack_wait.min(info.config.ack_wait);
                max_deliver = u32::try_from(info.config.max_deliver).unwrap_or(u32::MAX);
                places.push(Place::new(shard.number, &info.name));
            }
            if places.is_empty() {
                let what = format!("consumer of lane {lane} and pool {pool} on stream {JOBS}");
                return Err(QueueError::NotInitialised { what });
            }
            let (lane, weight) = (lane.clone(), (*weight).max(1));
            bound.push(Arc::new(Bound { lane, weight, shards: places, max_deliver, since }));
        }
        if bound.is_empty() {
            return Err(QueueError::NotInitialised { what: "lane to pull from".to_owned() });
        }
        let ears = vec![self.listen(bound.clone(), pool).await?];
        Ok(Lanes { broker: self.clone(), lanes: bound, ack_wait, ears })
    }

    async fn listen(&self, lanes: Vec<Arc<Bound>>, pool: &Pool) -> Result<Arc<Ears>, QueueError> {
        let mut words = self
            .client
            .subscribe(wake_filter(pool))
            .await
            .map_err(|error| broker_error("listening for jobs", &error))?;
        let woken = Arc::new(Notify::new());
        let wake = Arc::clone(&woken);
        let hear = async move {
            while let Some(word) = words.next().await {
                let Some(shard) = Shard::of_wake(word.subject.as_str()) else { continue };
                let Some(lane) = lanes.iter().find(|lane| lane.lane == shard.lane) else {
                    continue;
                };
                for place in lane.shards.iter().filter(|place| place.shard == shard.number) {
                    place.hear();
                }
                wake.notify_one();
            }
        };
        let task = tokio::runtime::Handle::current().spawn(hear).abort_handle();
        let idle = format!("$JS.API.CONSUMER.MSG.NEXT.{JOBS}.{}", idle_consumer(pool));
        Ok(Arc::new(Ears { woken, idle, task }))
    }
}

impl Lanes {
    /// These lanes and those: a slot takes turns through all of them, by weight.
    #[must_use]
    pub fn and(mut self, those: Self) -> Self {
        self.ack_wait = self.ack_wait.min(those.ack_wait);
        self.lanes.extend(those.lanes);
        self.ears.extend(those.ears);
        self
    }

    /// How long a delivery stays ours without a beat of its lease.
    #[must_use]
    pub const fn ack_wait(&self) -> Duration {
        self.ack_wait
    }

    /// A slot's turn through the lanes; `slot` is the shard it asks first.
    ///
    /// # Errors
    /// [`QueueError::Broker`] when the connection is closed for good.
    pub async fn rotation(&self, slot: usize) -> Result<Rotation, QueueError> {
        let puller = Puller::new(&self.broker).await?;
        let inbox = puller.inbox().to_owned();
        let (commands, inbound) = mpsc::channel(1);
        // The task ends when the rotation is dropped and its last pull has been answered.
        tokio::runtime::Handle::current().spawn(puller.run(inbound));
        let weights: Vec<u32> = self.lanes.iter().map(|lane| lane.weight).collect();
        let shards = vec![slot; self.lanes.len()];
        Ok(Rotation { turns: Turns::new(&weights), shards, inbox, commands })
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
        let deadline = Instant::now() + park;
        let mut counted = false;
        loop {
            // Waited for from before the sweep, so that a job that comes during it is not missed.
            let mut words: Vec<_> =
                self.ears.iter().map(|ears| Box::pin(ears.woken.notified())).collect();
            for word in &mut words {
                word.as_mut().enable();
            }
            if let Some(delivery) = self.sweep(rotation).await? {
                return Ok(Some(delivery));
            }
            if Instant::now() >= deadline {
                return Ok(None);
            }
            if !counted {
                self.count_as_idle(rotation, park).await;
                counted = true;
            }
            if tokio::time::timeout_at(deadline, select_all(words)).await.is_err() {
                return Ok(None);
            }
        }
    }

    /// Asks the lanes by weight, and in each the shards that may have work, in turn.
    async fn sweep(&self, rotation: &mut Rotation) -> Result<Option<Delivery>, QueueError> {
        if !self.broker.is_connected() {
            return Err(QueueError::Broker {
                operation: "a pull".to_owned(),
                reason: "the connection is down".to_owned(),
            });
        }
        // One shard that cannot be asked does not starve those after it.
        let mut failed = None;
        for index in rotation.turns.order() {
            let Some(lane) = self.lanes.get(index) else { continue };
            let first = rotation.shards.get(index).copied().unwrap_or(0);
            for step in 0..lane.shards.len() {
                let at = (first + step) % lane.shards.len();
                let now_ms = millis(lane.since.elapsed());
                let Some(place) = lane.shards.get(at) else { continue };
                let Some(heard) = place.is_due(now_ms) else { continue };
                match self.pull(rotation, lane, place).await {
                    Ok(Some(delivery)) => {
                        place.served(heard);
                        for ears in &self.ears {
                            ears.woken.notify_one();
                        }
                        if let Some(next) = rotation.shards.get_mut(index) {
                            *next = at + 1;
                        }
                        rotation.turns.served(index);
                        return Ok(Some(delivery));
                    }
                    Ok(None) => place.empty(heard, now_ms),
                    Err(error) => {
                        tracing::debug!(%error, "a lane could not be asked");
                        place.leave_alone(now_ms);
                        failed = failed.or(Some(error));
                    }
                }
            }
            rotation.turns.empty(index);
        }
        failed.map_or(Ok(None), Err)
    }

    /// A pull on a consumer that has no jobs: how the cluster knows its idle slots. Nothing
    /// depends on it.
    async fn count_as_idle(&self, rotation: &Rotation, park: Duration) {
        let body = format!("{{\"batch\":1,\"expires\":{}}}", park.as_nanos());
        for ears in &self.ears {
            let (idle, inbox) = (ears.idle.clone(), format!("{}.idle", rotation.inbox));
            let client = &self.broker.client;
            if let Err(error) = client.publish_with_reply(idle, inbox, body.clone().into()).await {
                tracing::debug!(%error, "an idle slot is not counted");
            }
        }
    }

    async fn pull(
        &self,
        rotation: &Rotation,
        lane: &Bound,
        place: &Place,
    ) -> Result<Option<Delivery>, QueueError> {
        let gone = || QueueError::Broker {
            operation: format!("pulling from lane {}", lane.lane),
            reason: "the connection is closed".to_owned(),
        };
        let (answer, answered) = oneshot::channel();
        let pull = Pull { next: place.next.clone(), answer };
        rotation.commands.send(pull).await.map_err(|_closed| gone())?;
        let message = answered.await.map_err(|_closed| gone())??;
        let Some(message) = message else { return Ok(None) };
        Ok(Delivery::read(&self.broker, message, self.ack_wait, lane.max_deliver))
    }
}
