//! Reading a stream without a consumer.

use async_nats::HeaderMap;
use async_nats::jetstream::{self, stream};

use crate::broker::{broker_error, timeout};
use crate::{Broker, QueueError};

/// A message as a stream holds it.
#[derive(Debug, Clone)]
pub(crate) struct Kept {
    pub(crate) subject: String,
    pub(crate) sequence: u64,
    pub(crate) headers: HeaderMap,
    pub(crate) payload: Vec<u8>,
    /// When it was stored, in milliseconds since 1970.
    pub(crate) stored_ms: u64,
}

impl From<jetstream::message::StreamMessage> for Kept {
    fn from(message: jetstream::message::StreamMessage) -> Self {
        Self {
            subject: message.subject.to_string(),
            sequence: message.sequence,
            headers: message.headers,
            payload: message.payload.to_vec(),
            stored_ms: millis(message.time.unix_timestamp_nanos()),
        }
    }
}

/// Milliseconds since 1970 from nanoseconds.
pub(crate) fn millis(nanos: i128) -> u64 {
    u64::try_from(nanos / 1_000_000).unwrap_or(0)
}

impl Kept {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(async_nats::HeaderValue::as_str)
    }
}

impl Broker {
    /// A handle on a stream; asks nothing.
    pub(crate) async fn stream(&self, name: &str) -> Result<stream::Stream<()>, QueueError> {
        self.context
            .get_stream_no_info(name)
            .await
            .map_err(|error| broker_error(&format!("stream {name}"), &error))
    }

    /// The last message on a subject, from any replica: fast, and perhaps a moment old in a
    /// cluster. The subject may have wildcards.
    pub(crate) async fn last(&self, name: &str, subject: &str) -> Result<Option<Kept>, QueueError> {
        let stream = self.stream(name).await?;
        kept(name, stream.direct_get_last_for_subject(subject).await)
    }

    /// The last message on a subject as the stream's leader has it: exact.
    pub(crate) async fn last_exact(
        &self,
        name: &str,
        subject: &str,
    ) -> Result<Option<Kept>, QueueError> {
        let stream = self.stream(name).await?;
        match stream.get_last_raw_message_by_subject(subject).await {
            Ok(message) => Ok(Some(message.into())),
            Err(error) => match error.kind() {
                stream::LastRawMessageErrorKind::NoMessageFound => Ok(None),
                stream::LastRawMessageErrorKind::InvalidSubject
                | stream::LastRawMessageErrorKind::JetStream(_)
                | stream::LastRawMessageErrorKind::Other => {
                    Err(broker_error(&format!("reading {subject} of stream {name}"), &error))
                }
            },
        }
    }

    /// The first message from a sequence number on whose subject fits.
    pub(crate) async fn next_from(
        &self,
        name: &str,
        subject: &str,
        sequence: u64,
    ) -> Result<Option<Kept>, QueueError> {
        let stream = self.stream(name).await?;
        kept(name, stream.direct_get_next_for_subject(subject, Some(sequence)).await)
    }

    /// The message with a sequence number.
    pub(crate) async fn by_sequence(
        &self,
        name: &str,
        sequence: u64,
    ) -> Result<Option<Kept>, QueueError> {
        let stream = self.stream(name).await?;
        kept(name, stream.direct_get(sequence).await)
    }

    /// Removes one message; one that is gone already is as good.
    pub(crate) async fn delete(&self, name: &str, sequence: u64) -> Result<(), QueueError> {
        let stream = self.stream(name).await?;
        match stream.delete_message(sequence).await {
            Ok(_) => Ok(()),
            Err(error) => {
                if self.by_sequence(name, sequence).await?.is_none() {
                    return Ok(());
                }
                Err(broker_error(&format!("deleting message {sequence} of {name}"), &error))
            }
        }
    }
}

fn kept(
    name: &str,
    result: Result<jetstream::message::StreamMessage, stream::DirectGetError>,
) -> Result<Option<Kept>, QueueError> {
    match result {
        Ok(message) => Ok(Some(message.into())),
        Err(error) => match error.kind() {
            stream::DirectGetErrorKind::NotFound => Ok(None),
            stream::DirectGetErrorKind::TimedOut => Err(timeout(&format!("reading stream {name}"))),
            stream::DirectGetErrorKind::Request => {
                Err(QueueError::NotInitialised { what: format!("stream {name}") })
            }
            stream::DirectGetErrorKind::InvalidSubject
            | stream::DirectGetErrorKind::ErrorResponse(..)
            | stream::DirectGetErrorKind::Other => {
                Err(broker_error(&format!("reading stream {name}"), &error))
            }
        },
    }
}
