//! Exactly one verdict per judging, whatever happens on the way.

use std::time::Duration;

use minos_model::{Bytes, Generation, Verdict};
use minos_queue::{
    Cancelled, Control, JudgingId, QueueError, Standing, Stored, StreamConfig, Submitted,
};

use crate::support::{PATIENCE, cluster, cluster_of, eventually, job, judgement, node, topology};

#[tokio::test]
async fn of_many_verdicts_at_once_one_wins_and_all_see_the_same() {
    let cluster = cluster().await;
    let sent = job("s1");
    let verdicts: Vec<_> = (0..9)
        .map(|index| {
            let verdict = if index % 2 == 0 { Verdict::Accepted } else { Verdict::WrongAnswer };
            judgement(&sent, verdict, &format!("n{index}"))
        })
        .collect();
    let stored = futures_util::future::join_all(
        verdicts.iter().map(|verdict| cluster.broker.store_verdict(verdict)),
    )
    .await;
    let kept = cluster.broker.verdict(&JudgingId::of(&sent.submission)).await.unwrap().unwrap();
    let mut first = 0;
    for (ours, stored) in verdicts.iter().zip(stored) {
        match stored.unwrap() {
            Stored::First => {
                first += 1;
                assert_eq!(*ours, kept);
            }
            Stored::Already(theirs) => assert_eq!(*theirs, kept),
        }
    }
    assert_eq!(first, 1);
    let again = cluster.broker.store_verdict(&kept).await.unwrap();
    assert_eq!(again, Stored::First, "sending ours again is ours");
    let next = Generation::FIRST.next();
    let mut rejudged = judgement(&sent, Verdict::WrongAnswer, "n1");
    rejudged.generation = next;
    assert_eq!(cluster.broker.store_verdict(&rejudged).await.unwrap(), Stored::First);
}

#[tokio::test]
async fn the_same_submission_twice_is_one_submission_before_and_after_its_verdict() {
    let cluster = cluster().await;
    let lanes = cluster.lanes().await;
    let sent = job("s1");
    let standing = |generation| {
        cluster.broker.standing(&sent.submission.tenant, &sent.submission.id, generation)
    };
    assert_eq!(standing(None).await.unwrap(), Standing::Unknown);
    assert_eq!(cluster.broker.submit(&sent).await.unwrap(), Submitted::Stored);
    assert_eq!(cluster.broker.submit(&sent).await.unwrap(), Submitted::AlreadyQueued);
    let judging = JudgingId::of(&sent.submission);
    let pending = Standing::Pending { judging: judging.clone() };
    assert_eq!(standing(None).await.unwrap(), pending);
    let mut rotation = lanes.rotation(0).await.unwrap();
    let delivery = cluster.take(&lanes, &mut rotation).await;
    assert_eq!(cluster.broker.submit(&sent).await.unwrap(), Submitted::AlreadyQueued);
    let verdict = judgement(&sent, Verdict::Accepted, "n1");
    cluster.broker.store_verdict(&verdict).await.unwrap();
    let judged = Submitted::AlreadyJudged(Box::new(verdict.clone()));
    assert_eq!(cluster.broker.submit(&sent).await.unwrap(), judged, "stored, not acknowledged");
    delivery.ack().await.unwrap();
    eventually("acknowledgement", async || {
        let status = cluster.broker.status().await.unwrap();
        status.lanes.iter().all(|lane| lane.in_flight == 0).then_some(())
    })
    .await;
    assert_eq!(cluster.broker.submit(&sent).await.unwrap(), judged, "acknowledged");
    let expected = Standing::Judged(Box::new(verdict));
    assert_eq!(standing(None).await.unwrap(), expected);
    assert_eq!(standing(Some(Generation::FIRST)).await.unwrap(), expected);
    assert_eq!(standing(Some(Generation::FIRST.next())).await.unwrap(), Standing::Unknown);
    assert!(lanes.next(&mut rotation, Duration::from_millis(100)).await.unwrap().is_none());
}

#[tokio::test]
async fn a_full_queue_refuses_and_is_not_mistaken_for_a_second_submission() {
    let mut small = topology();
    small.jobs.max_messages = 2;
    let cluster = cluster_of(&small).await;
    for id in ["s1", "s2"] {
        assert_eq!(cluster.broker.submit(&job(id)).await.unwrap(), Submitted::Stored);
    }
    let error = cluster.broker.submit(&job("s3")).await.unwrap_err();
    assert!(matches!(error, QueueError::QueueFull { .. }), "{error}");
    assert_eq!(cluster.broker.submit(&job("s2")).await.unwrap(), Submitted::AlreadyQueued);
    let s3 = job("s3").submission;
    let standing = cluster.broker.standing(&s3.tenant, &s3.id, None).await.unwrap();
    assert_eq!(standing, Standing::Unknown, "half accepted");
}

#[tokio::test]
async fn a_full_stream_of_verdicts_is_not_mistaken_for_a_verdict() {
    let mut small = topology();
    small.results = StreamConfig { max_messages: 1, ..small.results };
    let cluster = cluster_of(&small).await;
    let (one, other) = (job("s1"), job("s2"));
    let first = judgement(&one, Verdict::Accepted, "n1");
    assert_eq!(cluster.broker.store_verdict(&first).await.unwrap(), Stored::First);
    let second = judgement(&one, Verdict::WrongAnswer, "n2");
    let stored = cluster.broker.store_verdict(&second).await.unwrap();
    assert_eq!(stored, Stored::Already(Box::new(first)));
    let unstored = judgement(&other, Verdict::Accepted, "n1");
    let error = cluster.broker.store_verdict(&unstored).await.unwrap_err();
    assert!(matches!(error, QueueError::StreamFull { stream: "RESULTS", .. }), "{error}");
    assert!(error.is_passing() && !error.is_usage());
}

#[tokio::test]
async fn a_source_above_the_bound_and_a_topology_above_the_disk_are_refused() {
    let mut large = topology();
    large.jobs.max_bytes = Bytes::from_mib(1 << 20);
    let cluster = cluster().await;
    let error = cluster.broker.init(&large).await.unwrap_err().to_string();
    assert!(error.contains("JOBS"), "{error}");
    let mut sent = job("s1");
    sent.submission.source = minos_model::Source::Inline(vec![b' '; 256 * 1024]);
    assert_eq!(cluster.broker.submit(&sent).await.unwrap(), Submitted::Stored);
    sent.submission.id = "s2".parse().unwrap();
    sent.submission.source = minos_model::Source::Inline(vec![b' '; 256 * 1024 + 1]);
    let error = cluster.broker.submit(&sent).await.unwrap_err();
    assert!(matches!(error, QueueError::TooLarge { max: 262_144, .. }), "{error}");
}

#[tokio::test]
async fn whoever_waits_for_a_verdict_has_it_when_it_is_stored() {
    let cluster = cluster().await;
    let sent = job("s1");
    let judging = JudgingId::of(&sent.submission);
    let none = cluster.broker.wait_verdict(&judging, Duration::from_millis(50)).await.unwrap();
    assert_eq!(none, None);
    let verdict = judgement(&sent, Verdict::Accepted, "n1");
    let mut all = cluster.broker.verdicts(None, true).await.unwrap();
    let (waited, followed, stored) = tokio::join!(
        cluster.broker.wait_verdict(&judging, PATIENCE),
        all.next(),
        cluster.broker.store_verdict(&verdict),
    );
    assert_eq!(stored.unwrap(), Stored::First);
    assert_eq!(waited.unwrap(), Some(verdict.clone()));
    assert_eq!(followed.unwrap(), verdict);
    let mut late = cluster.broker.verdicts(Some(&sent.submission.tenant), true).await.unwrap();
    assert_eq!(late.next().await.unwrap(), verdict);
}

#[tokio::test]
async fn a_cancelled_submission_has_its_verdict_at_once_and_for_good() {
    let cluster = cluster().await;
    let broker = &cluster.broker;
    let sent = job("s1");
    let (tenant, id) = (&sent.submission.tenant, &sent.submission.id);
    let operator = node("operator");
    assert_eq!(broker.cancel(tenant, id, &operator).await.unwrap(), Cancelled::Unknown);
    broker.submit(&sent).await.unwrap();
    let mut watch = broker.watch_control().await.unwrap();
    let Cancelled::Now(cancelled) = broker.cancel(tenant, id, &operator).await.unwrap() else {
        panic!("it was pending");
    };
    assert_eq!(cancelled.verdict, Verdict::Cancelled);
    assert_eq!(cancelled.language, sent.submission.language);
    let word = watch.next().await.unwrap().unwrap();
    assert_eq!(word, Control::Cancel(JudgingId::of(&sent.submission)));
    let late = judgement(&sent, Verdict::Accepted, "n1");
    let stored = broker.store_verdict(&late).await.unwrap();
    assert_eq!(stored, Stored::Already(cancelled.clone()));
    let again = broker.cancel(tenant, id, &operator).await.unwrap();
    assert_eq!(again, Cancelled::AlreadyJudged(cancelled));
}

#[tokio::test]
async fn a_drained_node_hears_of_it_now_or_when_it_starts() {
    let cluster = cluster().await;
    let n1 = node("n1");
    assert!(!cluster.broker.is_drained(&n1).await.unwrap());
    cluster.broker.set_drain(&n1, true).await.unwrap();
    assert!(cluster.broker.is_drained(&n1).await.unwrap());
    let mut watch = cluster.broker.watch_control().await.unwrap();
    let drained = Control::Drain { node: n1.clone(), on: true };
    assert_eq!(watch.next().await.unwrap(), Some(drained));
    cluster.broker.set_drain(&n1, false).await.unwrap();
    let resumed = Control::Drain { node: n1.clone(), on: false };
    assert_eq!(watch.next().await.unwrap(), Some(resumed));
    assert!(!cluster.broker.is_drained(&n1).await.unwrap());
}
