//! One hand-over of a job, and the right to judge it.

use std::time::{Duration, SystemTime};

use async_nats::HeaderMap;
use minos_model::{Job, Tenant};
use tokio::task::AbortHandle;
use tokio::time::Instant;

use crate::broker::broker_error;
use crate::subject::published_subject;
use crate::wire::{CONTENT_TYPE, Undecodable, decode_job};
use crate::{Broker, JobSubject, QueueError};

/// One hand-over of a job; it may repeat.
///
/// Dropping it without [`Delivery::ack`] or [`Delivery::hand_back`] is safe: the job is delivered
/// again, to whoever asks, when `ack_wait` has passed since the last beat of its lease.
#[derive(Debug)]
pub struct Delivery {
    /// The job, or why it is none.
    pub job: Result<Job, Undecodable>,
    /// The subject it was published on.
    pub subject: String,
    /// The subject's parts, when they are identifiers: present for every job that decodes, and for
    /// many that do not.
    pub address: Option<JobSubject>,
    /// The how-manieth hand-over this is, from 1.
    pub delivered: u32,
    /// How many there are at most; after the last one the janitor makes it a dead letter.
    pub max_deliver: u32,
    /// When the job was stored.
    pub published_at: SystemTime,
    /// Its number in the stream.
    pub sequence: u64,
    pub(crate) headers: HeaderMap,
    pub(crate) payload: Vec<u8>,
    reply: String,
    ack_wait: Duration,
    broker: Broker,
}

impl Delivery {
    /// Reads a message that a consumer delivered; `None` when it is none.
    pub(crate) fn read(
        broker: &Broker,
        message: async_nats::Message,
        ack_wait: Duration,
        max_deliver: u32,
    ) -> Option<Self> {
        let reply = message.reply.as_ref()?.to_string();
        let message = async_nats::jetstream::Message { message, context: broker.context.clone() };
        let (delivered, sequence, nanos) = {
            let info = message.info().ok()?;
            let nanos = info.published.unix_timestamp_nanos();
            (u32::try_from(info.delivered).unwrap_or(u32::MAX), info.stream_sequence, nanos)
        };
        let published_at = SystemTime::UNIX_EPOCH
            .checked_add(Duration::from_nanos(u64::try_from(nanos).unwrap_or(0)))
            .unwrap_or(SystemTime::UNIX_EPOCH);
        let message = message.message;
        let subject = published_subject(&message.subject);
        let headers = message.headers.unwrap_or_default();
        let content_type = headers.get(CONTENT_TYPE).map(async_nats::HeaderValue::as_str);
        let job = decode_job(&subject, content_type, &message.payload);
        Some(Self {
            job,
            address: JobSubject::parse(&subject),
            subject,
            delivered,
            max_deliver,
            published_at,
            sequence,
            payload: message.payload.to_vec(),
            headers,
            reply,
            ack_wait,
            broker: broker.clone(),
        })
    }

    /// Whether this is the last hand-over: whoever fails now should bury the job.
    #[must_use]
    pub const fn is_last(&self) -> bool {
        self.delivered >= self.max_deliver
    }

    /// Whose job it is, when the subject says so.
    #[must_use]
    pub fn tenant(&self) -> Option<&Tenant> {
        self.address.as_ref().map(|address| &address.judging.tenant)
    }

    /// Keeps the delivery ours until the lease is dropped: beats every third of `ack_wait`, from a
    /// task of its own, so that no judging, however long, lets it run out. A beat lost in a
    /// reconnect costs nothing; two remain.
    pub fn lease(&self) -> Lease {
        let (client, reply) = (self.broker.client.clone(), self.reply.clone());
        let period = self.ack_wait / 3;
        let beats = async move {
            // The delivery itself is the first beat.
            let mut ticks = tokio::time::interval_at(Instant::now() + period, period);
            ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
            loop {
                ticks.tick().await;
                if let Err(error) = client.publish(reply.clone(), "+WPI".into()).await {
                    tracing::warn!(%error, "a lease could not beat");
                }
            }
        };
        Lease { task: tokio::runtime::Handle::current().spawn(beats).abort_handle() }
    }

    /// Acknowledges: the job leaves the queue. Only after its verdict is stored. An acknowledgement
    /// that gets lost means one more delivery, which finds the verdict.
    ///
    /// # Errors
    /// [`QueueError::Broker`] when the connection is closed for good.
    pub async fn ack(&self) -> Result<(), QueueError> {
        self.answer("+ACK".to_owned()).await
    }

    /// Gives the job back: it is delivered again after `delay`, anywhere. It counts as a delivery.
    ///
    /// # Errors
    /// [`QueueError::Broker`] when the connection is closed for good.
    pub async fn hand_back(&self, delay: Duration) -> Result<(), QueueError> {
        self.answer(nak(delay)).await
    }

    async fn answer(&self, text: String) -> Result<(), QueueError> {
        self.broker
            .client
            .publish(self.reply.clone(), text.into())
            .await
            .map_err(|error| broker_error("answering a delivery", &error))
    }
}

/// The answer that gives a message back.
pub(crate) fn nak(delay: Duration) -> String {
    if delay.is_zero() {
        return "-NAK".to_owned();
    }
    format!("-NAK {{\"delay\": {}}}", delay.as_nanos())
}

/// The right to judge a delivery, kept alive by beats from its own task. Dropping it ends them.
#[derive(Debug)]
#[must_use = "a lease that is dropped at once keeps nothing"]
pub struct Lease {
    task: AbortHandle,
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.task.abort();
    }
}
