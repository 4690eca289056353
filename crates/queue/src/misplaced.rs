//! Jobs that lie in JOBS where no node looks: those of a time before its lanes had shards, and those
//! of consumers that somebody has deleted.

use std::collections::BTreeSet;

use async_nats::HeaderMap;

use crate::broker::{Published, broker_error};
use crate::reads::Kept;
use crate::subject::{JOBS, kept_filter, published_subject};
use crate::{Broker, JobSubject, QueueError};

impl Broker {
    /// How many jobs no shard of a lane delivers. A consumer is asked for its counters, no job is
    /// read; those that ran out of deliveries a moment ago and wait to be buried count too.
    ///
    /// # Errors
    /// [`QueueError::Timeout`], [`QueueError::NotInitialised`].
    pub async fn misplaced(&self) -> Result<u64, QueueError> {
        // Counted first: a job that comes in between is not taken for a misplaced one.
        let stream = self.stream(JOBS).await?;
        let info = stream.get_info().await.map_err(|error| broker_error("stream JOBS", &error))?;
        let mut delivered = 0;
        for (_, info) in self.shards().await? {
            delivered += info.num_pending + u64::try_from(info.num_ack_pending).unwrap_or(0);
        }
        Ok(info.state.messages.saturating_sub(delivered))
    }

    /// Publishes such jobs again, so that nodes see them, and removes the old copies; returns how
    /// many. What is interrupted leaves a job twice, and one verdict.
    ///
    /// # Errors
    /// [`QueueError::Broker`] when the queue is full, or has no such lane any more: the job stays
    /// where it is. Doing it again goes on.
    pub async fn move_misplaced(&self) -> Result<u64, QueueError> {
        let shards = self.shards().await?;
        let filters: BTreeSet<String> =
            shards.into_iter().map(|(_, info)| info.config.filter_subject).collect();
        let is_delivered = |subject: &str| {
            let shard: Vec<&str> = subject.split('.').take(4).collect();
            filters.contains(&format!("{}.*.*.*", shard.join(".")))
        };
        let mut scan = self.scan(JOBS, ">");
        let mut moved = 0;
        while let Some(kept) = scan.next().await? {
            if is_delivered(&kept.subject) {
                continue;
            }
            self.publish_again(&kept).await?;
            self.delete(JOBS, kept.sequence).await?;
            moved += 1;
        }
        Ok(moved)
    }

    /// Returns when a copy is where nodes look.
    async fn publish_again(&self, kept: &Kept) -> Result<(), QueueError> {
        let subject = published_subject(&kept.subject);
        let mut headers = HeaderMap::new();
        // The server's own would have the copy taken for a repetition of the original.
        for (name, values) in kept.headers.iter() {
            if !name.to_string().starts_with("Nats-") {
                values.iter().for_each(|value| headers.append(name.clone(), value.clone()));
            }
        }
        let published = self.publish(JOBS, subject.clone(), headers, kept.payload.clone()).await?;
        let Published::Limit(reason) = published else { return Ok(()) };
        // Sent again by somebody else, or no room.
        if let Some(JobSubject { judging, .. }) = JobSubject::parse(&subject) {
            let filter = kept_filter(&judging.tenant, &judging.submission, judging.generation);
            let last = self.last_exact(JOBS, &filter).await?;
            if last.is_some_and(|last| last.sequence > kept.sequence) {
                return Ok(());
            }
        }
        Err(QueueError::Broker { operation: format!("moving {subject}"), reason })
    }
}
