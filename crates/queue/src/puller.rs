//! The pulls themselves: raw requests for one message each.
//!
//! The client library's batches lose a message when they are combined with heartbeats, and its
//! multiplexed requests cannot carry a delivery (its subject is the job's, not the inbox's), so
//! each slot's turn through the lanes has an inbox and a task of its own.

use std::time::Duration;

use async_nats::{Message, StatusCode, Subscriber};
use futures_util::StreamExt;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use crate::broker::{broker_error, timeout};
use crate::delivery::nak;
use crate::subject::JOBS;
use crate::{Broker, QueueError};

/// How long the broker may take to say that a lane is empty.
const ANSWER_WITHIN: Duration = Duration::from_secs(2);

/// One message, or the word that there is none.
const NOW: &str = "{\"batch\":1,\"no_wait\":true}";

/// A pull, and where its answer goes.
pub(crate) struct Pull {
    pub(crate) next: String,
    pub(crate) answer: oneshot::Sender<Result<Option<Message>, QueueError>>,
}

/// The task behind a rotation: one pull at a time, every delivery either taken or handed back.
pub(crate) struct Puller {
    broker: Broker,
    inbox: String,
    subscriber: Subscriber,
    pulls: u64,
}

/// A pull that was sent and not answered yet.
struct Outstanding {
    /// Where its status comes to.
    subject: String,
    next: String,
    deadline: Instant,
    answer: oneshot::Sender<Result<Option<Message>, QueueError>>,
}

impl Puller {
    /// Subscribes to an inbox of its own.
    pub(crate) async fn new(broker: &Broker) -> Result<Self, QueueError> {
        let inbox = broker.client.new_inbox();
        let subscriber = broker
            .client
            .subscribe(format!("{inbox}.*"))
            .await
            .map_err(|error| broker_error("subscribing to an inbox", &error))?;
        Ok(Self { broker: broker.clone(), inbox, subscriber, pulls: 0 })
    }

    /// Under which subject everything that is meant for it comes.
    pub(crate) fn inbox(&self) -> &str {
        &self.inbox
    }

    /// Works until the commands end and the last pull has been answered.
    pub(crate) async fn run(mut self, mut commands: mpsc::Receiver<Pull>) {
        let mut outstanding: Option<Outstanding> = None;
        let mut open = true;
        while open || outstanding.is_some() {
            let deadline = outstanding.as_ref().map(|pull| pull.deadline);
            tokio::select! {
                command = commands.recv(), if open && outstanding.is_none() => match command {
                    Some(pull) => outstanding = self.send(pull).await,
                    None => open = false,
                },
                message = self.subscriber.next() => match message {
                    Some(message) => self.receive(message, &mut outstanding).await,
                    None => return,
                },
                () = until(deadline) => {
                    if let Some(pull) = outstanding.take() {
                        // The slot may have gone; then nobody needs to know.
                        drop(pull.answer.send(Err(timeout("a pull"))));
                    }
                }
            }
        }
    }

    async fn send(&mut self, pull: Pull) -> Option<Outstanding> {
        self.pulls += 1;
        let subject = format!("{}.{}", self.inbox, self.pulls);
        let client = &self.broker.client;
        let sent = client.publish_with_reply(pull.next.clone(), subject.clone(), NOW.into()).await;
        if let Err(error) = sent {
            drop(pull.answer.send(Err(broker_error("a pull", &error))));
            return None;
        }
        let deadline = Instant::now() + ANSWER_WITHIN;
        Some(Outstanding { subject, next: pull.next, deadline, answer: pull.answer })
    }

    async fn receive(&self, message: Message, outstanding: &mut Option<Outstanding>) {
        if message.subject.starts_with(&self.inbox) {
            // A status. That of an older pull, answered late, says nothing about this one.
            let current = outstanding.as_ref().map(|pull| pull.subject.as_str());
            if current == Some(message.subject.as_str())
                && let Some(pull) = outstanding.take()
            {
                drop(pull.answer.send(status(&message, &pull.next)));
            }
            return;
        }
        let unwanted = match outstanding.take() {
            Some(pull) => match pull.answer.send(Ok(Some(message))) {
                Ok(()) => None,
                Err(Ok(message)) => message,
                Err(Err(_error)) => None,
            },
            None => Some(message),
        };
        if let Some(reply) = unwanted.and_then(|message| message.reply) {
            let answer = nak(Duration::ZERO).into();
            if let Err(error) = self.broker.client.publish(reply, answer).await {
                tracing::warn!(%error, "a delivery nobody waits for could not be handed back");
            }
        }
    }
}

async fn until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}

/// What a status means: the lane is empty, or as many jobs are in judging as it allows, or its
/// consumer is gone.
fn status(message: &Message, next: &str) -> Result<Option<Message>, QueueError> {
    match message.status {
        Some(StatusCode::NO_RESPONDERS) => {
            let consumer = next.rsplit('.').next().unwrap_or_default();
            let what = format!("consumer {consumer} on stream {JOBS}");
            Err(QueueError::NotInitialised { what })
        }
        Some(StatusCode::NOT_FOUND | StatusCode::TIMEOUT) | None => Ok(None),
        Some(code) => {
            let description = message.description.as_deref().unwrap_or_default();
            tracing::debug!(%code, description, "a pull was not served");
            Ok(None)
        }
    }
}
