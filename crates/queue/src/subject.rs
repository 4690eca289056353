//! Names on the broker: streams, consumers, and the subjects that carry a judging's identity.

use std::fmt;

use minos_model::{
    Generation, Job, Judgement, Lane, Pool, ProblemId, Submission, SubmissionId, Tenant,
};

/// The work queue.
pub(crate) const JOBS: &str = "JOBS";
/// Verdicts.
pub(crate) const RESULTS: &str = "RESULTS";
/// Verdicts of trials: what rejudges preview.
pub(crate) const TRIALS: &str = "TRIALS";
/// Key-value bucket: rejudges, by number.
pub(crate) const REJUDGES: &str = "REJUDGES";
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

    /// `results.<tenant>.<submission>.<generation>`, where platforms listen; for a trial
    /// `trials.<tenant>.<submission>.<generation>`, where nobody does.
    #[must_use]
    pub fn result_subject(&self) -> String {
        let prefix = if self.generation.is_trial() { "trials" } else { "results" };
        format!("{prefix}.{self}")
    }

    /// The stream that keeps its verdict.
    pub(crate) const fn verdict_stream(&self) -> &'static str {
        if self.generation.is_trial() { TRIALS } else { RESULTS }
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

/// What a publisher says for a lane in a pool; also what the stream takes, so that a job for a lane
/// nobody serves is refused when it is published.
pub(crate) fn published_filter(lane: &Lane, pool: &Pool) -> String {
    format!("jobs.{lane}.{pool}.*.*.*")
}

/// Under which subject JOBS keeps a job: `queue.<lane>.<pool>.<shard>.<tenant>.<submission>.<generation>`.
/// The server makes it from the published one, and the shard from the tenant.
pub(crate) fn kept_subject(shards: u32) -> (&'static str, String) {
    let rest = "{{wildcard(3)}}.{{wildcard(4)}}.{{wildcard(5)}}";
    let shard = format!("{{{{partition({shards},3)}}}}");
    ("jobs.*.*.*.*.*", format!("queue.{{{{wildcard(1)}}}}.{{{{wildcard(2)}}}}.{shard}.{rest}"))
}

/// Finds the job of a judging in JOBS; each part may be `*`.
pub(crate) fn kept_filter(
    tenant: impl fmt::Display,
    submission: impl fmt::Display,
    generation: impl fmt::Display,
) -> String {
    format!("queue.*.*.*.{tenant}.{submission}.{generation}")
}

/// The subject a job was published on, from the one JOBS keeps it under.
pub(crate) fn published_subject(kept: &str) -> String {
    let tokens: Vec<&str> = kept.split('.').collect();
    match tokens.as_slice() {
        ["queue", lane, pool, _shard, rest @ ..] => {
            format!("jobs.{lane}.{pool}.{}", rest.join("."))
        }
        _ => kept.to_owned(),
    }
}

/// Of each job JOBS has stored the server says a word under this prefix, in the place of `queue`.
pub(crate) const WAKE: &str = "wake";

/// The words of a pool.
pub(crate) fn wake_filter(pool: &Pool) -> String {
    format!("{WAKE}.*.{pool}.>")
}

/// The consumer in which idle slots of a pool are counted; there is never a job for it.
pub(crate) fn idle_consumer(pool: &Pool) -> String {
    format!("idle-{pool}")
}

/// What it reads: no shard has this name.
pub(crate) fn idle_filter(pool: &Pool) -> String {
    format!("queue.idle.{pool}.idle.*.*.*")
}

/// The pool whose idle slots a consumer counts.
pub(crate) fn idle_pool(filter: &str) -> Option<Pool> {
    let pool = filter.strip_prefix("queue.idle.")?.strip_suffix(".idle.*.*.*")?;
    pool.parse().ok()
}

/// A part of a lane, with a consumer of its own. All jobs of a tenant are in one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Shard {
    pub(crate) lane: Lane,
    pub(crate) pool: Pool,
    pub(crate) number: u32,
}

impl Shard {
    /// Its durable consumer.
    pub(crate) fn consumer(&self) -> String {
        format!("{}-{}-{}", self.lane, self.pool, self.number)
    }

    /// What that consumer reads.
    pub(crate) fn filter(&self) -> String {
        format!("queue.{}.{}.{}.*.*.*", self.lane, self.pool, self.number)
    }

    /// The shard that a consumer reads.
    pub(crate) fn of_filter(filter: &str) -> Option<Self> {
        Self::read("queue", filter)
    }

    /// The shard that a word of a stored job speaks of.
    pub(crate) fn of_wake(subject: &str) -> Option<Self> {
        Self::read(WAKE, subject)
    }

    fn read(prefix: &str, subject: &str) -> Option<Self> {
        let mut tokens = subject.split('.');
        if tokens.next() != Some(prefix) {
            return None;
        }
        let (lane, pool) = (tokens.next()?.parse().ok()?, tokens.next()?.parse().ok()?);
        Some(Self { lane, pool, number: tokens.next()?.parse().ok()? })
    }
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
        let trial = JobSubject::parse("jobs.rejudge.any.default.s-1.1000000007").unwrap();
        assert_eq!(trial.judging.result_subject(), "trials.default.s-1.1000000007");
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

    #[test]
    fn a_job_is_kept_in_a_shard_and_given_out_as_it_was_published() {
        let kept = "queue.contest.any.12.default.s-1.2";
        assert_eq!(published_subject(kept), "jobs.contest.any.default.s-1.2");
        let shard = Shard::of_wake("wake.contest.any.12.default.s-1.2").unwrap();
        assert_eq!((shard.consumer().as_str(), shard.number), ("contest-any-12", 12));
        assert_eq!(Shard::of_filter(&shard.filter()), Some(shard));
        let any: Pool = "any".parse().unwrap();
        assert_eq!(Shard::of_filter(&idle_filter(&any)), None, "idle slots are no lane");
        assert_eq!(idle_pool(&idle_filter(&any)), Some(any));
        assert_eq!(idle_pool("queue.contest.any.12.*.*.*"), None);
    }
}
