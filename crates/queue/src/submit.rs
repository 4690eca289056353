//! A submission's way in, and where it stands.

use std::time::Duration;

use async_nats::HeaderMap;
use minos_model::{
    Generation, Job, JudgedProblem, Judgement, NodeId, Source, SubmissionId, Tenant, Verdict,
};

use crate::broker::Published;
use crate::control::CANCEL_KEPT;
use crate::subject::{CONTROL, JOBS, RESULTS, kept_filter, published_subject};
use crate::verdicts::read_judgement;
use crate::wire::{CONTENT_TYPE, Form, MAX_SOURCE, decode_job, encode_job};
use crate::{Broker, JobSubject, JudgingId, QueueError, Stored};

/// What became of a submission that was sent.
#[derive(Debug, Clone, PartialEq)]
pub enum Submitted {
    /// It is in the queue, on the broker's disk.
    Stored,
    /// The same submission waits or is being judged already; nothing was added.
    AlreadyQueued,
    /// The same submission was judged already; nothing was added.
    AlreadyJudged(Box<Judgement>),
}

/// Where a submission stands.
#[derive(Debug, Clone, PartialEq)]
pub enum Standing {
    /// The broker has never seen it, or has forgotten it.
    Unknown,
    /// It waits, or is being judged.
    Pending {
        /// The latest judging of it.
        judging: JudgingId,
    },
    /// It is judged.
    Judged(Box<Judgement>),
}

/// What became of a cancellation.
#[derive(Debug, Clone, PartialEq)]
pub enum Cancelled {
    /// The verdict CS is stored; a node that judges it stops.
    Now(Box<Judgement>),
    /// It was judged before.
    AlreadyJudged(Box<Judgement>),
    /// The broker does not know it.
    Unknown,
}

impl Broker {
    /// Sends a submission and waits until the broker has stored it on its disk. The same identity
    /// twice is the same submission.
    ///
    /// After [`QueueError::Timeout`] it is unknown whether it is stored: sending it again is safe.
    ///
    /// # Errors
    /// [`QueueError::QueueFull`] when nothing was stored for lack of room,
    /// [`QueueError::TooLarge`] for a source above the bound, [`QueueError::NotInitialised`] for
    /// a lane or pool that the cluster does not have.
    pub async fn submit(&self, job: &Job) -> Result<Submitted, QueueError> {
        self.submit_as(job, Form::Binary).await
    }

    /// The same in a form of one's choice; the public form cannot carry a source that is not UTF-8.
    ///
    /// # Errors
    /// As [`Broker::submit`].
    pub async fn submit_as(&self, job: &Job, form: Form) -> Result<Submitted, QueueError> {
        let judging = JudgingId::of(&job.submission);
        if let Some(judgement) = self.verdict(&judging).await? {
            return Ok(Submitted::AlreadyJudged(Box::new(judgement)));
        }
        self.submit_new(job, form).await
    }

    /// Sends a submission whose name is new, as any client that publishes it does: with one
    /// message and one answer. A name that is not new is found out for as long as the broker
    /// remembers message ids, or while its job waits; [`Broker::submit`] looks at the verdict too.
    ///
    /// # Errors
    /// As [`Broker::submit`].
    pub async fn submit_new(&self, job: &Job, form: Form) -> Result<Submitted, QueueError> {
        if let Source::Inline(bytes) = &job.submission.source
            && bytes.len() > MAX_SOURCE
        {
            return Err(QueueError::TooLarge {
                what: "the source",
                size: bytes.len().try_into().unwrap_or(u64::MAX),
                max: MAX_SOURCE.try_into().unwrap_or(u64::MAX),
            });
        }
        let body = encode_job(job, form).map_err(|error| QueueError::Broker {
            operation: format!("writing job {}", job.submission.id),
            reason: error.to_string(),
        })?;
        self.enqueue(&JobSubject::of(job), form.content_type(), body).await
    }

    pub(crate) async fn enqueue(
        &self,
        subject: &JobSubject,
        content_type: &str,
        body: Vec<u8>,
    ) -> Result<Submitted, QueueError> {
        let judging = &subject.judging;
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, content_type);
        headers.insert("Nats-Msg-Id", judging.to_string().as_str());
        let reason = match self.publish(JOBS, subject.to_string(), headers, body).await? {
            Published::Stored => return Ok(Submitted::Stored),
            Published::Duplicate => None,
            Published::Limit(reason) => Some(reason),
        };
        // The limit of the subject (it is here already) and that of the stream (there is no room)
        // have the same code. What the subject holds tells them apart. A verdict is stored before
        // its job goes, so looking at the job first and at the verdict then misses nothing.
        if self.last_exact(JOBS, &kept_filter_of(subject)).await?.is_some() {
            return Ok(Submitted::AlreadyQueued);
        }
        if let Some(judgement) = self.verdict_exact(judging).await? {
            return Ok(Submitted::AlreadyJudged(Box::new(judgement)));
        }
        match reason {
            // The id is remembered, the message is not: it was removed by hand a moment ago.
            None => Ok(Submitted::AlreadyQueued),
            Some(reason) => Err(QueueError::QueueFull { subject: subject.to_string(), reason }),
        }
    }

    /// Where a submission stands: its latest judging, or the one of a generation.
    ///
    /// # Errors
    /// [`QueueError::Timeout`], [`QueueError::NotInitialised`].
    pub async fn standing(
        &self,
        tenant: &Tenant,
        submission: &SubmissionId,
        generation: Option<Generation>,
    ) -> Result<Standing, QueueError> {
        let of = generation.map_or_else(|| "*".to_owned(), |generation| generation.to_string());
        let queued = self.subjects(JOBS, &kept_filter(tenant, submission, &of)).await?;
        let judged = self.subjects(RESULTS, &format!("results.{tenant}.{submission}.{of}")).await?;
        let judged = judged.iter().filter_map(|subject| real_generation(subject)).max();
        let queued = queued.iter().filter_map(|subject| real_generation(subject)).max();
        let judging = |generation| JudgingId {
            tenant: tenant.clone(),
            submission: submission.clone(),
            generation,
        };
        // A job that is judged but not acknowledged yet stands in both.
        if let Some(generation) =
            judged.filter(|judged| queued.is_none_or(|queued| *judged >= queued))
            && let Some(judgement) = self.verdict_exact(&judging(generation)).await?
        {
            return Ok(Standing::Judged(Box::new(judgement)));
        }
        Ok(queued.map_or(Standing::Unknown, |generation| Standing::Pending {
            judging: judging(generation),
        }))
    }

    /// The generation after the latest the broker knows of this submission.
    ///
    /// # Errors
    /// [`QueueError::Timeout`], [`QueueError::NotInitialised`].
    pub async fn next_generation(
        &self,
        tenant: &Tenant,
        submission: &SubmissionId,
    ) -> Result<Generation, QueueError> {
        let of = format!("{tenant}.{submission}.*");
        let mut subjects = self.subjects(JOBS, &kept_filter(tenant, submission, "*")).await?;
        subjects.extend(self.subjects(RESULTS, &format!("results.{of}")).await?);
        subjects.extend(
            self.subjects(crate::subject::SUBMISSIONS, &format!("submissions.*.{of}")).await?,
        );
        let latest = subjects.iter().filter_map(|subject| real_generation(subject)).max();
        Ok(latest.map_or(Generation::FIRST, Generation::next))
    }

    /// Cancels a submission that is pending: its verdict becomes CS at once, and since the first
    /// verdict wins, no node can change it. The node that judges it is told to stop.
    ///
    /// # Errors
    /// [`QueueError::Timeout`], [`QueueError::NotInitialised`], [`QueueError::StreamFull`].
    pub async fn cancel(
        &self,
        tenant: &Tenant,
        submission: &SubmissionId,
        operator: &NodeId,
    ) -> Result<Cancelled, QueueError> {
        let judging = match self.standing(tenant, submission, None).await? {
            Standing::Unknown => return Ok(Cancelled::Unknown),
            Standing::Judged(judgement) => return Ok(Cancelled::AlreadyJudged(judgement)),
            Standing::Pending { judging } => judging,
        };
        let (whose, which) = (&judging.tenant, &judging.submission);
        let filter = kept_filter(whose, which, judging.generation);
        let job = self.last_exact(JOBS, &filter).await?.and_then(|kept| {
            decode_job(&published_subject(&kept.subject), kept.header(CONTENT_TYPE), &kept.payload)
                .ok()
        });
        let judgement = without_runs(&judging, job.as_ref(), operator, Verdict::Cancelled);
        let stored = self.store_verdict(&judgement).await?;
        if let Stored::Already(theirs) = stored {
            return Ok(Cancelled::AlreadyJudged(theirs));
        }
        let mut headers = HeaderMap::new();
        headers.insert("Nats-TTL", CANCEL_KEPT);
        let key = format!("$KV.{CONTROL}.cancel.{}.{}", judging.tenant, judging.submission);
        let value = judging.generation.to_string().into_bytes();
        self.publish("KV_CONTROL", key, headers, value).await?;
        Ok(Cancelled::Now(Box::new(judgement)))
    }

    /// The subjects of a stream that fit a filter; the server tells them in pages.
    pub(crate) async fn subjects(
        &self,
        stream: &str,
        filter: &str,
    ) -> Result<Vec<String>, QueueError> {
        #[derive(serde::Deserialize)]
        struct Info {
            state: State,
            #[serde(default)]
            total: usize,
        }
        #[derive(serde::Deserialize)]
        struct State {
            subjects: Option<std::collections::HashMap<String, u64>>,
        }
        let mut found = Vec::new();
        loop {
            let body = serde_json::json!({ "subjects_filter": filter, "offset": found.len() });
            let info: Info = self.api(&format!("STREAM.INFO.{stream}"), &body).await?;
            let page = info.state.subjects.unwrap_or_default();
            let empty = page.is_empty();
            found.extend(page.into_keys());
            if empty || found.len() >= info.total {
                return Ok(found);
            }
        }
    }
}

/// Finds a job in its lane, in whatever shard it is.
fn kept_filter_of(subject: &JobSubject) -> String {
    format!("queue.{}.{}.*.{}", subject.lane, subject.pool, subject.judging)
}

/// The generation a subject ends in, unless it is a trial's.
pub(crate) fn real_generation(subject: &str) -> Option<Generation> {
    let generation: Generation = subject.rsplit('.').next()?.parse().ok()?;
    if generation.is_trial() { None } else { Some(generation) }
}

/// A judgement that rests on no run: JE for what cannot be judged, CS for what was cancelled.
pub(crate) fn without_runs(
    judging: &JudgingId,
    job: Option<&Job>,
    node: &NodeId,
    verdict: Verdict,
) -> Judgement {
    let unknown = "unknown";
    Judgement {
        submission: judging.submission.clone(),
        tenant: judging.tenant.clone(),
        generation: judging.generation,
        problem: JudgedProblem {
            id: job.map_or_else(
                || unknown.parse().expect("`unknown` is an identifier"),
                |job| job.submission.problem.id.clone(),
            ),
            revision: None,
        },
        language: job.map_or_else(
            || unknown.parse().expect("`unknown` is an identifier"),
            |job| job.submission.language.clone(),
        ),
        verdict,
        score: None,
        decided_by: None,
        groups: Vec::new(),
        fault: None,
        compile: None,
        tests: Vec::new(),
        node: node.clone(),
        attempt: 1,
        isolation: None,
    }
}

impl Broker {
    /// The submissions of a tenant that wait or are being judged.
    ///
    /// # Errors
    /// [`QueueError::Timeout`], [`QueueError::NotInitialised`].
    pub async fn pending(&self, tenant: &Tenant) -> Result<Vec<SubmissionId>, QueueError> {
        let subjects = self.subjects(JOBS, &kept_filter(tenant, "*", "*")).await?;
        let name = |subject: &String| subject.rsplit('.').nth(1)?.parse().ok();
        Ok(subjects.iter().filter_map(name).collect())
    }

    /// Waits until a submission is judged, however many generations it takes, for at most
    /// `timeout`; [`Standing::Pending`] when it is not.
    ///
    /// # Errors
    /// [`QueueError::Timeout`], [`QueueError::NotInitialised`].
    pub async fn wait_standing(
        &self,
        tenant: &Tenant,
        submission: &SubmissionId,
        timeout: Duration,
    ) -> Result<Standing, QueueError> {
        let standing = self.standing(tenant, submission, None).await?;
        let Standing::Pending { judging } = standing else { return Ok(standing) };
        Ok(match self.wait_verdict(&judging, timeout).await? {
            Some(judgement) => Standing::Judged(Box::new(judgement)),
            None => Standing::Pending { judging },
        })
    }

    pub(crate) async fn verdict_exact(
        &self,
        judging: &JudgingId,
    ) -> Result<Option<Judgement>, QueueError> {
        let kept = self.last_exact(judging.verdict_stream(), &judging.result_subject()).await?;
        kept.as_ref().map(read_judgement).transpose()
    }
}
