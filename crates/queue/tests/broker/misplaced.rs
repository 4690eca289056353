//! A cluster that was made by an older file: what differs is told before it is changed, and no job
//! stays behind.

use std::time::Duration;

use crate::support::{cluster, eventually, job, topology};

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
