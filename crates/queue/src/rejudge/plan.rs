//! The first half of a rejudge: every submission of its scope into the queue, once.

use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use minos_model::{Job, Lane, ProblemRef, Verdict};

use super::{AT_ONCE, Rejudge};
use crate::archive::{FROM, read};
use crate::reads::Kept;
use crate::subject::{JOBS, SUBMISSIONS, kept_filter};
use crate::submit::real_generation;
use crate::wire::{CONTENT_TYPE, Form, encode_job};
use crate::{Broker, JobSubject, QueueError, Submitted};

/// Between two attempts while the queue is full.
const QUEUE_FULL_PAUSE: Duration = Duration::from_secs(1);

/// How many submissions a rejudge found, by what became of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Plan {
    /// Judged again.
    pub tried: u64,
    /// They wait for their verdict and are left alone.
    pub pending: u64,
    /// They were cancelled and stay so.
    pub cancelled: u64,
    /// Their archived copy cannot be read.
    pub unreadable: u64,
}

/// What became of one archived job.
enum Found {
    Tried,
    Pending,
    Cancelled,
    Unreadable,
    /// Not of this scope, or a later copy of it follows.
    Other,
}

impl Plan {
    const fn count(&mut self, found: &Found) {
        match found {
            Found::Tried => self.tried += 1,
            Found::Pending => self.pending += 1,
            Found::Cancelled => self.cancelled += 1,
            Found::Unreadable => self.unreadable += 1,
            Found::Other => {}
        }
    }
}

impl Broker {
    /// Sends every submission of the scope to the lane, to be tried; one that was sent or judged
    /// under this rejudge before is not sent again. Waits while the queue is full.
    ///
    /// # Errors
    /// [`QueueError::Timeout`], [`QueueError::NotInitialised`]: doing it again is safe.
    pub async fn plan_rejudge(
        &self,
        rejudge: &Rejudge,
        lane: &Lane,
        mut told: impl FnMut(&Plan),
    ) -> Result<Plan, QueueError> {
        let scope = &rejudge.scope;
        let tenant = scope.tenant.as_ref().map_or("*", |tenant| tenant.as_str());
        let submission = scope.submission.as_ref().map_or("*", |one| one.as_str());
        let filter = format!("submissions.{}.{tenant}.{submission}.*", scope.problem);
        let mut scan = self.scan(SUBMISSIONS, filter);
        let mut plan = Plan::default();
        let mut under_way = FuturesUnordered::new();
        let mut more = true;
        while more || !under_way.is_empty() {
            while more && under_way.len() < AT_ONCE {
                match scan.next().await? {
                    Some(kept) => under_way.push(self.plan_one(rejudge, lane, kept)),
                    None => more = false,
                }
            }
            if let Some(found) = under_way.next().await {
                plan.count(&found?);
                told(&plan);
            }
        }
        Ok(plan)
    }

    async fn plan_one(
        &self,
        rejudge: &Rejudge,
        lane: &Lane,
        kept: Kept,
    ) -> Result<Found, QueueError> {
        let scope = &rejudge.scope;
        let Some(judging) = kept.header(FROM).and_then(JobSubject::parse).map(|from| from.judging)
        else {
            return Ok(Found::Unreadable);
        };
        let (tenant, submission) = (&judging.tenant, &judging.submission);
        // One copy for each generation lies in the archive; the last one speaks for all.
        let copies = format!("submissions.{}.{tenant}.{submission}.*", scope.problem);
        let last = self.last(SUBMISSIONS, &copies).await?;
        if last.is_some_and(|last| last.sequence > kept.sequence) {
            return Ok(Found::Other);
        }
        let Some(job) = read(&kept) else { return Ok(Found::Unreadable) };
        if scope.language.as_ref().is_some_and(|wanted| *wanted != job.submission.language) {
            return Ok(Found::Other);
        }
        let old = self.counting(tenant, submission, rejudge.number).await?;
        if old.is_none() {
            let queued = self.subjects(JOBS, &kept_filter(tenant, submission, "*")).await?;
            if queued.iter().any(|subject| real_generation(subject).is_some()) {
                return Ok(Found::Pending);
            }
        }
        if scope.verdict.is_some() && scope.verdict != old {
            return Ok(Found::Other);
        }
        if old == Some(Verdict::Cancelled) {
            return Ok(Found::Cancelled);
        }
        self.send_trial(rejudge, lane, job).await?;
        Ok(Found::Tried)
    }

    async fn send_trial(
        &self,
        rejudge: &Rejudge,
        lane: &Lane,
        mut job: Job,
    ) -> Result<(), QueueError> {
        job.submission.generation = rejudge.generation();
        job.submission.problem = ProblemRef {
            id: rejudge.scope.problem.clone(),
            revision: Some(rejudge.scope.revision.to_string()),
        };
        job.lane = lane.clone();
        let body = encode_job(&job, Form::Binary).map_err(|error| QueueError::Broker {
            operation: format!("writing job {}", job.submission.id),
            reason: error.to_string(),
        })?;
        let subject = JobSubject::of(&job);
        loop {
            let sent = self.enqueue(&subject, Form::Binary.content_type(), body.clone()).await;
            match sent {
                Ok(Submitted::Stored | Submitted::AlreadyQueued | Submitted::AlreadyJudged(_)) => {
                    return Ok(());
                }
                Err(QueueError::QueueFull { .. }) => tokio::time::sleep(QUEUE_FULL_PAUSE).await,
                Err(error) => return Err(error),
            }
        }
    }

    /// Copies the archived job of a submission under a generation that has its verdict, so that
    /// the generation is known for as long as the submission is.
    pub(super) async fn archive_again(
        &self,
        rejudge: &Rejudge,
        judging: &crate::JudgingId,
    ) -> Result<(), QueueError> {
        let problem = &rejudge.scope.problem;
        let copies = format!("submissions.{problem}.{}.{}.*", judging.tenant, judging.submission);
        let Some(kept) = self.last(SUBMISSIONS, &copies).await? else { return Ok(()) };
        let subject = judging.archive_subject(problem);
        let from = kept.header(FROM).and_then(JobSubject::parse);
        let Some(from) = from.filter(|_| kept.subject != subject) else { return Ok(()) };
        let mut headers = async_nats::HeaderMap::new();
        if let Some(content_type) = kept.header(CONTENT_TYPE) {
            headers.insert(CONTENT_TYPE, content_type);
        }
        let from = JobSubject { judging: judging.clone(), ..from };
        headers.insert(FROM, from.to_string().as_str());
        self.publish(SUBMISSIONS, subject, headers, kept.payload).await.map(drop)
    }
}
