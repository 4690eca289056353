//! Walks the messages of a stream in order, one request each: no consumer, no state at the broker.

use crate::reads::Kept;
use crate::{Broker, QueueError};

/// A walk over the messages whose subject fits a filter.
#[derive(Debug)]
pub(crate) struct Scan {
    broker: Broker,
    stream: String,
    filter: String,
    next: u64,
}

impl Broker {
    pub(crate) fn scan(&self, stream: &str, filter: impl Into<String>) -> Scan {
        self.scan_from(stream, filter, 1)
    }

    /// The same from a sequence number on.
    pub(crate) fn scan_from(&self, stream: &str, filter: impl Into<String>, next: u64) -> Scan {
        let (stream, filter) = (stream.to_owned(), filter.into());
        Scan { broker: self.clone(), stream, filter, next }
    }
}

impl Scan {
    /// The next message, or `None` at the end of the stream.
    pub(crate) async fn next(&mut self) -> Result<Option<Kept>, QueueError> {
        let found = self.broker.next_from(&self.stream, &self.filter, self.next).await?;
        if let Some(kept) = &found {
            self.next = kept.sequence + 1;
        }
        Ok(found)
    }
}
