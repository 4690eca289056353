//! Names on the broker: streams, consumers, and the subjects that carry a judging's identity.

use std::fmt;

use minos_model::{
    Generation, Job, Judgement, Lane, Pool, ProblemId, Submission, SubmissionId, Tenant,
};

/// The work queue.
pub(crate) const JOBS: &str = "JOBS";
/// Verdicts.
pub(crate) const RESULTS: &str = "RESULTS";
/// What was judged, for rejudging.
pub(crate) const SUBMISSIONS: &str = "SUBMISSIONS";
/// Progress.
pub(crate) const EVENTS: &str = "EVENTS";
/// Dead letters.
pub(crate) const DEAD: &str = "DEAD";
/// The server's word on deliveries it gave up.
pub(crate) const ADVISORIES: &str = "ADVISORIES";
/// The durable consumer of ADVISORIES.
pub(crate) const JANITOR: &str = "janitor";
/// Key-value bucket: drained nodes, cancelled submissions.
pub(crate) const CONTROL: &str = "CONTROL";
/// Key-value bucket: beats of nodes.
pub(crate) const NODES: &str = "NODES";
/// Key-value bucket: revisions of problems.
pub(crate) const PROBLEMS: &str = "PROBLEMS";
/// Object store: packages by revision.
pub(crate) const PACKAGES: &str = "PKG";
/// Object store: sources by digest.
pub(crate) const SOURCES: &str = "SRC";
/// Object store: builds by what went into them.
pub(crate) const BUILDS: &str = "BLD";

/// Names one judging: a submission and its generation. A verdict is stored once for each.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JudgingId {
    /// Whose submission.
    pub tenant: Tenant,
    /// Which submission.
    pub submission: SubmissionId,
    /// Which judging of it.
    pub generation: Generation,
}

impl JudgingId {
    /// The judging a submission asks for.
    #[must_use]
    pub fn of(submission: &Submission) -> Self {
        Self {
            tenant: submission.tenant.clone(),
            submission: submission.id.clone(),
            generation: submission.generation,
        }
    }

    /// The judging a judgement belongs to.
    #[must_use]
    pub fn of_judgement(judgement: &Judgement) -> Self {
        Self {
            tenant: judgement.tenant.clone(),
            submission: judgement.submission.clone(),
            generation: judgement.generation,
        }
    }

    /// `results.<tenant>.<submission>.<generation>`.
    #[must_use]
    pub fn result_subject(&self) -> String {
        format!("results.{self}")
    }

    /// `events.<tenant>.<submission>.<generation>`.
    #[must_use]
    pub fn event_subject(&self) -> String {
        format!("events.{self}")
    }

    pub(crate) fn archive_subject(&self, problem: &ProblemId) -> String {
        format!("submissions.{problem}.{self}")
    }

    /// Reads the three last tokens of a subject; `None` when they are no identifiers.
    pub(crate) fn from_tokens(tenant: &str, submission: &str, generation: &str) -> Option<Self> {
        Some(Self {
            tenant: tenant.parse().ok()?,
            submission: submission.parse().ok()?,
            generation: generation.parse().ok()?,
        })
    }
}

impl fmt::Display for JudgingId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.tenant, self.submission, self.generation)
    }
}

/// The subject of a job: where it waits, and what it is a judging of.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct JobSubject {
    /// The lane it waits in.
    pub lane: Lane,
    /// The nodes that may take it.
    pub pool: Pool,
    /// What it is a judging of.
    pub judging: JudgingId,
}

impl JobSubject {
    /// The subject of a job.
    #[must_use]
    pub fn of(job: &Job) -> Self {
        Self {
            lane: job.lane.clone(),
            pool: job.pool.clone(),
            judging: JudgingId::of(&job.submission),
        }
    }

    /// Reads `jobs.<lane>.<pool>.<tenant>.<submission>.<generation>`; `None` when a token is no
    /// identifier, or there are more or fewer of them.
    #[must_use]
    pub fn parse(subject: &str) -> Option<Self> {
        let mut tokens = subject.split('.');
        if tokens.next() != Some("jobs") {
            return None;
        }
        let lane = tokens.next()?.parse().ok()?;
        let pool = tokens.next()?.parse().ok()?;
        let judging = JudgingId::from_tokens(tokens.next()?, tokens.next()?, tokens.next()?)?;
        if tokens.next().is_some() { None } else { Some(Self { lane, pool, judging }) }
    }
}

impl fmt::Display for JobSubject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "jobs.{}.{}.{}", self.lane, self.pool, self.judging)
    }
}

/// The durable consumer of a lane in a pool.
pub(crate) fn consumer_name(lane: &Lane, pool: &Pool) -> String {
    format!("{lane}-{pool}")
}

/// What that consumer reads; also what the stream takes, so that a job for a lane nobody serves
/// is refused when it is published.
pub(crate) fn consumer_filter(lane: &Lane, pool: &Pool) -> String {
    format!("jobs.{lane}.{pool}.*.*.*")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_subject_reads_back_and_anything_else_is_none() {
        let text = "jobs.contest.any.default.s-1.2";
        let subject = JobSubject::parse(text).unwrap();
        assert_eq!(subject.to_string(), text);
        assert_eq!(subject.judging.result_subject(), "results.default.s-1.2");
        assert_eq!(subject.judging.event_subject(), "events.default.s-1.2");
        for bad in [
            "",
            "jobs",
            "job.contest.any.default.s-1.2",
            "jobs.contest.any.default.s-1",
            "jobs.contest.any.default.s-1.2.3",
            "jobs.contest.any.default.s-1.0",
            "jobs.contest.any.default.s!1.1",
            "jobs.contest.any..s-1.1",
        ] {
            assert_eq!(JobSubject::parse(bad), None, "{bad}");
        }
    }
}
