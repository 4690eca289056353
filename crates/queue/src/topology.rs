//! `cluster.toml`: which lanes and pools there are, and how large everything may grow.

use std::collections::HashSet;
use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use minos_model::{Bytes, Lane, Pool, WallTime};
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// The file that is built in: what `minos up` uses, and what `cluster-config/cluster.toml` shows.
const BUILT_IN: &str = include_str!("../../../cluster-config/cluster.toml");

/// The shortest time a delivery may go without a heartbeat. Three heartbeats must fit.
const MIN_ACK_WAIT: Duration = Duration::from_millis(300);

/// The most shards: each is a consumer, for every lane and pool.
const MAX_SHARDS: u32 = 64;

/// A lane and its share of the slots when all lanes have work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LaneConfig {
    /// Its name.
    pub lane: Lane,
    /// Its weight, from 1: a lane of weight 8 is served eight times as often as one of weight 1.
    pub weight: u32,
}

/// How large a stream may grow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StreamConfig {
    /// Reserved at the broker when the stream is created.
    pub max_bytes: Bytes,
    /// The most messages; zero means no bound but the bytes.
    pub max_messages: u64,
    /// Older messages go; zero means never.
    pub max_age: Duration,
}

/// The shape of a cluster: everything [`crate::Broker::init`] creates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Topology {
    /// Copies of each stream: 1, 3 or 5.
    pub replicas: usize,
    /// The lanes, with their weights.
    pub lanes: Vec<LaneConfig>,
    /// The pools of nodes.
    pub pools: Vec<Pool>,
    /// How long a delivery stays ours without a heartbeat.
    pub ack_wait: Duration,
    /// How often a job is delivered before it is a dead letter.
    pub max_deliver: u32,
    /// Jobs in judging at once, per lane and pool, over all nodes.
    pub max_in_flight: u32,
    /// Idle slots waiting at once, per lane and pool, over all nodes. Cannot be changed later.
    pub max_waiting: u32,
    /// Shards of each lane and pool; a tenant's jobs are all in one, and slots serve them in turn.
    pub shards: u32,
    /// A node that has not beaten for so long is gone.
    pub beat_ttl: Duration,
    /// The work queue.
    pub jobs: StreamConfig,
    /// Verdicts.
    pub results: StreamConfig,
    /// Verdicts that rejudges preview. When it is full the oldest goes.
    pub trials: StreamConfig,
    /// What was judged.
    pub submissions: StreamConfig,
    /// Progress; written behind, and lost when the broker is killed.
    pub events: StreamConfig,
    /// Dead letters.
    pub dead: StreamConfig,
    /// Packages.
    pub packages: StreamConfig,
    /// Sources that are not in their job.
    pub sources: StreamConfig,
    /// Builds that nodes share. When it is full the oldest goes.
    pub builds: StreamConfig,
}

/// Everything that is wrong with a `cluster.toml`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}: {}", .mistakes.join("; "))]
pub struct TopologyError {
    /// The file.
    pub file: String,
    /// One line for each mistake, each naming its key.
    pub mistakes: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawLane {
    name: String,
    weight: u32,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawDelivery {
    ack_wait: String,
    max_deliver: u32,
    max_in_flight: u32,
    max_waiting: u32,
    tenant_shards: Option<u32>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawNodes {
    beat_ttl: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawStream {
    max_bytes: String,
    #[serde(default)]
    max_messages: u64,
    #[serde(default)]
    max_age: Option<String>,
}

/// Collects mistakes while a file is read, so that all of them are reported at once.
struct Reading {
    table: toml::Table,
    mistakes: Vec<String>,
}

impl Reading {
    fn mistake(&mut self, key: &str, reason: impl std::fmt::Display) {
        self.mistakes.push(format!("{key}: {reason}"));
    }

    /// Takes a key out of the file in the shape of `T`.
    fn take<T: DeserializeOwned>(&mut self, key: &str) -> Option<T> {
        let Some(value) = self.table.remove(key) else {
            self.mistake(key, "missing");
            return None;
        };
        match serde_path_to_error::deserialize(value) {
            Ok(value) => Some(value),
            Err(error) => {
                let path = error.path().to_string();
                let inner = error.into_inner();
                let message = inner.to_string();
                let message = message.lines().next().unwrap_or_default();
                let path = if path == "." { key.to_owned() } else { format!("{key}.{path}") };
                self.mistake(&path, message.trim());
                None
            }
        }
    }

    fn parsed<T>(&mut self, key: &str, text: &str) -> Option<T>
    where
        T: FromStr,
        T::Err: std::fmt::Display,
    {
        match text.parse() {
            Ok(value) => Some(value),
            Err(error) => {
                self.mistake(key, error);
                None
            }
        }
    }

    fn time(&mut self, key: &str, text: &str) -> Duration {
        self.parsed::<WallTime>(key, text).unwrap_or_default().duration()
    }

    fn at_least(&mut self, key: &str, value: u32, least: u32) {
        if value < least {
            self.mistake(key, format!("{value} is less than {least}"));
        }
    }

    fn stream(&mut self, streams: &mut toml::Table, name: &str) -> StreamConfig {
        let key = format!("streams.{name}");
        let mut section = Self { table: toml::Table::new(), mistakes: Vec::new() };
        if let Some(value) = streams.remove(name) {
            section.table.insert(key.clone(), value);
        }
        let raw = section.take::<RawStream>(&key);
        self.mistakes.extend(section.mistakes);
        let Some(raw) = raw else {
            return StreamConfig {
                max_bytes: Bytes::ZERO,
                max_messages: 0,
                max_age: Duration::ZERO,
            };
        };
        let max_bytes: Bytes =
            self.parsed(&format!("{key}.max_bytes"), &raw.max_bytes).unwrap_or_default();
        if max_bytes < Bytes::from_mib(1) {
            self.mistake(&format!("{key}.max_bytes"), format!("{max_bytes} is less than 1 MiB"));
        }
        let max_age = raw.max_age.map(|text| self.time(&format!("{key}.max_age"), &text));
        StreamConfig {
            max_bytes,
            max_messages: raw.max_messages,
            max_age: max_age.unwrap_or_default(),
        }
    }
}

impl Topology {
    /// What `cluster-config/cluster.toml` says, which is built in.
    ///
    /// # Panics
    /// Never: a test reads the same file.
    #[must_use]
    pub fn built_in() -> Self {
        Self::parse("cluster.toml", BUILT_IN).expect("the built-in file is read by a test")
    }

    /// Reads a file.
    ///
    /// # Errors
    /// [`TopologyError`] with every mistake at once, each with its key.
    pub fn load(path: &Path) -> Result<Self, TopologyError> {
        let file = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|error| TopologyError {
            file: file.clone(),
            mistakes: vec![error.to_string()],
        })?;
        Self::parse(&file, &text)
    }

    /// Reads the text of a file; `file` is only for messages.
    ///
    /// # Errors
    /// [`TopologyError`] with every mistake at once, each with its key.
    pub fn parse(file: &str, text: &str) -> Result<Self, TopologyError> {
        let failed = |mistakes| TopologyError { file: file.to_owned(), mistakes };
        let table: toml::Table = text.parse().map_err(|error: toml::de::Error| {
            failed(vec![error.to_string().trim().replace('\n', " ")])
        })?;
        let mut reading = Reading { table, mistakes: Vec::new() };
        let topology = read(&mut reading);
        match topology {
            Some(topology) if reading.mistakes.is_empty() => Ok(topology),
            _ => Err(failed(reading.mistakes)),
        }
    }

    /// What the streams reserve on the broker's disk together.
    #[must_use]
    pub fn disk(&self) -> Bytes {
        let Self { jobs, results, trials, submissions, events, dead, .. } = self;
        let Self { packages, sources, builds, .. } = self;
        [jobs, results, trials, submissions, events, dead, packages, sources, builds]
            .iter()
            .fold(Bytes::ZERO, |sum, stream| sum.saturating_add(stream.max_bytes))
    }
}

fn read(reading: &mut Reading) -> Option<Topology> {
    let replicas: usize = reading.take("replicas").unwrap_or(1);
    if ![1, 3, 5].contains(&replicas) {
        reading.mistake("replicas", format!("{replicas} is none of 1, 3, 5"));
    }
    let (lanes, pools) = read_lanes(reading);
    let delivery = reading.take::<RawDelivery>("delivery");
    let nodes = reading.take::<RawNodes>("nodes");
    let mut streams: toml::Table = reading.take("streams").unwrap_or_default();
    let [jobs, results, trials, submissions, events, dead, packages, sources, builds] = [
        "jobs",
        "results",
        "trials",
        "submissions",
        "events",
        "dead",
        "packages",
        "sources",
        "builds",
    ]
    .map(|name| reading.stream(&mut streams, name));
    for key in streams.keys() {
        reading.mistake(&format!("streams.{key}"), "unknown stream");
    }
    for key in reading.table.keys().cloned().collect::<Vec<_>>() {
        reading.mistake(
            &key,
            "unknown key (expected replicas, pools, lane, delivery, nodes, streams)",
        );
    }
    let (delivery, nodes) = (delivery?, nodes?);
    let ack_wait = reading.time("delivery.ack_wait", &delivery.ack_wait);
    if ack_wait < MIN_ACK_WAIT {
        reading.mistake("delivery.ack_wait", format!("less than {} ms", MIN_ACK_WAIT.as_millis()));
    }
    reading.at_least("delivery.max_deliver", delivery.max_deliver, 2);
    reading.at_least("delivery.max_in_flight", delivery.max_in_flight, 1);
    reading.at_least("delivery.max_waiting", delivery.max_waiting, 1);
    let shards = delivery.tenant_shards.unwrap_or(16);
    if !(1..=MAX_SHARDS).contains(&shards) {
        reading.mistake("delivery.tenant_shards", format!("not within 1 and {MAX_SHARDS}"));
    }
    let beat_ttl = reading.time("nodes.beat_ttl", &nodes.beat_ttl);
    if beat_ttl < Duration::from_secs(1) {
        reading.mistake("nodes.beat_ttl", "less than 1 s");
    }
    Some(Topology {
        replicas,
        lanes,
        pools,
        ack_wait,
        max_deliver: delivery.max_deliver,
        max_in_flight: delivery.max_in_flight,
        max_waiting: delivery.max_waiting,
        shards,
        beat_ttl,
        jobs,
        results,
        trials,
        submissions,
        events,
        dead,
        packages,
        sources,
        builds,
    })
}

fn read_lanes(reading: &mut Reading) -> (Vec<LaneConfig>, Vec<Pool>) {
    let raw_pools: Vec<String> = reading.take("pools").unwrap_or_default();
    let pools: Vec<Pool> =
        raw_pools.iter().filter_map(|name| reading.parsed("pools", name)).collect();
    if raw_pools.is_empty() {
        reading.mistake("pools", "expected at least one, such as [\"any\"]");
    }
    let raw_lanes: Vec<RawLane> = reading.take("lane").unwrap_or_default();
    if raw_lanes.is_empty() {
        reading.mistake("lane", "expected at least one [[lane]]");
    }
    let mut lanes = Vec::new();
    for (index, raw) in raw_lanes.into_iter().enumerate() {
        reading.at_least(&format!("lane[{index}].weight"), raw.weight, 1);
        if raw.name == "idle" {
            reading.mistake(&format!("lane[{index}].name"), "`idle` is the name of no lane");
        }
        if let Some(lane) = reading.parsed(&format!("lane[{index}].name"), &raw.name) {
            lanes.push(LaneConfig { lane, weight: raw.weight });
        }
    }
    let mut consumers = HashSet::new();
    for LaneConfig { lane, .. } in &lanes {
        for pool in &pools {
            let name = format!("{lane}-{pool}");
            if !consumers.insert(name.clone()) {
                reading
                    .mistake("lane", format!("two lanes or pools make the consumers `{name}-N`"));
            }
        }
    }
    (lanes, pools)
}

#[cfg(test)]
#[path = "topology_tests.rs"]
mod tests;
