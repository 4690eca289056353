//! What a cluster consists of on the broker: streams, consumers and buckets, made once by
//! `minos cluster init`. Nodes only bind to them, so that one node's old configuration cannot
//! rewrite the queue.

use std::collections::HashMap;
use std::fmt;
use std::time::Duration;

use async_nats::jetstream::consumer::{self, AckPolicy, pull};
use async_nats::jetstream::context::GetStreamErrorKind;
use async_nats::jetstream::stream::Config;
use futures_util::StreamExt;
use minos_model::Pool;

use crate::broker::broker_error;
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

/// What `init` did to one thing, or would do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// It was not there.
    Created(String),
    /// It was there and differed in these settings.
    Updated(String, Vec<&'static str>),
    /// It was there as it should be.
    Unchanged(String),
}

impl Change {
    /// Whether anything was done.
    #[must_use]
    pub const fn is_change(&self) -> bool {
        !matches!(self, Self::Unchanged(_))
    }

    /// The same before it is done.
    #[must_use]
    pub fn before(&self) -> String {
        match self {
            Self::Created(what) => format!("to create: {what}"),
            Self::Updated(what, settings) => format!("to update: {what}: {}", settings.join(", ")),
            Self::Unchanged(what) => format!("as it is: {what}"),
        }
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Created(what) => write!(f, "created {what}"),
            Self::Updated(what, settings) => write!(f, "updated {what}: {}", settings.join(", ")),
            Self::Unchanged(what) => write!(f, "unchanged {what}"),
        }
    }
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
        let (mut created, mut differing) = (false, Vec::new());
        while let Some(change) = shards.next().await {
            match change? {
                Change::Created(_) => created = true,
                Change::Updated(_, settings) => differing = settings,
                Change::Unchanged(_) => {}
            }
        }
        Ok(match (created, differing.is_empty()) {
            (true, _) => Change::Created(what),
            (false, false) => Change::Updated(what, differing),
            (false, true) => Change::Unchanged(what),
        })
    }

    async fn ensure_stream(&self, wanted: Config, act: Act) -> Result<Change, QueueError> {
        let name = wanted.name.clone();
        let what = format!("stream {name}");
        let failed = |error: &dyn std::error::Error| broker_error(&what, error);
        match self.context.get_stream(&name).await {
            Ok(stream) => {
                let differing = differences(&stream.cached_info().config, &wanted);
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
                let now = &found.cached_info().config;
                let mut differing = Vec::new();
                let mut compare = |setting, differs: bool| {
                    if differs {
                        differing.push(setting);
                    }
                };
                compare("ack_wait", now.ack_wait != wanted.ack_wait);
                compare("filter_subject", now.filter_subject != wanted.filter_subject);
                if wanted.metadata.contains_key(WEIGHT) {
                    compare("max_deliver", now.max_deliver != wanted.max_deliver);
                    compare("max_in_flight", now.max_ack_pending != wanted.max_ack_pending);
                    compare("max_waiting", now.max_waiting != wanted.max_waiting);
                    compare("weight", now.metadata.get(WEIGHT) != wanted.metadata.get(WEIGHT));
                }
                if differing.is_empty() {
                    return Ok(Change::Unchanged(what));
                }
                Change::Updated(what.clone(), differing)
            }
            Err(_absent) => Change::Created(what.clone()),
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

/// The settings of ours in which a stream differs; the server fills in the others.
fn differences(now: &Config, wanted: &Config) -> Vec<&'static str> {
    let mut subjects = (now.subjects.clone(), wanted.subjects.clone());
    subjects.0.sort();
    subjects.1.sort();
    // The server writes -1 where we write 0: no bound.
    let bound = |value: i64| value.max(0);
    [
        ("subjects", subjects.0 != subjects.1),
        ("subject_transform", now.subject_transform != wanted.subject_transform),
        ("republish", now.republish != wanted.republish),
        ("replicas", now.num_replicas != wanted.num_replicas),
        ("max_bytes", bound(now.max_bytes) != bound(wanted.max_bytes)),
        ("max_messages", bound(now.max_messages) != bound(wanted.max_messages)),
        ("max_age", now.max_age != wanted.max_age),
        ("max_message_size", now.max_message_size.max(0) != wanted.max_message_size.max(0)),
        (
            "max_messages_per_subject",
            bound(now.max_messages_per_subject) != bound(wanted.max_messages_per_subject),
        ),
        ("discard", now.discard != wanted.discard),
        ("discard_new_per_subject", now.discard_new_per_subject != wanted.discard_new_per_subject),
    ]
    .into_iter()
    .filter_map(|(setting, differs)| differs.then_some(setting))
    .collect()
}
