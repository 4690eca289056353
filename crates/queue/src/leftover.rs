//! Consumers of lanes, pools and shards that the cluster's file has no more. Jobs in them are judged
//! as before, for nodes ask whatever consumers they find when they start; empty ones only cost time.

use std::collections::BTreeMap;

use minos_model::{Lane, Pool};

use crate::broker::broker_error;
use crate::subject::{JOBS, idle_consumer};
use crate::{Broker, QueueError, Topology};

/// What the file has no more of a lane in a pool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leftover {
    /// Which lane.
    pub lane: Lane,
    /// Which pool.
    pub pool: Pool,
    /// The consumers, by name.
    pub consumers: Vec<String>,
    /// Jobs that wait or are in judging there.
    pub jobs: u64,
}

impl Broker {
    /// What is left over; changes nothing.
    ///
    /// # Errors
    /// [`QueueError::Timeout`], [`QueueError::NotInitialised`].
    pub async fn leftovers(&self, topology: &Topology) -> Result<Vec<Leftover>, QueueError> {
        let mut found: BTreeMap<(Pool, Lane), (Vec<String>, u64)> = BTreeMap::new();
        for (shard, info) in self.shards().await? {
            let has_lane = topology.lanes.iter().any(|lane| lane.lane == shard.lane);
            let has_pool = topology.pools.contains(&shard.pool);
            if has_lane && has_pool && shard.number < topology.shards {
                continue;
            }
            let (consumers, jobs) = found.entry((shard.pool, shard.lane)).or_default();
            consumers.push(info.name);
            *jobs += info.num_pending + u64::try_from(info.num_ack_pending).unwrap_or(0);
        }
        let leftover = |((pool, lane), (consumers, jobs))| Leftover { lane, pool, consumers, jobs };
        Ok(found.into_iter().map(leftover).collect())
    }

    /// Removes those of them that have no jobs, and says which are gone. A node that was started
    /// before asks for them in vain until it is started again.
    ///
    /// # Errors
    /// [`QueueError::Broker`] names the consumer; doing it again goes on.
    pub async fn remove_leftovers(&self, topology: &Topology) -> Result<Vec<Leftover>, QueueError> {
        let found = self.leftovers(topology).await?;
        let (kept, empty): (Vec<_>, Vec<_>) = found.into_iter().partition(|one| one.jobs > 0);
        for Leftover { pool, consumers, .. } in &empty {
            let is_last = !topology.pools.contains(pool) && !kept.iter().any(|k| k.pool == *pool);
            // Before the others: what is interrupted is found again by them.
            for name in is_last.then(|| idle_consumer(pool)).iter().chain(consumers) {
                let removed = self.context.delete_consumer_from_stream(name, JOBS).await;
                if let Err(error) = removed
                    && self.has_consumer(name).await?
                {
                    return Err(broker_error(&format!("removing consumer {name}"), &error));
                }
            }
        }
        Ok(empty)
    }

    async fn has_consumer(&self, name: &str) -> Result<bool, QueueError> {
        let stream = self.stream(JOBS).await?;
        Ok(stream.consumer_info(name).await.is_ok())
    }
}
