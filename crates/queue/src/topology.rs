//! `cluster.toml`: which lanes and pools there are, and how large everything may grow.

use std::collections::HashSet;
use std::path::Path;
use std::time::Duration;

use minos_model::{Bytes, Lane, Pool};

mod reading;

use reading::{Need, Reading};

/// The file that is built in: what `minos up` uses, and what `cluster-config/cluster.toml` shows.
const BUILT_IN: &str = include_str!("../../../cluster-config/cluster.toml");

/// The shortest time a delivery may go without a heartbeat. Three heartbeats must fit.
const MIN_ACK_WAIT: Duration = Duration::from_millis(300);

/// Three beats must fit, at one a second and a broker that is slow.
const MIN_BEAT_TTL: Duration = Duration::from_secs(1);

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
        let mut reading = Reading::root(table);
        let topology = read(&mut reading);
        if reading.mistakes.is_empty() { Ok(topology) } else { Err(failed(reading.mistakes)) }
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

/// What can be read is read to the end, so that every mistake is found; with one, what comes out of
/// it is not used.
fn read(reading: &mut Reading) -> Topology {
    let replicas = reading.number("replicas", (1, 5), Need::Must).unwrap_or(1);
    if replicas.is_multiple_of(2) {
        reading.mistake("replicas", format!("{replicas} is none of 1, 3, 5"));
    }
    let (lanes, pools) = read_lanes(reading);
    let mut delivery = reading.section("delivery");
    let most = u32::MAX >> 1;
    let ack_wait = delivery.time("ack_wait", MIN_ACK_WAIT, Need::Must);
    let max_deliver = delivery.number("max_deliver", (2, 1_000), Need::Must);
    let max_in_flight = delivery.number("max_in_flight", (1, most), Need::Must);
    let max_waiting = delivery.number("max_waiting", (1, most), Need::Must);
    let shards = delivery.number("tenant_shards", (1, MAX_SHARDS), Need::May);
    reading.close(delivery);
    let mut nodes = reading.section("nodes");
    let beat_ttl = nodes.time("beat_ttl", MIN_BEAT_TTL, Need::Must);
    reading.close(nodes);
    let mut streams = reading.section("streams");
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
    .map(|name| read_stream(&mut streams, name));
    reading.close(streams);
    reading.finish();
    Topology {
        replicas: usize::try_from(replicas).unwrap_or(1),
        lanes,
        pools,
        ack_wait,
        max_deliver: max_deliver.unwrap_or(2),
        max_in_flight: max_in_flight.unwrap_or(1),
        max_waiting: max_waiting.unwrap_or(1),
        shards: shards.unwrap_or(16),
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
    }
}

fn read_stream(streams: &mut Reading, name: &'static str) -> StreamConfig {
    let mut stream = streams.section(name);
    let size = stream.text::<Bytes>("max_bytes", "a size such as `4GiB`", Need::Must);
    if let Some(size) = size.filter(|size| *size < Bytes::from_mib(1)) {
        stream.mistake("max_bytes", format!("{size} is less than 1 MiB"));
    }
    let max_messages = stream.number("max_messages", (0, u32::MAX), Need::May);
    let max_age = stream.time("max_age", Duration::ZERO, Need::May);
    streams.close(stream);
    StreamConfig {
        max_bytes: size.unwrap_or_default(),
        max_messages: max_messages.unwrap_or(0).into(),
        max_age,
    }
}

fn read_lanes(reading: &mut Reading) -> (Vec<LaneConfig>, Vec<Pool>) {
    let pools: Vec<Pool> = reading.texts("pools", "names such as [\"any\"]");
    let mut lanes = Vec::new();
    for mut section in reading.sections("lane") {
        let lane: Option<Lane> = section.text("name", "a name", Need::Must);
        let weight = section.number("weight", (1, 1_000_000), Need::Must);
        if lane.as_ref().is_some_and(|lane| lane.as_str() == "idle") {
            section.mistake("name", "`idle` is the name of no lane");
        }
        if let Some(lane) = lane {
            lanes.push(LaneConfig { lane, weight: weight.unwrap_or(1) });
        }
        reading.close(section);
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
