//! What a cluster consists of on the broker: streams, consumers and buckets, made once by
//! `minos cluster init`. Nodes only bind to them, so that one node's old configuration cannot
//! rewrite the queue.

use std::collections::HashMap;
use std::time::Duration;

use async_nats::jetstream::consumer::{self, AckPolicy, IntoConsumerConfig as _, pull};
use async_nats::jetstream::context::GetStreamErrorKind;
use async_nats::jetstream::stream::{Config, ConsumerErrorKind};
use futures_util::StreamExt;
use minos_model::Pool;

use crate::broker::broker_error;
use crate::changes::{self, Change, Difference};
use crate::lanes::WEIGHT;
use crate::streams::streams;
use crate::subject::{ADVISORIES, JANITOR, JOBS, Shard, idle_consumer, idle_filter};
use crate::{Broker, LaneConfig, QueueError, Topology};

/// Consumers that are made at once.
const AT_ONCE: usize = 16;

/// Whether a difference is mended or only told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Act {
    Look,
    Change,
}

impl Broker {
    /// Makes what is missing and changes what differs; doing it again does nothing.
    ///
    /// # Errors
    /// [`QueueError::Broker`] names the stream or consumer: the broker has too little room for
    /// what the topology reserves, or a setting cannot be changed.
    pub async fn init(&self, topology: &Topology) -> Result<Vec<Change>, QueueError> {
        self.walk(topology, Act::Change).await
    }

    /// What [`Broker::init`] would do; changes nothing.
    ///
    /// # Errors
    /// [`QueueError::Broker`], [`QueueError::Timeout`].
    pub async fn compare(&self, topology: &Topology) -> Result<Vec<Change>, QueueError> {
        self.walk(topology, Act::Look).await
    }

    async fn walk(&self, topology: &Topology, act: Act) -> Result<Vec<Change>, QueueError> {
        let mut changes = Vec::new();
        for config in streams(topology) {
            changes.push(self.ensure_stream(config, act).await?);
        }
        for pool in &topology.pools {
            for lane in &topology.lanes {
                changes.push(self.ensure_lane(topology, (lane, pool), act).await?);
            }
            let idle = pull::Config {
                durable_name: Some(idle_consumer(pool)),
                description: Some(format!("idle slots of pool {pool}; never a job")),
                filter_subject: idle_filter(pool),
                ack_policy: AckPolicy::Explicit,
                ack_wait: topology.ack_wait,
                max_waiting: topology.max_waiting.into(),
                ..pull::Config::default()
            };
            // It has no lane's bounds: nothing is ever delivered.
            changes.push(self.ensure_consumer(JOBS, idle, act).await?);
        }
        let janitor = pull::Config {
            durable_name: Some(JANITOR.to_owned()),
            ack_policy: AckPolicy::Explicit,
            ack_wait: Duration::from_secs(30),
            ..pull::Config::default()
        };
        changes.push(self.ensure_consumer(ADVISORIES, janitor, act).await?);
        Ok(changes)
    }

    /// A consumer for each shard of a lane, told of as one.
    async fn ensure_lane(
        &self,
        topology: &Topology,
        (lane, pool): (&LaneConfig, &Pool),
        act: Act,
    ) -> Result<Change, QueueError> {
        let shards = (0..topology.shards).map(|number| {
            let shard = Shard { lane: lane.lane.clone(), pool: pool.clone(), number };
            let config = pull::Config {
                durable_name: Some(shard.consumer()),
                description: Some(format!("lane {}, pool {pool}, shard {number}", lane.lane)),
                filter_subject: shard.filter(),
                ack_policy: AckPolicy::Explicit,
                ack_wait: topology.ack_wait,
                max_deliver: topology.max_deliver.into(),
                max_ack_pending: topology.max_in_flight.into(),
                max_waiting: topology.max_waiting.into(),
                max_batch: 64,
                max_expires: Duration::from_secs(60),
                metadata: HashMap::from([(WEIGHT.to_owned(), lane.weight.to_string())]),
                ..pull::Config::default()
            };
            self.ensure_consumer(JOBS, config, act)
        });
        let mut shards = futures_util::stream::iter(shards).buffered(AT_ONCE);
        let what = format!("consumers of lane {}, pool {pool}", lane.lane);
        let (mut created, mut found, mut differing) = (0_u32, 0_u32, Vec::new());
        while let Some(change) = shards.next().await {
            let change = change?;
            if matches!(change, Change::Created(_)) {
                created += 1;
            } else {
                found += 1;
            }
            for difference in change.differences() {
                if !differing.contains(difference) {
                    differing.push(difference.clone());
                }
            }
        }
        if created > 0 && found > 0 {
            let (old, new) = (found.to_string(), topology.shards.to_string());
            differing.push(Difference { setting: "tenant_shards", old, new });
        }
        Ok(match (found, differing.is_empty()) {
            (0, _) => Change::Created(what),
            (_, false) => Change::Updated(what, differing),
            (_, true) => Change::Unchanged(what),
        })
    }

    async fn ensure_stream(&self, wanted: Config, act: Act) -> Result<Change, QueueError> {
        let name = wanted.name.clone();
        let what = format!("stream {name}");
        let failed = |error: &dyn std::error::Error| broker_error(&what, error);
        match self.context.get_stream(&name).await {
            Ok(stream) => {
                let differing = changes::of_stream(&stream.cached_info().config, &wanted);
                if differing.is_empty() {
                    return Ok(Change::Unchanged(what));
                }
                if act == Act::Change {
                    self.context.update_stream(&wanted).await.map_err(|error| failed(&error))?;
                }
                Ok(Change::Updated(what, differing))
            }
            Err(error) => {
                let absent = match error.kind() {
                    GetStreamErrorKind::JetStream(error) => error.code() == 404,
                    GetStreamErrorKind::EmptyName
                    | GetStreamErrorKind::InvalidStreamName
                    | GetStreamErrorKind::Request => false,
                };
                if !absent {
                    return Err(failed(&error));
                }
                if act == Act::Change {
                    self.context.create_stream(wanted).await.map_err(|error| failed(&error))?;
                }
                Ok(Change::Created(what))
            }
        }
    }

    async fn ensure_consumer(
        &self,
        stream: &str,
        wanted: pull::Config,
        act: Act,
    ) -> Result<Change, QueueError> {
        let name = wanted.durable_name.clone().unwrap_or_default();
        let what = format!("consumer {name} on stream {stream}");
        let found: Result<consumer::Consumer<pull::Config>, _> =
            self.context.get_consumer_from_stream(&name, stream).await;
        let change = match found {
            Ok(found) => {
                let wants = wanted.clone().into_consumer_config();
                let differing = changes::of_consumer(&found.cached_info().config, &wants);
                if differing.is_empty() {
                    return Ok(Change::Unchanged(what));
                }
                Change::Updated(what.clone(), differing)
            }
            Err(error) => match error.kind() {
                ConsumerErrorKind::JetStream(error) if error.code() == 404 => {
                    Change::Created(what.clone())
                }
                ConsumerErrorKind::TimedOut
                | ConsumerErrorKind::Request
                | ConsumerErrorKind::InvalidConsumerType
                | ConsumerErrorKind::InvalidName
                | ConsumerErrorKind::JetStream(_)
                | ConsumerErrorKind::Other => return Err(broker_error(&what, &error)),
            },
        };
        if act == Act::Change {
            self.context
                .create_consumer_on_stream(wanted, stream)
                .await
                .map_err(|error| broker_error(&what, &error))?;
        }
        Ok(change)
    }
}
