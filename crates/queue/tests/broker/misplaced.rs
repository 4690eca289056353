//! A cluster that was made by an older file: what differs is told before it is changed, and no job
//! stays behind.

use std::time::Duration;

use crate::support::{cluster, eventually, job, job_in, topology};

#[tokio::test]
async fn jobs_of_a_time_before_shards_are_told_of_and_moved_to_where_they_are_judged() {
    let cluster = cluster().await;
    let (broker, options) = (&cluster.broker, cluster.server.options());
    let client = async_nats::ConnectOptions::with_token(options.token.unwrap());
    let context = async_nats::jetstream::new(client.connect(options.url).await.unwrap());
    let mut jobs = context.get_stream("JOBS").await.unwrap().cached_info().config.clone();
    assert!(jobs.subject_transform.take().is_some());
    context.update_stream(jobs).await.unwrap();
    for id in ["old-1", "old-2"] {
        broker.submit(&job(id)).await.unwrap();
    }

    let told = |changes: &[minos_queue::Change]| {
        let changed = changes.iter().filter(|change| change.is_change());
        changed.map(minos_queue::Change::before).collect::<Vec<_>>()
    };
    for _again in 0..2 {
        let compared = broker.compare(&topology()).await.unwrap();
        let [told] = &told(&compared)[..] else { panic!("{compared:?}") };
        assert!(
            told.starts_with("to update: stream JOBS: subject_transform: none -> jobs."),
            "{told}"
        );
    }
    broker.init(&topology()).await.unwrap();
    assert_eq!(told(&broker.compare(&topology()).await.unwrap()), [""; 0]);

    broker.submit(&job("new")).await.unwrap();
    // One of them was sent again in the meantime.
    broker.submit(&job("old-2")).await.unwrap();
    eventually("two that nobody sees", async || {
        (broker.misplaced().await.unwrap() == 2).then_some(())
    })
    .await;
    assert_eq!(broker.move_misplaced().await.unwrap(), 2);
    assert_eq!((broker.misplaced().await.unwrap(), broker.move_misplaced().await.unwrap()), (0, 0));
    let lanes = cluster.lanes().await;
    let mut rotation = lanes.rotation(0).await.unwrap();
    let mut taken = Vec::new();
    while taken.len() < 3 {
        let delivery = cluster.take(&lanes, &mut rotation).await;
        taken.push(delivery.job.as_ref().unwrap().submission.id.to_string());
        delivery.ack().await.unwrap();
    }
    taken.sort();
    assert_eq!(taken, ["new", "old-1", "old-2"]);
    assert!(lanes.next(&mut rotation, Duration::from_millis(20)).await.unwrap().is_none());
}

#[tokio::test]
async fn a_lane_that_is_taken_out_is_emptied_first_and_removed_when_it_is_told_to_be() {
    let cluster = cluster().await;
    let broker = &cluster.broker;
    broker.submit(&job_in("practice", "late")).await.unwrap();
    let mut smaller = topology();
    smaller.lanes.retain(|lane| lane.lane.as_str() != "practice");
    smaller.shards -= 1;
    broker.init(&smaller).await.unwrap();
    broker.submit(&job_in("practice", "refused")).await.unwrap_err();
    let told = async || -> Vec<(String, usize, u64)> {
        let left = broker.leftovers(&smaller).await.unwrap().into_iter();
        left.map(|one| (one.lane.to_string(), one.consumers.len(), one.jobs)).collect()
    };
    let shards = usize::try_from(topology().shards).unwrap();
    let [contest, rejudge] = ["contest", "rejudge"].map(|lane| (lane.to_owned(), 1, 0));
    let practice = ("practice".to_owned(), shards, 1);
    assert_eq!(told().await, [contest, practice.clone(), rejudge]);

    assert_eq!(broker.remove_leftovers(&smaller).await.unwrap().len(), 2);
    assert_eq!(told().await, [practice], "a lane with a job in it stays");
    // What was sent before is judged as if nothing had happened.
    let lanes = cluster.lanes().await;
    let mut rotation = lanes.rotation(0).await.unwrap();
    let delivery = cluster.take(&lanes, &mut rotation).await;
    assert_eq!(delivery.job.as_ref().unwrap().submission.id.as_str(), "late");
    delivery.ack().await.unwrap();
    eventually("it is empty", async || {
        broker.remove_leftovers(&smaller).await.unwrap();
        told().await.is_empty().then_some(())
    })
    .await;
    let lanes = broker.lanes(&"any".parse().unwrap()).await.unwrap();
    assert_eq!(lanes.len(), 2);
    assert_eq!(broker.remove_leftovers(&smaller).await.unwrap(), []);
}
