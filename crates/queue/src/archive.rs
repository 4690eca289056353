//! SUBMISSIONS: what was judged, for `rejudge`.
//!
//! The slot archives a job while it judges it, with one publish that replaces an earlier copy of
//! the same judging. A job that was never archived is still judged.
//!
//! Two cheaper ways were measured and not taken. A stream that is written behind (`persist_mode:
//! async`) lost 3 to 18 of 300 acknowledged copies in each of six kills with -9; this one lost none.
//! A stream that the server fills from the work queue is written as often to the same disk, cannot
//! have the problem in its subjects, so that each rejudge would read everything, and may miss a job
//! that is acknowledged while the server comes back. What the copy costs, judging replaced by
//! nothing and every message on the disk before it is acknowledged: 1,520 jobs a second without it,
//! 890 with it, and nothing that a box would notice.

use async_nats::HeaderMap;
use minos_model::{Job, ProblemId};

use crate::broker::Published;
use crate::reads::Kept;
use crate::scan::Scan;
use crate::subject::SUBMISSIONS;
use crate::wire::{CONTENT_TYPE, decode_job};
use crate::{Broker, Delivery, QueueError};

/// Under which header an archived job keeps the subject it was delivered on.
pub(crate) const FROM: &str = "Minos-Subject";

/// A walk over archived jobs, oldest first; a rejudged one comes once per generation.
#[derive(Debug)]
pub struct Archived {
    scan: Scan,
}

impl Broker {
    /// Keeps a copy of a job for rejudging. Doing it again replaces it by the same.
    ///
    /// # Errors
    /// [`QueueError::Timeout`], [`QueueError::NotInitialised`]; judge the job all the same.
    pub async fn archive(&self, delivery: &Delivery) -> Result<(), QueueError> {
        let (Ok(job), Some(address)) = (&delivery.job, &delivery.address) else { return Ok(()) };
        // A trial is made from the archive; a copy of it would be rejudged as one more submission.
        if address.judging.generation.is_trial() {
            return Ok(());
        }
        let mut headers = HeaderMap::new();
        if let Some(content_type) = delivery.headers.get(CONTENT_TYPE) {
            headers.insert(CONTENT_TYPE, content_type.as_str());
        }
        headers.insert(FROM, delivery.subject.as_str());
        let subject = address.judging.archive_subject(&job.submission.problem.id);
        let published =
            self.publish(SUBMISSIONS, subject.clone(), headers, delivery.payload.clone()).await?;
        match published {
            Published::Stored | Published::Duplicate => Ok(()),
            Published::Limit(reason) => {
                Err(QueueError::StreamFull { stream: SUBMISSIONS, subject, reason })
            }
        }
    }

    /// The archived jobs of a problem, or of all.
    #[must_use]
    pub fn archived(&self, problem: Option<&ProblemId>) -> Archived {
        let problem = problem.map_or("*", ProblemId::as_str);
        Archived { scan: self.scan(SUBMISSIONS, format!("submissions.{problem}.*.*.*")) }
    }
}

impl Archived {
    /// The next job, as it was delivered: its generation is that of the judging it was.
    ///
    /// # Errors
    /// [`QueueError::Timeout`], [`QueueError::NotInitialised`].
    pub async fn next(&mut self) -> Result<Option<Job>, QueueError> {
        while let Some(kept) = self.scan.next().await? {
            match read(&kept) {
                Some(job) => return Ok(Some(job)),
                None => tracing::warn!(subject = kept.subject, "an archived job cannot be read"),
            }
        }
        Ok(None)
    }
}

pub(crate) fn read(kept: &Kept) -> Option<Job> {
    decode_job(kept.header(FROM)?, kept.header(CONTENT_TYPE), &kept.payload).ok()
}
