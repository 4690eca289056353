//! Rejudges: previewed where nobody listens, applied once, carried on after a kill.

use std::collections::HashMap;

use minos_model::{Digest, Generation, Job, Judgement, Verdict};
use minos_queue::{
    Broker, Cancelled, JudgingId, Lanes, Matrix, QueueError, RejudgeScope, Rotation, Standing,
};

use crate::support::{Cluster, cluster, job, judgement, node};

const OLD: Digest = Digest::from_bytes([1; 32]);
const NEW: Digest = Digest::from_bytes([2; 32]);

fn scope(revision: Digest) -> RejudgeScope {
    RejudgeScope {
        problem: "aplusb".parse().unwrap(),
        revision,
        tenant: None,
        submission: None,
        language: None,
        verdict: None,
    }
}

/// A cluster, its lanes, and a slot's turn through them.
struct Judged {
    cluster: Cluster,
    lanes: Lanes,
    rotation: Rotation,
}

impl Judged {
    /// Submissions that were judged as written.
    async fn with(verdicts: &[(&str, Verdict)]) -> Self {
        let cluster = cluster().await;
        let lanes = cluster.lanes().await;
        let rotation = lanes.rotation(0).await.unwrap();
        let mut judged = Self { cluster, lanes, rotation };
        for (id, verdict) in verdicts {
            judged.broker().submit(&job(id)).await.unwrap();
            judged.judge_one(|_job| *verdict).await;
        }
        judged
    }

    fn broker(&self) -> &Broker {
        &self.cluster.broker
    }

    /// What a slot does with its next job.
    async fn judge_one(&mut self, verdict: impl Fn(&Job) -> Verdict) -> Job {
        let delivery = self.cluster.take(&self.lanes, &mut self.rotation).await;
        let job = delivery.job.clone().unwrap();
        self.broker().archive(&delivery).await.unwrap();
        let judgement = judgement(&job, verdict(&job), "n1");
        self.broker().store_verdict(&judgement).await.unwrap();
        delivery.ack().await.unwrap();
        job
    }

    async fn latest(&self, id: &str) -> Judgement {
        let id = id.parse().unwrap();
        let standing = self.broker().standing(&"default".parse().unwrap(), &id, None).await;
        let Ok(Standing::Judged(judgement)) = standing else { panic!("{standing:?}") };
        *judgement
    }
}

fn lane() -> minos_model::Lane {
    "rejudge".parse().unwrap()
}

async fn matrix(broker: &Broker, rejudge: &minos_queue::Rejudge) -> Matrix {
    let mut matrix = Matrix::new();
    let mut trials = broker.trials(rejudge);
    trials
        .read(|trial| *matrix.entry((trial.old, trial.new.verdict)).or_default() += 1)
        .await
        .unwrap();
    matrix
}

#[tokio::test]
async fn a_rejudge_is_looked_at_before_anybody_else_sees_it_and_applied_once() {
    use Verdict::{Accepted, TimeLimit, WrongAnswer};
    let mut judged =
        Judged::with(&[("s1", WrongAnswer), ("s2", Accepted), ("s3", WrongAnswer)]).await;
    let mut platform = judged.broker().verdicts(None, false).await.unwrap();
    let rejudge = judged.broker().open_rejudge(&scope(NEW)).await.unwrap();
    let plan = judged.broker().plan_rejudge(&rejudge, &lane(), |_| ()).await.unwrap();
    assert_eq!(plan.tried, 3);
    assert!(judged.broker().is_trying(&rejudge).await.unwrap());
    let now = HashMap::from([("s1", Accepted), ("s2", TimeLimit), ("s3", WrongAnswer)]);
    for _ in 0..3 {
        let tried = judged.judge_one(|job| now[job.submission.id.as_str()]).await;
        assert_eq!(tried.lane, lane());
        assert_eq!(
            tried.submission.problem.revision,
            Some(NEW.to_string()),
            "one revision for all"
        );
        let standing = judged.latest(tried.submission.id.as_str()).await;
        assert_eq!(standing.generation, Generation::FIRST, "a trial does not count");
    }
    assert!(!judged.broker().is_trying(&rejudge).await.unwrap());
    let expected = Matrix::from([
        ((Some(WrongAnswer), Accepted), 1),
        ((Some(WrongAnswer), WrongAnswer), 1),
        ((Some(Accepted), TimeLimit), 1),
    ]);
    assert_eq!(matrix(judged.broker(), &rejudge).await, expected);
    // Looking again, from another terminal or after a kill, judges nothing again.
    let again = judged.broker().open_rejudge(&scope(NEW)).await.unwrap();
    assert_eq!((again.number, again.resumed), (rejudge.number, true));
    let plan = judged.broker().plan_rejudge(&again, &lane(), |_| ()).await.unwrap();
    assert_eq!(plan.tried, 3);
    assert!(!judged.broker().is_trying(&again).await.unwrap());

    let (one, other) = tokio::join!(
        judged.broker().apply_rejudge(&rejudge, |_| ()),
        judged.broker().apply_rejudge(&again, |_| ())
    );
    let (one, other) = (one.unwrap(), other.unwrap());
    assert_eq!(one.published + other.published, 3, "{one:?} {other:?}");
    assert_eq!(one.before + other.before, 3, "{one:?} {other:?}");
    let mut seen = HashMap::new();
    for _ in 0..3 {
        let verdict = platform.next().await.unwrap();
        assert_eq!(verdict.generation, Generation::FIRST.next());
        seen.insert(verdict.submission.to_string(), verdict.verdict);
    }
    let seen: HashMap<&str, Verdict> = seen.iter().map(|(id, one)| (id.as_str(), *one)).collect();
    assert_eq!(seen, now);
    // The preview of what is applied is still what it was, and applying is still once.
    assert_eq!(matrix(judged.broker(), &again).await, expected);
    let plan = judged.broker().plan_rejudge(&again, &lane(), |_| ()).await.unwrap();
    assert_eq!(plan.tried, 3);
    assert!(!judged.broker().is_trying(&again).await.unwrap());
    let applied = judged.broker().apply_rejudge(&again, |_| ()).await.unwrap();
    assert_eq!((applied.published, applied.before), (0, 3));
    judged.broker().close_rejudge(&again).await.unwrap();

    let next = judged.broker().open_rejudge(&scope(NEW)).await.unwrap();
    assert_eq!((next.number, next.resumed), (rejudge.number + 1, false), "that one is done");
    let plan = judged.broker().plan_rejudge(&next, &lane(), |_| ()).await.unwrap();
    assert_eq!(plan.tried, 3, "one trial for each submission, whatever its generations");
}

#[tokio::test]
async fn a_trial_that_fails_changes_nothing_and_a_cancelled_submission_stays_so() {
    use Verdict::{Accepted, JudgeError, WrongAnswer};
    let mut judged = Judged::with(&[("s1", WrongAnswer), ("s2", WrongAnswer)]).await;
    let tenant = "default".parse().unwrap();
    judged.broker().submit(&job("s3")).await.unwrap();
    let delivery = judged.cluster.take(&judged.lanes, &mut judged.rotation).await;
    judged.broker().archive(&delivery).await.unwrap();
    let id = "s3".parse().unwrap();
    let cancelled = judged.broker().cancel(&tenant, &id, &node("op")).await.unwrap();
    assert!(matches!(cancelled, Cancelled::Now(_)), "{cancelled:?}");
    delivery.ack().await.unwrap();
    judged.broker().submit(&job("s4")).await.unwrap();
    let waiting = judged.cluster.take(&judged.lanes, &mut judged.rotation).await;
    judged.broker().archive(&waiting).await.unwrap();

    let rejudge = judged.broker().open_rejudge(&scope(NEW)).await.unwrap();
    let plan = judged.broker().plan_rejudge(&rejudge, &lane(), |_| ()).await.unwrap();
    assert_eq!((plan.tried, plan.cancelled, plan.pending), (2, 1, 1));
    for _ in 0..2 {
        let verdict = |job: &Job| {
            if job.submission.id.as_str() == "s1" { JudgeError } else { Accepted }
        };
        judged.judge_one(verdict).await;
    }
    let applied = judged.broker().apply_rejudge(&rejudge, |_| ()).await.unwrap();
    assert_eq!((applied.published, applied.failed), (1, 1));
    assert_eq!(judged.latest("s1").await.verdict, WrongAnswer);
    assert_eq!(judged.latest("s2").await.verdict, Accepted);
    assert_eq!(judged.latest("s3").await.verdict, Verdict::Cancelled);
}

#[tokio::test]
async fn a_scope_leaves_out_what_is_not_in_it() {
    use Verdict::{Accepted, WrongAnswer};
    let judged = Judged::with(&[("s1", WrongAnswer), ("s2", Accepted)]).await;
    let python = Some("python3".parse().unwrap());
    let rows: [(RejudgeScope, u64); 6] = [
        (RejudgeScope { verdict: Some(WrongAnswer), ..scope(NEW) }, 1),
        (RejudgeScope { language: python, ..scope(NEW) }, 0),
        (RejudgeScope { submission: Some("s2".parse().unwrap()), ..scope(NEW) }, 1),
        (RejudgeScope { tenant: Some("default".parse().unwrap()), ..scope(NEW) }, 2),
        (RejudgeScope { tenant: Some("other".parse().unwrap()), ..scope(NEW) }, 0),
        (RejudgeScope { problem: "other".parse().unwrap(), ..scope(NEW) }, 0),
    ];
    for (scope, tried) in rows {
        let rejudge = judged.broker().open_rejudge(&scope).await.unwrap();
        let plan = judged.broker().plan_rejudge(&rejudge, &lane(), |_| ()).await.unwrap();
        assert_eq!(plan.tried, tried, "{scope:?}");
    }
}

#[tokio::test]
async fn a_package_that_is_pushed_again_makes_a_new_preview_and_the_old_one_is_gone() {
    let mut judged = Judged::with(&[("s1", Verdict::WrongAnswer)]).await;
    let stale = judged.broker().open_rejudge(&scope(OLD)).await.unwrap();
    judged.broker().plan_rejudge(&stale, &lane(), |_| ()).await.unwrap();
    let fresh = judged.broker().open_rejudge(&scope(NEW)).await.unwrap();
    assert_eq!((fresh.number, fresh.resumed), (stale.number + 1, false));
    assert!(!judged.broker().is_trying(&stale).await.unwrap(), "taken out of the queue");
    judged.broker().plan_rejudge(&fresh, &lane(), |_| ()).await.unwrap();
    let tried = judged.judge_one(|_job| Verdict::Accepted).await;
    assert_eq!(tried.submission.generation, Generation::trial(fresh.number));
    assert_eq!(matrix(judged.broker(), &stale).await, Matrix::new());
    assert_eq!(matrix(judged.broker(), &fresh).await.len(), 1);
}

#[tokio::test]
async fn a_trial_nobody_can_judge_is_a_dead_letter_that_is_not_retried_as_if_it_counted() {
    let mut judged = Judged::with(&[("s1", Verdict::WrongAnswer)]).await;
    let rejudge = judged.broker().open_rejudge(&scope(NEW)).await.unwrap();
    judged.broker().plan_rejudge(&rejudge, &lane(), |_| ()).await.unwrap();
    let delivery = judged.cluster.take(&judged.lanes, &mut judged.rotation).await;
    let judging = JudgingId::of(&delivery.job.as_ref().unwrap().submission);
    let reason = minos_queue::DeadReason::Package;
    judged.broker().bury(&delivery, reason, "no tests", &node("n1")).await.unwrap();
    let verdict = judged.broker().verdict(&judging).await.unwrap().unwrap();
    assert_eq!(verdict.verdict, Verdict::JudgeError);
    assert_eq!(judged.latest("s1").await.verdict, Verdict::WrongAnswer);
    let letter = judged.broker().dead_letters(10).await.unwrap().remove(0);
    let refused = judged.broker().retry_dead(letter.number).await.unwrap_err();
    assert!(matches!(refused, QueueError::NotRetryable { .. }), "{refused}");
}
