//! Verdicts: stored once per judging, whoever publishes, however often.

use std::time::Duration;

use async_nats::HeaderMap;
use async_nats::jetstream::consumer::{DeliverPolicy, pull};
use futures_util::StreamExt;
use minos_model::{Judgement, Progress, Tenant};
use tokio::time::Instant;

use crate::broker::{Published, broker_error};
use crate::reads::Kept;
use crate::subject::{EVENTS, RESULTS};
use crate::wire::{CONTENT_TYPE, EventV1, JSON, JudgementV1, MAX_JUDGEMENT, to_json};
use crate::{Broker, JudgingId, QueueError};

/// How often a waiter looks again when nothing told it to, in case the news was lost.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// How soon it looks again after the news: a verdict is announced a moment before it is stored.
const SETTLE: Duration = Duration::from_millis(5);

/// Whose verdict counts.
#[derive(Debug, Clone, PartialEq)]
pub enum Stored {
    /// Ours: it is on the broker's disk.
    First,
    /// Another one's, stored before; ours was not needed.
    Already(Box<Judgement>),
}

/// Verdicts as they are stored, in order.
pub struct Verdicts {
    messages: pull::Ordered,
}

impl std::fmt::Debug for Verdicts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Verdicts").finish_non_exhaustive()
    }
}

impl Broker {
    /// Stores a verdict; the first one of a judging wins. Returns when it is on the broker's disk,
    /// or when another one is. Only then may the job be acknowledged.
    ///
    /// # Errors
    /// [`QueueError::StreamFull`]: there is no room; hold the job, do not acknowledge it.
    /// [`QueueError::Timeout`]: unknown; doing it again is safe.
    pub async fn store_verdict(&self, judgement: &Judgement) -> Result<Stored, QueueError> {
        // One id per attempt: sending ours again is ours, another attempt's is another's.
        let judging = JudgingId::of_judgement(judgement);
        let id = format!("{judging}.{}.{}", judgement.node, judgement.attempt);
        let mut headers = HeaderMap::new();
        headers.insert("Nats-Msg-Id", id.as_str());
        self.store_with(judgement, headers).await
    }

    pub(crate) async fn store_with(
        &self,
        judgement: &Judgement,
        mut headers: HeaderMap,
    ) -> Result<Stored, QueueError> {
        let judging = JudgingId::of_judgement(judgement);
        let (stream, subject) = (judging.verdict_stream(), judging.result_subject());
        headers.insert(CONTENT_TYPE, JSON);
        let wire = JudgementV1::from(judgement);
        match self.publish(stream, subject.clone(), headers, wire.to_bytes()).await? {
            Published::Stored | Published::Duplicate => Ok(Stored::First),
            // The same code for "judged already" and "no room": only the subject tells.
            Published::Limit(reason) => match self.verdict_exact(&judging).await? {
                Some(theirs) => Ok(Stored::Already(Box::new(theirs))),
                None => Err(QueueError::StreamFull { stream, subject, reason }),
            },
        }
    }

    /// Whether one more verdict of any size would be stored.
    ///
    /// # Errors
    /// [`QueueError::Timeout`], [`QueueError::NotInitialised`].
    pub async fn room_for_verdicts(&self) -> Result<bool, QueueError> {
        #[derive(serde::Deserialize)]
        struct Info {
            config: Bounds,
            state: Used,
        }
        #[derive(serde::Deserialize)]
        struct Bounds {
            max_bytes: i64,
            max_msgs: i64,
        }
        #[derive(serde::Deserialize)]
        struct Used {
            bytes: u64,
            messages: u64,
        }
        let Info { config, state } =
            self.api(&format!("STREAM.INFO.{RESULTS}"), &serde_json::Value::Null).await?;
        // Below one the stream has no such bound.
        let bound = |most: i64| u64::try_from(most).ok().filter(|most| *most > 0);
        let more = u64::try_from(MAX_JUDGEMENT).unwrap_or(u64::MAX);
        let bytes = bound(config.max_bytes).is_none_or(|most| state.bytes + more <= most);
        Ok(bytes && bound(config.max_msgs).is_none_or(|most| state.messages < most))
    }

    /// The verdict of a judging, if there is one.
    ///
    /// # Errors
    /// [`QueueError::Timeout`], [`QueueError::NotInitialised`].
    pub async fn verdict(&self, judging: &JudgingId) -> Result<Option<Judgement>, QueueError> {
        let kept = self.last(judging.verdict_stream(), &judging.result_subject()).await?;
        kept.as_ref().map(read_judgement).transpose()
    }

    /// Waits for the verdict of a judging; `None` when there is none within `timeout`.
    ///
    /// # Errors
    /// [`QueueError::NotInitialised`]; a broker that is away is waited for.
    pub async fn wait_verdict(
        &self,
        judging: &JudgingId,
        timeout: Duration,
    ) -> Result<Option<Judgement>, QueueError> {
        let deadline = Instant::now() + timeout;
        // Subscribed before the first look, so that nothing falls between. What is announced is
        // not what is stored: a second verdict is announced too, and then refused. So the stream
        // is read each time.
        let mut news = self
            .client
            .subscribe(judging.result_subject())
            .await
            .map_err(|error| broker_error("waiting for a verdict", &error))?;
        let mut pause = LOOK_AGAIN;
        loop {
            match self.verdict_exact(judging).await {
                Ok(Some(judgement)) => return Ok(Some(judgement)),
                Ok(None) => {}
                Err(error) if error.is_passing() => pause = LOOK_AGAIN,
                Err(error) => return Err(error),
            }
            let now = Instant::now();
            if now >= deadline {
                return Ok(None);
            }
            let heard = tokio::time::timeout_at(deadline.min(now + pause), news.next()).await;
            pause = match heard {
                Ok(Some(_announced)) => SETTLE,
                Ok(None) | Err(_) => LOOK_AGAIN.min(pause * 4),
            };
        }
    }

    /// Every verdict that is stored from now on, or all there are and then those to come, of one
    /// tenant or of all.
    ///
    /// # Errors
    /// [`QueueError::Broker`] when the broker has no stream of verdicts.
    pub async fn verdicts(
        &self,
        tenant: Option<&Tenant>,
        from_the_beginning: bool,
    ) -> Result<Verdicts, QueueError> {
        let failed =
            |error: &dyn std::error::Error| broker_error("following stream RESULTS", error);
        let tenant = tenant.map_or("*", Tenant::as_str);
        let config = pull::OrderedConfig {
            filter_subject: format!("results.{tenant}.*.*"),
            deliver_policy: if from_the_beginning {
                DeliverPolicy::All
            } else {
                DeliverPolicy::New
            },
            ..pull::OrderedConfig::default()
        };
        let stream = self.stream(RESULTS).await?;
        let consumer = stream.create_consumer(config).await.map_err(|error| failed(&error))?;
        let messages = consumer.messages().await.map_err(|error| failed(&error))?;
        Ok(Verdicts { messages })
    }

    /// Tells whoever listens how far a judging has come. It is not waited for and may be lost.
    pub async fn progress(&self, progress: &Progress) {
        // A trial is nobody's news.
        if progress.generation.is_trial() {
            return;
        }
        let judging = JudgingId {
            tenant: progress.tenant.clone(),
            submission: progress.submission.clone(),
            generation: progress.generation,
        };
        let body = to_json(&EventV1::from(progress));
        if let Err(error) = self.client.publish(judging.event_subject(), body.into()).await {
            tracing::debug!(%error, "progress was lost");
        }
    }

    /// How far a judging has come, as last told.
    ///
    /// # Errors
    /// [`QueueError::Timeout`], [`QueueError::NotInitialised`].
    pub async fn last_progress(&self, judging: &JudgingId) -> Result<Option<Progress>, QueueError> {
        let kept = self.last(EVENTS, &judging.event_subject()).await?;
        let event = kept.and_then(|kept| serde_json::from_slice::<EventV1>(&kept.payload).ok());
        Ok(event.and_then(|event| event.into_progress().ok()))
    }
}

impl Verdicts {
    /// The next verdict; waits for it without end.
    ///
    /// # Errors
    /// [`QueueError::Broker`]; the walk goes on where it was with the next call.
    ///
    /// # Cancel safety
    /// Dropping the future loses nothing.
    pub async fn next(&mut self) -> Result<Judgement, QueueError> {
        loop {
            match self.messages.next().await {
                Some(Ok(message)) => {
                    let wire = serde_json::from_slice::<JudgementV1>(&message.payload).ok();
                    if let Some(judgement) = wire.and_then(|wire| wire.into_judgement().ok()) {
                        return Ok(judgement);
                    }
                    // What is wrong with it may quote what a program said.
                    let subject = message.subject.as_str();
                    tracing::warn!(subject, "a stored verdict cannot be read");
                }
                Some(Err(error)) => return Err(broker_error("following stream RESULTS", &error)),
                None => {
                    return Err(QueueError::NotInitialised { what: "stream RESULTS".to_owned() });
                }
            }
        }
    }
}

/// Reads a stored verdict.
pub(crate) fn read_judgement(kept: &Kept) -> Result<Judgement, QueueError> {
    let damaged = |reason: String| QueueError::Damaged { what: kept.subject.clone(), reason };
    let wire: JudgementV1 =
        serde_json::from_slice(&kept.payload).map_err(|error| damaged(error.to_string()))?;
    wire.into_judgement().map_err(|error| damaged(error.to_string()))
}
