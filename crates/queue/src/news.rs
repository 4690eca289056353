//! Progress as it is told: whoever listens hears of it at once, or not at all.

use futures_util::StreamExt;
use minos_model::{Progress, Tenant};

use crate::broker::broker_error;
use crate::wire::EventV1;
use crate::{Broker, QueueError};

/// Progress of one tenant's submissions, from the moment of asking. What is told while the
/// connection is down is lost.
pub struct ProgressNews {
    events: async_nats::Subscriber,
}

impl std::fmt::Debug for ProgressNews {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ProgressNews").finish_non_exhaustive()
    }
}

impl Broker {
    /// Listens to the progress of a tenant's submissions.
    ///
    /// # Errors
    /// [`QueueError::Broker`] when the connection is closed.
    pub async fn follow_progress(&self, tenant: &Tenant) -> Result<ProgressNews, QueueError> {
        let events = self
            .client
            .subscribe(format!("events.{tenant}.*.*"))
            .await
            .map_err(|error| broker_error("listening to progress", &error))?;
        Ok(ProgressNews { events })
    }
}

impl ProgressNews {
    /// The next news; `None` when the connection was closed. What cannot be read is passed over.
    pub async fn next(&mut self) -> Option<Progress> {
        loop {
            let message = self.events.next().await?;
            let event = serde_json::from_slice::<EventV1>(&message.payload).ok();
            if let Some(progress) = event.and_then(|event| event.into_progress().ok()) {
                return Some(progress);
            }
        }
    }
}
