//! Dead letters: what could not be judged, kept with its reason until somebody has looked at it.

use std::fmt;
use std::str::FromStr;

use async_nats::HeaderMap;
use minos_model::{Fault, Generation, Job, NodeId, SubmissionId, Tenant, Verdict};

use crate::broker::Published;
use crate::reads::Kept;
use crate::subject::{DEAD, JOBS};
use crate::submit::without_runs;
use crate::wire::{CONTENT_TYPE, JSON, decode_job};
use crate::{Broker, Delivery, JobSubject, QueueError, Stored, Submitted};

const HEADER_MESSAGE: &str = "Minos-Message";
const HEADER_SUBJECT: &str = "Minos-Subject";
const HEADER_NODE: &str = "Minos-Node";
const HEADER_DELIVERED: &str = "Minos-Delivered";
/// The longest message kept with a dead letter, in characters.
const MAX_MESSAGE: usize = 500;

/// Why a job could not be judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DeadReason {
    /// Its message cannot be read.
    Undecodable,
    /// Its problem was never pushed.
    UnknownProblem,
    /// No node has its language.
    UnknownLanguage,
    /// Its problem's package is unusable.
    Package,
    /// Its problem's checker or interactor fails.
    Checker,
    /// Every delivery ended in a fault of a node or without an answer.
    Exhausted,
}

impl DeadReason {
    /// Every reason.
    pub const ALL: [Self; 6] = [
        Self::Undecodable,
        Self::UnknownProblem,
        Self::UnknownLanguage,
        Self::Package,
        Self::Checker,
        Self::Exhausted,
    ];

    /// The name in subjects, lists and metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Undecodable => "undecodable",
            Self::UnknownProblem => "unknown-problem",
            Self::UnknownLanguage => "unknown-language",
            Self::Package => "package",
            Self::Checker => "checker",
            Self::Exhausted => "exhausted",
        }
    }

    /// Whose fault the verdict JE names.
    #[must_use]
    pub const fn fault(self) -> Fault {
        match self {
            Self::Undecodable => Fault::Broker,
            Self::UnknownProblem | Self::Package => Fault::Package,
            Self::Checker => Fault::Checker,
            Self::UnknownLanguage | Self::Exhausted => Fault::Node,
        }
    }
}

impl fmt::Display for DeadReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for DeadReason {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|reason| reason.as_str() == text);
        found.ok_or_else(|| format!("`{text}` is no reason of a dead letter"))
    }
}

/// A dead letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetter {
    /// Its number, by which it is shown, retried and dropped.
    pub number: u64,
    /// Why it is here.
    pub reason: DeadReason,
    /// One line about it.
    pub message: String,
    /// The subject it came on.
    pub subject: String,
    /// Where it waited and what it is a judging of, when its subject says so.
    pub address: Option<JobSubject>,
    /// The node that gave it up; `None` for the janitor.
    pub node: Option<String>,
    /// How often it had been delivered.
    pub delivered: u32,
    /// When it came here, in milliseconds since 1970.
    pub buried_ms: u64,
    /// The form of its body.
    pub content_type: Option<String>,
    /// Its body as it was sent.
    pub body: Vec<u8>,
}

impl DeadLetter {
    /// The job in it, when it can be read.
    #[must_use]
    pub fn job(&self) -> Option<Job> {
        decode_job(&self.subject, self.content_type.as_deref(), &self.body).ok()
    }
}

/// What is buried: a delivery, or a message the janitor found.
pub(crate) struct Remains<'a> {
    pub(crate) subject: &'a str,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) body: &'a [u8],
    pub(crate) sequence: u64,
    pub(crate) delivered: u32,
}

impl Broker {
    /// Buries a job that cannot be judged: a dead letter with its reason, the verdict JE when its
    /// subject names a submission, then the acknowledgement. A job that has a verdict already is
    /// only acknowledged.
    ///
    /// Returns whose verdict counts, when there is somebody to answer.
    ///
    /// # Errors
    /// [`QueueError::StreamFull`], [`QueueError::Timeout`], [`QueueError::NotInitialised`]: the
    /// job stays in the queue; doing it again is safe.
    pub async fn bury(
        &self,
        delivery: &Delivery,
        reason: DeadReason,
        message: &str,
        node: &NodeId,
    ) -> Result<Option<Stored>, QueueError> {
        let remains = Remains {
            subject: &delivery.subject,
            headers: &delivery.headers,
            body: &delivery.payload,
            sequence: delivery.sequence,
            delivered: delivery.delivered,
        };
        let stored = self.lay_to_rest(&remains, reason, message, Some(node)).await?;
        delivery.ack().await?;
        Ok(stored)
    }

    pub(crate) async fn lay_to_rest(
        &self,
        remains: &Remains<'_>,
        reason: DeadReason,
        message: &str,
        node: Option<&NodeId>,
    ) -> Result<Option<Stored>, QueueError> {
        let address = JobSubject::parse(remains.subject);
        if let Some(address) = &address
            && let Some(theirs) = self.verdict_exact(&address.judging).await?
        {
            return Ok(Some(Stored::Already(Box::new(theirs))));
        }
        let message: String =
            message.chars().filter(|c| !c.is_control()).take(MAX_MESSAGE).collect();
        let mut headers = HeaderMap::new();
        headers.insert("Nats-Msg-Id", format!("dlq-{}", remains.sequence).as_str());
        headers.insert(HEADER_MESSAGE, message.as_str());
        headers.insert(HEADER_SUBJECT, remains.subject);
        headers.insert(HEADER_DELIVERED, remains.delivered.to_string().as_str());
        if let Some(node) = node {
            headers.insert(HEADER_NODE, node.as_str());
        }
        if let Some(content_type) = remains.headers.get(CONTENT_TYPE) {
            headers.insert(CONTENT_TYPE, content_type.as_str());
        }
        let whose = address.as_ref().map_or_else(
            || "unknown.unknown".to_owned(),
            |address| format!("{}.{}", address.judging.tenant, address.judging.submission),
        );
        let subject = format!("dlq.{reason}.{whose}");
        match self.publish(DEAD, subject.clone(), headers, remains.body.to_vec()).await? {
            Published::Stored | Published::Duplicate => {}
            Published::Limit(reason) => {
                return Err(QueueError::StreamFull { stream: DEAD, subject, reason });
            }
        }
        let Some(address) = address else { return Ok(None) };
        let content_type = remains.headers.get(CONTENT_TYPE).map(async_nats::HeaderValue::as_str);
        let job = decode_job(remains.subject, content_type, remains.body).ok();
        let janitor = "janitor".parse().expect("`janitor` is an identifier");
        let node = node.unwrap_or(&janitor);
        let mut judgement = without_runs(&address.judging, job.as_ref(), node, Verdict::JudgeError);
        judgement.fault = Some((reason.fault(), message));
        judgement.attempt = remains.delivered.max(1);
        self.store_verdict(&judgement).await.map(Some)
    }

    /// All dead letters, oldest first, at most `most`.
    ///
    /// # Errors
    /// [`QueueError::Timeout`], [`QueueError::NotInitialised`].
    pub async fn dead_letters(&self, most: usize) -> Result<Vec<DeadLetter>, QueueError> {
        let mut scan = self.scan(DEAD, "dlq.*.*.*");
        let mut letters = Vec::new();
        while letters.len() < most {
            let Some(kept) = scan.next().await? else { break };
            letters.extend(read(kept));
        }
        Ok(letters)
    }

    /// One dead letter.
    ///
    /// # Errors
    /// [`QueueError::NoDeadLetter`].
    pub async fn dead_letter(&self, number: u64) -> Result<DeadLetter, QueueError> {
        let kept = self.by_sequence(DEAD, number).await?;
        kept.and_then(read).ok_or(QueueError::NoDeadLetter(number))
    }

    /// Sends a dead letter's job again, as a new generation in the lane it came from, and removes
    /// the letter. Returns the generation.
    ///
    /// # Errors
    /// [`QueueError::NoDeadLetter`], [`QueueError::NotRetryable`], and those of [`Broker::submit`].
    pub async fn retry_dead(
        &self,
        number: u64,
    ) -> Result<(Tenant, SubmissionId, Generation), QueueError> {
        let letter = self.dead_letter(number).await?;
        let refused = |reason: &str| QueueError::NotRetryable { number, reason: reason.to_owned() };
        let Some(mut address) = letter.address else {
            return Err(refused("its subject names no submission"));
        };
        if address.judging.generation.is_trial() {
            return Err(refused(
                "it is a trial of a rejudge: `minos rejudge` again makes a new one",
            ));
        }
        let judging = &mut address.judging;
        let generation = self.next_generation(&judging.tenant, &judging.submission).await?;
        judging.generation = generation;
        let content_type = letter.content_type.as_deref().unwrap_or(JSON);
        match self.enqueue(&address, content_type, letter.body).await? {
            Submitted::Stored | Submitted::AlreadyQueued => {}
            Submitted::AlreadyJudged(_) => {
                return Err(refused("its new generation was judged a moment ago"));
            }
        }
        self.drop_dead(number).await?;
        let judging = address.judging;
        Ok((judging.tenant, judging.submission, generation))
    }

    /// Removes a dead letter; its verdict stays.
    ///
    /// # Errors
    /// [`QueueError::NoDeadLetter`].
    pub async fn drop_dead(&self, number: u64) -> Result<(), QueueError> {
        if self.by_sequence(DEAD, number).await?.is_none() {
            return Err(QueueError::NoDeadLetter(number));
        }
        self.delete(DEAD, number).await
    }

    /// A message of the work queue, by its number.
    pub(crate) async fn queued(&self, sequence: u64) -> Result<Option<Kept>, QueueError> {
        self.by_sequence(JOBS, sequence).await
    }
}

fn read(kept: Kept) -> Option<DeadLetter> {
    let reason = kept.subject.split('.').nth(1)?.parse().ok()?;
    let text = |name: &str| kept.header(name).map(str::to_owned);
    let subject = text(HEADER_SUBJECT).unwrap_or_default();
    Some(DeadLetter {
        number: kept.sequence,
        reason,
        message: text(HEADER_MESSAGE).unwrap_or_default(),
        address: JobSubject::parse(&subject),
        subject,
        node: text(HEADER_NODE),
        delivered: text(HEADER_DELIVERED).and_then(|text| text.parse().ok()).unwrap_or(0),
        buried_ms: kept.stored_ms,
        content_type: text(CONTENT_TYPE),
        body: kept.payload,
    })
}
