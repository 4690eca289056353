//! Packages, sources, the archive, progress, beats and the status.

use std::time::Duration;

use minos_model::{Digest, Isolation, ProblemRef, Progress, Stage};
use minos_queue::{Claim, JudgingId, MAX_BUILD, NodeState, Pushed, QueueError};

use crate::support::{cluster, eventually, job, node};

fn revision(first: u8) -> Digest {
    let mut bytes = [7; 32];
    bytes[0] = first;
    Digest::from_bytes(bytes)
}

#[tokio::test]
async fn a_problem_means_the_revision_pushed_last_or_the_one_named() {
    let cluster = cluster().await;
    let broker = &cluster.broker;
    let id = "aplusb".parse().unwrap();
    let reference = |text: &str| text.parse::<ProblemRef>().unwrap();
    let unknown = broker.resolve(&reference("aplusb")).await.unwrap_err();
    assert!(matches!(unknown, QueueError::UnknownProblem(_)) && unknown.is_usage(), "{unknown}");
    // Larger than one chunk of the store.
    let archives: [Vec<u8>; 2] = [vec![1; 300_000], vec![2; 10]];
    let revisions = [revision(0xa1), revision(0xa2)];
    for (revision, archive) in revisions.iter().zip(&archives) {
        let mut reader = archive.as_slice();
        let pushed = broker.put_package(&id, revision, "A + B", &mut reader).await.unwrap();
        assert_eq!(pushed, Pushed::New);
    }
    for (text, expected) in [("aplusb", 1), ("aplusb@a1", 0), ("aplusb@A2", 1)] {
        assert_eq!(broker.resolve(&reference(text)).await.unwrap(), revisions[expected], "{text}");
    }
    let error = broker.resolve(&reference("aplusb@a")).await.unwrap_err();
    assert!(matches!(error, QueueError::AmbiguousRevision { .. }), "{error}");
    broker.resolve(&reference("aplusb@b")).await.unwrap_err();
    let pushed = broker.put_package(&id, &revisions[0], "A + B", &mut [].as_slice()).await.unwrap();
    assert_eq!(pushed, Pushed::AlreadyThere);
    assert_eq!(broker.resolve(&reference("aplusb")).await.unwrap(), revisions[0]);
    for (revision, archive) in revisions.iter().zip(&archives) {
        let mut copy = Vec::new();
        broker.get_package(revision, &mut copy).await.unwrap();
        assert_eq!(copy, *archive);
    }
    let list = broker.list_problems().await.unwrap();
    assert_eq!(list.len(), 1);
    assert_eq!((list[0].revision, list[0].bytes), (revisions[0], 300_000));
    assert_eq!((list[0].title.as_str(), list[0].id.as_str()), ("A + B", "aplusb"));
    assert_eq!(broker.revisions(&id).await.unwrap().len(), 2);
    let mut copy = Vec::new();
    let error = broker.get_package(&revision(1), &mut copy).await.unwrap_err();
    assert!(matches!(error, QueueError::NoObject { .. }), "{error}");
}

#[tokio::test]
async fn a_build_of_one_node_is_there_for_another_and_is_bounded() {
    let cluster = cluster().await;
    let (broker, key) = (&cluster.broker, revision(0xb1));
    assert_eq!(broker.get_build(&key).await.unwrap(), None);
    // Larger than one chunk of the store.
    let build = vec![3; 300_000];
    broker.put_build(&key, &build).await.unwrap();
    broker.put_build(&key, b"another").await.unwrap();
    assert_eq!(broker.get_build(&key).await.unwrap(), Some(build));
    assert_eq!(broker.get_build(&revision(0xb2)).await.unwrap(), None);
    let error = broker.put_build(&key, &vec![0; MAX_BUILD + 1]).await.unwrap_err();
    assert!(matches!(error, QueueError::TooLarge { .. }), "{error}");
}

#[tokio::test]
async fn one_node_compiles_for_all_and_says_when_it_is_done() {
    let cluster = cluster().await;
    let (broker, one) = (&cluster.broker, revision(1));
    let claim = async |who: &str| broker.claim_builds(&one, &node(who)).await.unwrap();
    assert_eq!(claim("n1").await, Claim::Ours);
    assert_eq!(claim("n2").await, Claim::Others);
    assert_eq!(claim("n1").await, Claim::Ours, "it may begin again");
    assert_eq!(broker.claim_builds(&revision(2), &node("n2")).await.unwrap(), Claim::Ours);
    broker.builds_made(&one).await.unwrap();
    assert_eq!((claim("n1").await, claim("n2").await), (Claim::Made, Claim::Made));
    assert_eq!(broker.get_build(&one).await.unwrap(), None, "a claim is no build");
}

#[tokio::test]
async fn what_was_pushed_since_is_told_once_and_of_many_the_last() {
    let cluster = cluster().await;
    let broker = &cluster.broker;
    let push = async |id: &str, byte: u8| {
        let id = id.parse().unwrap();
        broker.put_package(&id, &revision(byte), "", &mut [byte].as_slice()).await.unwrap();
    };
    let since = async |place, most| {
        let (place, pushed) = broker.pushed_since(place, most).await.unwrap();
        let names = pushed.iter().map(|entry| format!("{}{}", entry.id, entry.bytes));
        (place, names.collect::<Vec<_>>().join(" "))
    };
    assert_eq!(since(0, 9).await, (0, String::new()));
    push("a", 1).await;
    push("b", 2).await;
    let (place, names) = since(0, 9).await;
    assert_eq!(names, "a1 b1");
    assert_eq!(since(place, 9).await, (place, String::new()));
    for (id, byte) in [("a", 3), ("c", 4), ("a", 1)] {
        push(id, byte).await;
    }
    assert_eq!(since(place, 9).await.1, "c1 a1", "a revision that was pushed again is told again");
    assert_eq!(since(0, 1).await.1, "a1", "the last one");
    assert_eq!(since(u64::MAX, 9).await.1, "b1 c1 a1", "a bucket that was made anew");
}

#[tokio::test]
async fn a_source_comes_back_from_its_address() {
    let cluster = cluster().await;
    let source = vec![0xff; 200_000];
    let digest = cluster.broker.put_source(&source).await.unwrap();
    assert_eq!(cluster.broker.put_source(&source).await.unwrap(), digest);
    assert_eq!(cluster.broker.get_source(&digest).await.unwrap(), source);
    let error = cluster.broker.get_source(&revision(1)).await.unwrap_err();
    assert!(matches!(error, QueueError::NoObject { bucket: "SRC", .. }), "{error}");
}

#[tokio::test]
async fn the_archive_has_each_judging_once_and_yields_the_job() {
    let cluster = cluster().await;
    let lanes = cluster.lanes().await;
    let mut rotation = lanes.rotation(0).await.unwrap();
    let sent = job("s1");
    cluster.broker.submit(&sent).await.unwrap();
    let delivery = cluster.take(&lanes, &mut rotation).await;
    for _ in 0..2 {
        cluster.broker.archive(&delivery).await.unwrap();
    }
    for problem in [None, Some(&sent.submission.problem.id)] {
        let mut archived = cluster.broker.archived(problem);
        assert_eq!(archived.next().await.unwrap().as_ref(), Some(&sent));
        assert_eq!(archived.next().await.unwrap(), None);
    }
    let other = "other".parse().unwrap();
    assert_eq!(cluster.broker.archived(Some(&other)).next().await.unwrap(), None);
    let submission = &sent.submission;
    let next = cluster.broker.next_generation(&submission.tenant, &submission.id).await.unwrap();
    assert_eq!(next.get(), 2);
}

#[tokio::test]
async fn the_last_progress_can_be_asked_for() {
    let cluster = cluster().await;
    let submission = job("s1").submission;
    let judging = JudgingId::of(&submission);
    assert_eq!(cluster.broker.last_progress(&judging).await.unwrap(), None);
    for stage in [Stage::Received, Stage::Testing { test: 2, of: 5 }] {
        let progress = Progress {
            submission: submission.id.clone(),
            tenant: submission.tenant.clone(),
            generation: submission.generation,
            stage,
        };
        cluster.broker.progress(&progress).await;
        eventually("progress", async || {
            let last = cluster.broker.last_progress(&judging).await.unwrap();
            (last.as_ref() == Some(&progress)).then_some(())
        })
        .await;
    }
}

fn beating() -> NodeState {
    NodeState {
        node: node("n1"),
        pool: "any".parse().unwrap(),
        slots: 2,
        busy: 1,
        states: vec!["busy".to_owned(), "idle".to_owned()],
        unready: vec!["drain: takes no new jobs".to_owned()],
        restarts: 3,
        recent: [("AC".to_owned(), 7)].into(),
        quarantined: 0,
        draining: false,
        isolation: Isolation::CgroupHybrid,
        version: "0.1.0".to_owned(),
        judged: 7,
        started_ms: 1,
        beat_ms: 0,
    }
}

#[tokio::test]
async fn the_status_shows_nodes_lanes_and_the_oldest_job() {
    let cluster = cluster().await;
    let broker = &cluster.broker;
    let state = beating();
    for _ in 0..2 {
        broker.beat(&state).await.unwrap();
    }
    for id in ["s1", "s2", "s3"] {
        broker.submit(&job(id)).await.unwrap();
    }
    let lanes = cluster.lanes().await;
    let mut rotation = lanes.rotation(0).await.unwrap();
    let delivery = cluster.take(&lanes, &mut rotation).await;
    let _lease = delivery.lease();
    let status = broker.status().await.unwrap();
    assert_eq!(status.nodes.len(), 1);
    let beat_ms = status.nodes[0].beat_ms;
    assert!(beat_ms > 0);
    assert_eq!(status.nodes[0], NodeState { beat_ms, ..state });
    let contest = status.lanes.iter().find(|lane| lane.lane.as_str() == "contest").unwrap();
    assert_eq!((contest.pending, contest.in_flight), (2, 1));
    assert!(contest.oldest.unwrap() < Duration::from_secs(20));
    let practice = status.lanes.iter().find(|lane| lane.lane.as_str() == "practice").unwrap();
    assert_eq!((practice.pending, practice.oldest), (0, None));
    assert_eq!((status.lanes.len(), status.dead), (3, 0));
}

#[tokio::test]
async fn a_node_that_beats_while_the_status_is_read_is_one_node() {
    let cluster = cluster().await;
    let (broker, state) = (&cluster.broker, beating());
    broker.beat(&state).await.unwrap();
    let beats = async {
        loop {
            broker.beat(&state).await.unwrap();
        }
    };
    let looks = async {
        for _look in 0..100 {
            assert_eq!(broker.nodes().await.unwrap().len(), 1);
        }
    };
    tokio::select! {
        () = beats => {}
        () = looks => {}
    }
}
