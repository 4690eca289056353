//! Jobs on their way to a slot: lanes, leases, redelivery, dead letters.

use std::time::{Duration, Instant};

use minos_model::Verdict;
use minos_queue::wire::Form;
use minos_queue::{DeadReason, JudgingId, QueueError, Standing, Stored, Submitted, Topology};

use crate::support::{
    ACK_WAIT, PATIENCE, cluster, cluster_of, eventually, job, job_in, judgement, node, topology,
};

#[tokio::test]
async fn a_cluster_is_made_once_and_changed_when_its_file_changes() {
    let cluster = cluster().await;
    let again = cluster.broker.init(&topology()).await.unwrap();
    assert!(again.iter().all(|change| !change.is_change()), "{again:?}");
    let mut other = topology();
    other.max_deliver = 4;
    other.lanes[0].weight = 9;
    other.results.max_age = Duration::from_secs(3600);
    let told = |changes: Vec<minos_queue::Change>| {
        let changed = changes.into_iter().filter(minos_queue::Change::is_change);
        changed.map(|change| (change.before(), change.to_string())).unzip()
    };
    let compared: (Vec<String>, Vec<_>) = told(cluster.broker.compare(&other).await.unwrap());
    assert_eq!(
        compared.0,
        [
            "to update: stream RESULTS: max_age: 168h -> 1h",
            "to update: consumers of lane contest, pool any: max_deliver: 3 -> 4, weight: 8 -> 9",
            "to update: consumers of lane practice, pool any: max_deliver: 3 -> 4",
            "to update: consumers of lane rejudge, pool any: max_deliver: 3 -> 4",
        ]
    );
    let done: (Vec<_>, Vec<String>) = told(cluster.broker.init(&other).await.unwrap());
    assert_eq!(done.0, compared.0, "what was told is what was done");
    assert_eq!(done.1[0], "updated stream RESULTS: max_age: 168h -> 1h");
    let lanes = cluster.broker.lanes(&"any".parse().unwrap()).await.unwrap();
    assert_eq!((lanes[0].lane.as_str(), lanes[0].weight), ("contest", 9));
}

#[tokio::test]
async fn a_job_arrives_as_it_was_sent_in_both_forms() {
    let cluster = cluster().await;
    let lanes = cluster.lanes().await;
    let mut rotation = lanes.rotation(0).await.unwrap();
    for (form, id) in [(Form::Json, "s-json"), (Form::Binary, "s-binary")] {
        let sent = job(id);
        assert_eq!(cluster.broker.submit_as(&sent, form).await.unwrap(), Submitted::Stored);
        let delivery = cluster.take(&lanes, &mut rotation).await;
        assert_eq!(delivery.job.as_ref(), Ok(&sent));
        assert_eq!(delivery.delivered, 1);
        assert_eq!(delivery.address.as_ref().unwrap().judging, JudgingId::of(&sent.submission));
        delivery.ack().await.unwrap();
    }
}

#[tokio::test]
async fn a_lane_the_cluster_does_not_have_refuses_the_submission() {
    let cluster = cluster().await;
    let error = cluster.broker.submit(&job_in("nowhere", "s1")).await.unwrap_err();
    assert!(matches!(error, QueueError::NotInitialised { .. }), "{error}");
    assert!(error.to_string().contains("jobs.nowhere.any.default.s1.1"), "{error}");
}

#[tokio::test]
async fn lanes_are_served_by_weight_and_an_idle_slot_finds_a_job_in_any_of_them() {
    let cluster = cluster().await;
    let lanes = cluster.lanes().await;
    for lane in ["contest", "practice", "rejudge"] {
        for index in 0..12 {
            cluster.broker.submit(&job_in(lane, &format!("{lane}-{index}"))).await.unwrap();
        }
    }
    let mut rotation = lanes.rotation(1).await.unwrap();
    let mut taken = std::collections::BTreeMap::new();
    for _ in 0..12 {
        let delivery = lanes.next(&mut rotation, Duration::ZERO).await.unwrap().unwrap();
        *taken.entry(delivery.address.unwrap().lane.to_string()).or_insert(0) += 1;
    }
    let expected = [("contest", 8), ("practice", 3), ("rejudge", 1)];
    assert_eq!(taken, expected.map(|(lane, count)| (lane.to_owned(), count)).into());
}

#[tokio::test]
async fn an_idle_slot_has_a_new_job_within_a_second_whatever_its_lane() {
    let cluster = cluster().await;
    let lanes = cluster.lanes().await;
    let mut rotation = lanes.rotation(0).await.unwrap();
    assert!(lanes.next(&mut rotation, Duration::from_millis(20)).await.unwrap().is_none());
    for lane in ["rejudge", "contest", "practice"] {
        let (sent, taken) = tokio::join!(
            async {
                cluster.broker.submit(&job_in(lane, &format!("late-{lane}"))).await.unwrap();
                Instant::now()
            },
            async {
                loop {
                    let next = lanes.next(&mut rotation, Duration::from_millis(500)).await.unwrap();
                    if let Some(delivery) = next {
                        delivery.ack().await.unwrap();
                        return Instant::now();
                    }
                }
            }
        );
        assert!(taken.duration_since(sent) < Duration::from_secs(1), "{lane}");
    }
}

/// The words that wake idle slots may be lost: here there are none.
#[tokio::test]
async fn an_idle_slot_finds_a_job_that_nobody_told_it_of_within_a_second() {
    let cluster = cluster().await;
    let client = async_nats::ConnectOptions::with_token(cluster.server.options().token.unwrap());
    let client = client.connect(cluster.server.options().url).await.unwrap();
    let context = async_nats::jetstream::new(client);
    let mut jobs = context.get_stream("JOBS").await.unwrap().cached_info().config.clone();
    assert!(jobs.republish.take().is_some());
    context.update_stream(jobs).await.unwrap();

    let lanes = cluster.lanes().await;
    let mut rotation = lanes.rotation(0).await.unwrap();
    for round in 0..4 {
        for lane in ["rejudge", "contest", "practice"] {
            // Tenants of every round lie in other shards.
            let mut sent = job_in(lane, &format!("{lane}-{round}"));
            sent.submission.tenant = format!("team-{round}").parse().unwrap();
            let taken = async {
                loop {
                    let next = lanes.next(&mut rotation, Duration::from_millis(500)).await.unwrap();
                    if let Some(delivery) = next {
                        return delivery;
                    }
                }
            };
            let (stored, taken) = tokio::join!(cluster.broker.submit(&sent), taken);
            stored.unwrap();
            let waited = taken.published_at.elapsed().unwrap_or_default();
            assert!(waited < Duration::from_secs(1), "{lane}, round {round}: {waited:?}");
            taken.ack().await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_lease_keeps_a_delivery_and_without_it_the_job_goes_elsewhere() {
    let cluster = cluster().await;
    let lanes = cluster.lanes().await;
    cluster.broker.submit(&job("s1")).await.unwrap();
    let mut mine = lanes.rotation(0).await.unwrap();
    let mut other = lanes.rotation(0).await.unwrap();
    let first = cluster.take(&lanes, &mut mine).await;
    let lease = first.lease();
    let held_until = Instant::now() + 3 * ACK_WAIT;
    while Instant::now() < held_until {
        let next = lanes.next(&mut other, Duration::from_millis(100)).await.unwrap();
        assert!(next.is_none(), "delivered again in spite of the lease");
    }
    drop(lease);
    let second = cluster.take(&lanes, &mut other).await;
    assert_eq!((second.delivered, second.sequence), (2, first.sequence));
    assert_eq!(second.published_at, first.published_at);
}

#[tokio::test]
async fn a_job_that_is_handed_back_comes_again_after_the_delay() {
    let cluster = cluster().await;
    let lanes = cluster.lanes().await;
    cluster.broker.submit(&job("s1")).await.unwrap();
    let mut rotation = lanes.rotation(0).await.unwrap();
    let first = cluster.take(&lanes, &mut rotation).await;
    let delay = Duration::from_millis(300);
    let given_back = Instant::now();
    first.hand_back(delay).await.unwrap();
    let second = cluster.take(&lanes, &mut rotation).await;
    assert_eq!(second.delivered, 2);
    assert!(given_back.elapsed() >= delay && given_back.elapsed() < delay + ACK_WAIT);
    second.hand_back(Duration::ZERO).await.unwrap();
    assert!(cluster.take(&lanes, &mut rotation).await.is_last());
}

#[tokio::test]
async fn a_slot_that_leaves_while_it_waits_takes_nothing_with_it() {
    let topology = Topology { ack_wait: Duration::from_secs(60), ..topology() };
    let cluster = cluster_of(&topology).await;
    let lanes = cluster.lanes().await;
    let mut gone = lanes.rotation(0).await.unwrap();
    let parked = lanes.next(&mut gone, Duration::from_secs(10));
    tokio::time::timeout(Duration::from_millis(200), parked).await.unwrap_err();
    cluster.broker.submit(&job("s1")).await.unwrap();
    let mut rotation = lanes.rotation(0).await.unwrap();
    let delivery = cluster.take(&lanes, &mut rotation).await;
    assert_eq!(delivery.delivered, 1);
}

#[tokio::test]
async fn what_cannot_be_read_becomes_a_dead_letter_with_a_verdict_and_blocks_nobody() {
    let cluster = cluster().await;
    let lanes = cluster.lanes().await;
    // Another client's work: published without this crate's help.
    let client = async_nats::ConnectOptions::new()
        .token(cluster.server.options().token.unwrap())
        .connect(cluster.server.url())
        .await
        .unwrap();
    client.publish("jobs.contest.any.default.bad.1", "{}".into()).await.unwrap();
    client.publish("jobs.contest.any.default.b!d.1", "{}".into()).await.unwrap();
    client.flush().await.unwrap();
    cluster.broker.submit(&job("good")).await.unwrap();
    let mut rotation = lanes.rotation(0).await.unwrap();
    for expected in [true, false] {
        let delivery = cluster.take(&lanes, &mut rotation).await;
        let error = delivery.job.as_ref().unwrap_err().to_string();
        assert_eq!(delivery.address.is_some(), expected, "{}", delivery.subject);
        let buried = cluster
            .broker
            .bury(&delivery, DeadReason::Undecodable, &error, &node("n1"))
            .await
            .unwrap();
        assert_eq!(buried.is_some(), expected);
    }
    assert_eq!(cluster.take(&lanes, &mut rotation).await.job, Ok(job("good")));
    let letters = cluster.broker.dead_letters(10).await.unwrap();
    assert_eq!(letters.len(), 2);
    assert_eq!(letters[0].subject, "jobs.contest.any.default.bad.1");
    assert_eq!(letters[0].body, b"{}");
    assert_eq!(letters[0].reason, DeadReason::Undecodable);
    assert!(letters[0].message.contains("schema"), "{}", letters[0].message);
    assert_eq!(letters[1].subject, "jobs.contest.any.default.b!d.1");
    let verdict = cluster.broker.verdict(&JudgingId::of(&job("bad").submission)).await.unwrap();
    let verdict = verdict.unwrap();
    assert_eq!(verdict.verdict, Verdict::JudgeError);
    assert_eq!(verdict.fault.unwrap().0, DeadReason::Undecodable.fault());
}

#[tokio::test]
async fn a_job_nobody_answers_for_ends_as_a_dead_letter_with_a_verdict_and_can_be_retried() {
    let cluster = cluster().await;
    let broker = &cluster.broker;
    let lanes = cluster.lanes().await;
    let sent = job("poison");
    broker.submit(&sent).await.unwrap();
    let mut rotation = lanes.rotation(0).await.unwrap();
    for attempt in 1..=3 {
        let delivery = cluster.take(&lanes, &mut rotation).await;
        assert_eq!((delivery.delivered, delivery.is_last()), (attempt, attempt == 3));
    }
    // The server gives a job up when somebody asks for the next one.
    eventually("dead letter", async || {
        assert!(lanes.next(&mut rotation, Duration::from_millis(20)).await.unwrap().is_none());
        let buried = broker.collect_exhausted().await.unwrap();
        (buried == 1).then_some(())
    })
    .await;
    assert_eq!(broker.collect_exhausted().await.unwrap(), 0);
    let letters = broker.dead_letters(10).await.unwrap();
    assert_eq!(letters.len(), 1);
    assert_eq!((letters[0].reason, letters[0].delivered), (DeadReason::Exhausted, 3));
    assert_eq!(letters[0].job(), Some(sent.clone()));
    let judged = broker.verdict(&JudgingId::of(&sent.submission)).await.unwrap().unwrap();
    assert_eq!(judged.verdict, Verdict::JudgeError);
    assert_eq!(judged.language, sent.submission.language);
    assert_eq!(broker.status().await.unwrap().dead, 1);

    let (tenant, id, generation) = broker.retry_dead(letters[0].number).await.unwrap();
    assert_eq!(generation.get(), 2);
    let again = cluster.take(&lanes, &mut rotation).await;
    assert_eq!(again.job.as_ref().unwrap().submission.generation, generation);
    let standing = broker.standing(&tenant, &id, None).await.unwrap();
    assert!(matches!(standing, Standing::Pending { judging } if judging.generation == generation));
    assert!(broker.dead_letters(10).await.unwrap().is_empty());
    let missing = broker.drop_dead(letters[0].number).await.unwrap_err();
    assert!(matches!(missing, QueueError::NoDeadLetter(_)), "{missing}");
}

#[tokio::test]
async fn the_sweep_finds_a_job_whose_advisory_was_lost_beside_others_in_judging() {
    let cluster = cluster().await;
    let broker = &cluster.broker;
    let lanes = cluster.lanes().await;
    let mut rotation = lanes.rotation(0).await.unwrap();
    broker.submit(&job("poison")).await.unwrap();
    for _ in 1..=3 {
        drop(cluster.take(&lanes, &mut rotation).await);
    }
    let client = async_nats::ConnectOptions::new()
        .token(cluster.server.options().token.unwrap())
        .connect(cluster.server.url())
        .await
        .unwrap();
    let context = async_nats::jetstream::new(client);
    eventually("advisory", async || {
        assert!(lanes.next(&mut rotation, Duration::from_millis(20)).await.unwrap().is_none());
        let stream = context.get_stream("ADVISORIES").await.unwrap();
        (stream.cached_info().state.messages == 1).then_some(())
    })
    .await;
    context.get_stream("ADVISORIES").await.unwrap().purge().await.unwrap();
    broker.submit(&job("judged-now")).await.unwrap();
    let held = cluster.take(&lanes, &mut rotation).await;
    let _lease = held.lease();
    assert_eq!(broker.collect_exhausted().await.unwrap(), 0, "the floor does not say enough yet");
    let verdict = judgement(held.job.as_ref().unwrap(), Verdict::Accepted, "n1");
    assert_eq!(broker.store_verdict(&verdict).await.unwrap(), Stored::First);
    held.ack().await.unwrap();
    eventually("sweep", async || (broker.collect_exhausted().await.unwrap() == 1).then_some(()))
        .await;
    assert_eq!(broker.dead_letters(9).await.unwrap().len(), 1);
    let waited = broker.wait_verdict(&JudgingId::of(&job("poison").submission), PATIENCE).await;
    assert_eq!(waited.unwrap().unwrap().verdict, Verdict::JudgeError);
}

#[tokio::test]
async fn a_tenant_that_floods_does_not_hold_up_another() {
    let cluster = cluster().await;
    let of = |tenant: &str, id: &str| {
        let mut sent = job(id);
        sent.submission.tenant = tenant.parse().unwrap();
        sent
    };
    for index in 0..60 {
        cluster.broker.submit(&of("flood", &format!("f{index}"))).await.unwrap();
    }
    let lanes = cluster.lanes().await;
    let mut slots = [lanes.rotation(0).await.unwrap(), lanes.rotation(1).await.unwrap()];
    // Both slots are in the middle of the flood when the others come.
    for slot in &mut slots {
        cluster.take(&lanes, slot).await.ack().await.unwrap();
    }
    // Their names lie in other shards than that of the flood.
    let others = ["team-1", "team-2", "team-3"];
    for tenant in others {
        cluster.broker.submit(&of(tenant, "s1")).await.unwrap();
    }
    let (mut taken, mut flood, mut seen) = (0, 0, Vec::new());
    while seen.len() < others.len() {
        let slot = &mut slots[taken % 2];
        let delivery = cluster.take(&lanes, slot).await;
        let tenant = delivery.tenant().unwrap().to_string();
        delivery.ack().await.unwrap();
        taken += 1;
        if tenant == "flood" { flood += 1 } else { seen.push(tenant) }
    }
    // In turn: at most one of the flood between two others, for each slot, and a few while the
    // word of the new jobs is on its way.
    assert!(flood <= 12, "{flood} jobs of the flood went before {seen:?}");
    let status = cluster.broker.status().await.unwrap();
    let contest = status.lanes.iter().find(|lane| lane.lane.as_str() == "contest").unwrap();
    assert_eq!(contest.pending, 60 - 2 - flood);
}

#[tokio::test]
async fn idle_slots_are_counted() {
    let cluster = cluster().await;
    let lanes = cluster.lanes().await;
    let mut slots = [lanes.rotation(0).await.unwrap(), lanes.rotation(1).await.unwrap()];
    let [one, other] = &mut slots;
    let park = Duration::from_secs(30);
    let counted = eventually("two idle slots", async || {
        let status = cluster.broker.status().await.unwrap();
        status.lanes.iter().all(|lane| lane.waiting == 2).then_some(())
    });
    tokio::select! {
        _ = lanes.next(one, park) => panic!("there is no job"),
        _ = lanes.next(other, park) => panic!("there is no job"),
        () = counted => {}
    }
}

#[tokio::test]
async fn a_tenants_submission_is_pending_from_stored_until_done() {
    let cluster = cluster().await;
    let broker = &cluster.broker;
    let sent = job("s1");
    let tenant = &sent.submission.tenant;
    let pending = async || {
        let ids = broker.pending(tenant).await.unwrap();
        ids.iter().map(ToString::to_string).collect::<std::collections::BTreeSet<_>>()
    };
    assert!(pending().await.is_empty());
    for id in ["s1", "s2"] {
        broker.submit(&job(id)).await.unwrap();
    }
    let mut of_another = job("s3");
    of_another.submission.tenant = "another".parse().unwrap();
    broker.submit(&of_another).await.unwrap();
    assert_eq!(pending().await, ["s1".to_owned(), "s2".to_owned()].into());
    let lanes = cluster.lanes().await;
    let mut rotation = lanes.rotation(0).await.unwrap();
    for _ in 0..3 {
        let delivery = cluster.take(&lanes, &mut rotation).await;
        delivery.ack().await.unwrap();
    }
    eventually("done", async || pending().await.is_empty().then_some(())).await;
}
