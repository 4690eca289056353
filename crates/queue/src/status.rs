//! What an operator sees: nodes that beat, lanes, dead letters.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use futures_util::StreamExt;
use minos_model::{Isolation, Lane, NodeId, Pool};
use serde::{Deserialize, Serialize};

use crate::broker::broker_error;
use crate::subject::{DEAD, JOBS, NODES, Shard, idle_pool};
use crate::wire::to_json;
use crate::{Broker, QueueError};

/// Over how long nodes count the verdicts they tell of.
pub const RECENT: Duration = Duration::from_secs(600);

/// What a node says of itself with each beat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeState {
    /// Which node.
    pub node: NodeId,
    /// The pool it serves.
    pub pool: Pool,
    /// Its slots.
    pub slots: u32,
    /// Slots that judge.
    pub busy: u32,
    /// Slots that failed too often and are left alone.
    pub quarantined: u32,
    /// What each slot does, in their order: `idle`, `busy`, `starting`, `quarantined`, `stopped`.
    pub states: Vec<String>,
    /// Whether it has stopped pulling.
    pub draining: bool,
    /// Why it should not be sent work, a line each; empty when it is ready.
    pub unready: Vec<String>,
    /// Slots that were replaced since it started.
    pub restarts: u64,
    /// Verdicts it has stored within the last [`RECENT`], by name.
    pub recent: BTreeMap<String, u64>,
    /// What isolates and measures its runs.
    pub isolation: Isolation,
    /// The version of `minos` it runs.
    pub version: String,
    /// Submissions it has judged since it started.
    pub judged: u64,
    /// When it started, in milliseconds since 1970.
    pub started_ms: u64,
    /// When this was said; filled in by [`Broker::status`] from the broker's clock.
    pub beat_ms: u64,
}

#[derive(Debug, Serialize, Deserialize)]
struct BeatV1 {
    node: String,
    pool: String,
    slots: u32,
    busy: u32,
    quarantined: u32,
    #[serde(default)]
    states: Vec<String>,
    draining: bool,
    #[serde(default)]
    unready: Vec<String>,
    #[serde(default)]
    restarts: u64,
    #[serde(default)]
    recent: BTreeMap<String, u64>,
    isolation: String,
    version: String,
    judged: u64,
    started_ms: u64,
}

/// A lane in a pool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LaneStatus {
    /// Which lane.
    pub lane: Lane,
    /// Which pool.
    pub pool: Pool,
    /// Jobs that wait.
    pub pending: u64,
    /// Jobs in judging.
    pub in_flight: u64,
    /// Idle slots of its pool at this moment.
    pub waiting: u64,
    /// How long ago the oldest job that is not done was sent; `None` for an empty lane.
    pub oldest: Option<Duration>,
}

/// The cluster at a glance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClusterStatus {
    /// Nodes that beat, in the order of their names.
    pub nodes: Vec<NodeState>,
    /// Every lane in every pool.
    pub lanes: Vec<LaneStatus>,
    /// Dead letters.
    pub dead: u64,
}

impl Broker {
    /// Tells the cluster that this node lives, and how it is. Three beats must fit into the time
    /// after which a node is forgotten.
    ///
    /// # Errors
    /// [`QueueError::Timeout`], [`QueueError::NotInitialised`].
    pub async fn beat(&self, state: &NodeState) -> Result<(), QueueError> {
        let beat = BeatV1 {
            node: state.node.to_string(),
            pool: state.pool.to_string(),
            slots: state.slots,
            busy: state.busy,
            quarantined: state.quarantined,
            states: state.states.clone(),
            draining: state.draining,
            unready: state.unready.clone(),
            restarts: state.restarts,
            recent: state.recent.clone(),
            isolation: state.isolation.to_string(),
            version: state.version.clone(),
            judged: state.judged,
            started_ms: state.started_ms,
        };
        let value = to_json(&beat);
        self.put_key(NODES, state.node.as_str(), value).await
    }

    /// The nodes that beat.
    ///
    /// # Errors
    /// [`QueueError::Timeout`], [`QueueError::NotInitialised`].
    pub async fn nodes(&self) -> Result<Vec<NodeState>, QueueError> {
        let mut scan = self.scan(&format!("KV_{NODES}"), format!("$KV.{NODES}.*"));
        // A node that beats during the scan is met twice: the later one is as it is now.
        let mut nodes = BTreeMap::new();
        while let Some(kept) = scan.next().await? {
            let read = read(&kept.payload, kept.stored_ms);
            nodes.extend(read.map(|state| (state.node.clone(), state)));
        }
        Ok(nodes.into_values().collect())
    }

    /// Nodes, lanes, dead letters.
    ///
    /// # Errors
    /// [`QueueError::Timeout`], [`QueueError::NotInitialised`].
    pub async fn status(&self) -> Result<ClusterStatus, QueueError> {
        let nodes = self.nodes().await?;
        let lanes = self.lane_status().await?;
        let dead = self.count(DEAD).await?;
        Ok(ClusterStatus { nodes, lanes, dead })
    }

    /// Read from the counters of the consumers and one message of each lane that is not empty:
    /// it costs the same whatever waits.
    async fn lane_status(&self) -> Result<Vec<LaneStatus>, QueueError> {
        let mut lanes: BTreeMap<(Pool, Lane), (LaneStatus, u64)> = BTreeMap::new();
        let mut idle: BTreeMap<Pool, u64> = BTreeMap::new();
        let stream = self.stream(JOBS).await?;
        let mut consumers = stream.consumers();
        while let Some(info) = consumers.next().await {
            let info = info.map_err(|error| broker_error("listing consumers", &error))?;
            let filter = &info.config.filter_subject;
            if let Some(pool) = idle_pool(filter) {
                idle.insert(pool, u64::try_from(info.num_waiting).unwrap_or(u64::MAX));
            }
            let Some(Shard { lane, pool, .. }) = Shard::of_filter(filter) else { continue };
            let in_flight = u64::try_from(info.num_ack_pending).unwrap_or(u64::MAX);
            let (status, floor) = lanes.entry((pool.clone(), lane.clone())).or_insert_with(|| {
                let (pending, in_flight, waiting) = (0, 0, 0);
                (LaneStatus { lane, pool, pending, in_flight, waiting, oldest: None }, u64::MAX)
            });
            status.pending += info.num_pending;
            status.in_flight += in_flight;
            if info.num_pending + in_flight > 0 {
                // Everything up to here is done.
                *floor = (*floor).min(info.ack_floor.stream_sequence);
            }
        }
        let mut all = Vec::new();
        for (mut status, floor) in lanes.into_values() {
            status.waiting = idle.get(&status.pool).copied().unwrap_or(0);
            if floor < u64::MAX {
                let filter = format!("queue.{}.{}.>", status.lane, status.pool);
                let oldest = self.next_from(JOBS, &filter, floor + 1).await?;
                status.oldest = oldest.map(|kept| since(kept.stored_ms));
            }
            all.push(status);
        }
        Ok(all)
    }

    /// The messages of a stream.
    async fn count(&self, stream: &str) -> Result<u64, QueueError> {
        let stream = self.stream(stream).await?;
        let info =
            stream.get_info().await.map_err(|error| broker_error("counting messages", &error))?;
        Ok(info.state.messages)
    }
}

fn since(stored_ms: u64) -> Duration {
    let stored = SystemTime::UNIX_EPOCH + Duration::from_millis(stored_ms);
    SystemTime::now().duration_since(stored).unwrap_or_default()
}

fn read(payload: &[u8], beat_ms: u64) -> Option<NodeState> {
    let beat: BeatV1 = serde_json::from_slice(payload).ok()?;
    Some(NodeState {
        node: beat.node.parse().ok()?,
        pool: beat.pool.parse().ok()?,
        slots: beat.slots,
        busy: beat.busy,
        quarantined: beat.quarantined,
        states: beat.states,
        draining: beat.draining,
        unready: beat.unready,
        restarts: beat.restarts,
        recent: beat.recent,
        isolation: beat.isolation.parse().ok()?,
        version: beat.version,
        judged: beat.judged,
        started_ms: beat.started_ms,
        beat_ms,
    })
}
