//! What an operator sees: nodes that beat, lanes, dead letters.

use std::time::{Duration, SystemTime};

use futures_util::StreamExt;
use minos_model::{Isolation, Lane, NodeId, Pool};
use serde::{Deserialize, Serialize};

use crate::broker::broker_error;
use crate::subject::{DEAD, JOBS, NODES};
use crate::wire::to_json;
use crate::{Broker, QueueError};

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
    /// Whether it has stopped pulling.
    pub draining: bool,
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
    draining: bool,
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
    /// Idle slots that wait here at this moment.
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
            draining: state.draining,
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
        let mut nodes = Vec::new();
        while let Some(kept) = scan.next().await? {
            nodes.extend(read(&kept.payload, kept.stored_ms));
        }
        nodes.sort_by(|one, other| one.node.cmp(&other.node));
        Ok(nodes)
    }

    /// Nodes, lanes, dead letters.
    ///
    /// # Errors
    /// [`QueueError::Timeout`], [`QueueError::NotInitialised`].
    pub async fn status(&self) -> Result<ClusterStatus, QueueError> {
        let nodes = self.nodes().await?;
        let stream = self.stream(JOBS).await?;
        let mut consumers = stream.consumers();
        let mut lanes = Vec::new();
        while let Some(info) = consumers.next().await {
            let info = info.map_err(|error| broker_error("listing consumers", &error))?;
            let filter = info.config.filter_subject.clone();
            let mut tokens = filter.split('.').skip(1);
            let lane = tokens.next().and_then(|token| token.parse().ok());
            let pool = tokens.next().and_then(|token| token.parse().ok());
            let (Some(lane), Some(pool)) = (lane, pool) else { continue };
            let oldest = self.next_from(JOBS, &filter, 1).await?;
            lanes.push(LaneStatus {
                lane,
                pool,
                pending: info.num_pending,
                in_flight: u64::try_from(info.num_ack_pending).unwrap_or(u64::MAX),
                waiting: u64::try_from(info.num_waiting).unwrap_or(u64::MAX),
                oldest: oldest.map(|kept| since(kept.stored_ms)),
            });
        }
        if lanes.is_empty() {
            return Err(QueueError::NotInitialised { what: "lane".to_owned() });
        }
        let dead = self.count(DEAD).await?;
        Ok(ClusterStatus { nodes, lanes, dead })
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
        draining: beat.draining,
        isolation: beat.isolation.parse().ok()?,
        version: beat.version,
        judged: beat.judged,
        started_ms: beat.started_ms,
        beat_ms,
    })
}
