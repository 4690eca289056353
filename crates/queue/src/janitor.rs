//! What no node gave an answer for: jobs whose last delivery ran out stay in the stream, invisible
//! to every consumer. The janitor finds them, buries them and removes them.
//!
//! The server announces each one, and the stream ADVISORIES keeps the announcements; a sweep finds
//! those whose announcement was lost. Any number of janitors may run at once.

use std::time::Duration;

use async_nats::jetstream::consumer::{self, pull};
use futures_util::StreamExt;
use serde::Deserialize;

use crate::broker::{broker_error, timeout};
use crate::dead::Remains;
use crate::subject::{ADVISORIES, JANITOR, JOBS, published_subject};
use crate::{Broker, DeadReason, JobSubject, QueueError};

/// The most dead letters one call makes.
const MOST: usize = 256;
/// How long a batch of announcements may take to come: those waiting come at once.
const BATCH_WITHIN: Duration = Duration::from_secs(2);
/// How long each half of a call may take. What it did not reach is found again by the next call.
const LOOK_WITHIN: Duration = Duration::from_secs(30);

#[derive(Deserialize)]
struct Advisory {
    stream_seq: u64,
    deliveries: u64,
}

impl Broker {
    /// Buries the jobs whose last delivery ran out without an answer; returns how many. Call it
    /// every few seconds from any node.
    ///
    /// # Errors
    /// [`QueueError::Timeout`], [`QueueError::NotInitialised`], [`QueueError::StreamFull`]: what
    /// was not buried yet is found again by the next call.
    pub async fn collect_exhausted(&self) -> Result<usize, QueueError> {
        let announced = tokio::time::timeout(LOOK_WITHIN, self.collect_announced()).await;
        // The sweep finds what the announcements did not lead to, whatever became of them.
        let found = tokio::time::timeout(LOOK_WITHIN, self.sweep()).await;
        let late = |_elapsed| Err(timeout("the janitor's look"));
        Ok(announced.unwrap_or_else(late)? + found.unwrap_or_else(late)?)
    }

    async fn collect_announced(&self) -> Result<usize, QueueError> {
        let failed =
            |error: &dyn std::error::Error| broker_error("reading stream ADVISORIES", error);
        let consumer: consumer::Consumer<pull::Config> =
            self.context.get_consumer_from_stream(JANITOR, ADVISORIES).await.map_err(
                |_missing| QueueError::NotInitialised {
                    what: format!("consumer {JANITOR} on stream {ADVISORIES}"),
                },
            )?;
        // Without heartbeat: the client library's batches lose messages with one.
        let batch = consumer.fetch().max_messages(MOST).expires(BATCH_WITHIN).messages();
        let mut batch = batch.await.map_err(|error| failed(&error))?;
        let mut buried = 0;
        while let Some(message) = batch.next().await {
            let message = message.map_err(|error| broker_error("reading ADVISORIES", &*error))?;
            match serde_json::from_slice::<Advisory>(&message.payload) {
                Ok(advisory) => {
                    match self.give_up(advisory.stream_seq, advisory.deliveries).await {
                        Ok(number) => buried += number,
                        // Without an acknowledgement it is announced again.
                        Err(error) => {
                            let sequence = advisory.stream_seq;
                            tracing::warn!(sequence, %error, "a job could not be buried");
                            continue;
                        }
                    }
                }
                Err(error) => tracing::warn!(%error, "an advisory cannot be read"),
            }
            // A lost acknowledgement only means that the job is looked for once more.
            message.ack().await.map_err(|error| broker_error("reading ADVISORIES", &*error))?;
        }
        Ok(buried)
    }

    /// Finds jobs that every consumer has let go of and that are still there.
    async fn sweep(&self) -> Result<usize, QueueError> {
        let stream = self.stream(JOBS).await?;
        let mut consumers = stream.consumers();
        let mut buried = 0;
        while let Some(info) = consumers.next().await {
            let info = info.map_err(|error| broker_error("listing consumers", &error))?;
            // With nothing in judging, everything up to the last delivery was acknowledged or
            // given up; otherwise that is certain only up to the acknowledgement floor.
            let settled = if info.num_ack_pending == 0 {
                info.delivered.stream_sequence
            } else {
                info.ack_floor.stream_sequence
            };
            let mut scan = self.scan(JOBS, info.config.filter_subject.clone());
            while let Some(kept) = scan.next().await? {
                if kept.sequence > settled || buried >= MOST {
                    break;
                }
                let deliveries = u64::try_from(info.config.max_deliver).unwrap_or(0);
                match self.give_up(kept.sequence, deliveries).await {
                    Ok(number) => buried += number,
                    Err(error) => {
                        let sequence = kept.sequence;
                        tracing::warn!(sequence, %error, "a job could not be buried");
                    }
                }
            }
        }
        Ok(buried)
    }

    /// Buries and removes one job; one that is gone, or was judged in the end, costs nothing.
    async fn give_up(&self, sequence: u64, deliveries: u64) -> Result<usize, QueueError> {
        let Some(kept) = self.queued(sequence).await? else { return Ok(0) };
        let subject = published_subject(&kept.subject);
        let remains = Remains {
            subject: &subject,
            headers: &kept.headers,
            body: &kept.payload,
            sequence,
            delivered: u32::try_from(deliveries).unwrap_or(u32::MAX),
        };
        // A subject that names nobody cannot have been judged: it cannot have been read.
        let reason = if JobSubject::parse(&subject).is_some() {
            DeadReason::Exhausted
        } else {
            DeadReason::Undecodable
        };
        let message = format!("delivered {deliveries} times, and no node gave an answer");
        self.lay_to_rest(&remains, reason, &message, None).await?;
        self.delete(JOBS, sequence).await?;
        Ok(1)
    }
}
