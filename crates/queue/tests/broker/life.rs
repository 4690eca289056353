//! The private server's life and deaths, and what survives them.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use minos_model::Verdict;
use minos_queue::server::{LocalServer, ServerError};
use minos_queue::{
    Broker, ConnectOptions, JudgingId, QueueError, Standing, Stored, Submitted, endpoint,
};

use crate::support::{PATIENCE, cluster, eventually, job, judgement, topology};

fn kill_9(pid: u32) {
    let status = Command::new("kill").args(["-9", &pid.to_string()]).status().unwrap();
    assert!(status.success());
}

#[tokio::test]
async fn a_killed_server_is_back_on_its_address_with_everything_it_acknowledged() {
    let cluster = cluster().await;
    let broker = &cluster.broker;
    for index in 0..50 {
        let sent = job(&format!("s{index}"));
        assert_eq!(broker.submit(&sent).await.unwrap(), Submitted::Stored);
    }
    let judged = judgement(&job("s0"), Verdict::Accepted, "n1");
    broker.store_verdict(&judged).await.unwrap();
    let killed = cluster.server.pid().unwrap();
    kill_9(killed);
    eventually("new server", async || cluster.server.pid().filter(|pid| *pid != killed)).await;
    // The same connection: it finds its way back by itself.
    eventually("connection", async || broker.ping().await.ok()).await;
    let status = broker.status().await.unwrap();
    assert_eq!(status.lanes.iter().map(|lane| lane.pending + lane.in_flight).sum::<u64>(), 50);
    let lanes = cluster.lanes().await;
    let mut rotation = lanes.rotation(0).await.unwrap();
    let mut first = 0;
    for _ in 0..50 {
        let delivery = cluster.take(&lanes, &mut rotation).await;
        let verdict = judgement(delivery.job.as_ref().unwrap(), Verdict::WrongAnswer, "n2");
        match broker.store_verdict(&verdict).await.unwrap() {
            Stored::First => first += 1,
            Stored::Already(theirs) => assert_eq!(*theirs, judged),
        }
        delivery.ack().await.unwrap();
    }
    assert_eq!(first, 49, "the first verdict wins across a kill");
    assert_eq!(
        broker.submit(&job("s0")).await.unwrap(),
        Submitted::AlreadyJudged(Box::new(judged))
    );
}

#[tokio::test]
async fn a_parked_slot_survives_the_servers_death() {
    let cluster = cluster().await;
    let lanes = cluster.lanes().await;
    let mut rotation = lanes.rotation(0).await.unwrap();
    assert!(
        lanes.next(&mut rotation, std::time::Duration::from_millis(10)).await.unwrap().is_none()
    );
    kill_9(cluster.server.pid().unwrap());
    let sent = job("s1");
    eventually("submission", async || cluster.broker.submit(&sent).await.ok()).await;
    let delivery = cluster.take(&lanes, &mut rotation).await;
    assert_eq!(delivery.job.as_ref(), Ok(&sent));
}

#[tokio::test]
async fn a_directory_is_taken_over_after_a_stop_and_refused_before() {
    let cluster = cluster().await;
    cluster.broker.submit(&job("s1")).await.unwrap();
    let (url, directory) = (cluster.server.url().to_owned(), cluster.directory);
    cluster.server.stop().await;
    let options = ConnectOptions::new(&url);
    let error = Broker::connect(&options).await.unwrap_err();
    assert!(matches!(error, QueueError::NoBroker { .. }), "{error}");
    assert!(error.to_string().contains("minos up"), "{error}");

    let server = LocalServer::start(directory.path()).await.unwrap();
    assert_eq!(server.url(), url, "clients of the earlier life find it");
    let broker = Broker::connect(&server.options()).await.unwrap();
    let changes = broker.init(&topology()).await.unwrap();
    assert!(changes.iter().all(|change| !change.is_change()), "{changes:?}");
    let submission = job("s1").submission;
    let judging = JudgingId::of(&submission);
    let standing = broker.standing(&submission.tenant, &submission.id, None).await.unwrap();
    assert_eq!(standing, Standing::Pending { judging });

    let error = Broker::connect(&ConnectOptions { token: None, ..server.options() }).await;
    assert!(matches!(error, Err(QueueError::Refused { .. })), "{error:?}");
    server.stop().await;
}

#[tokio::test]
async fn a_second_server_on_the_directory_is_refused_with_the_holders_name() {
    let cluster = cluster().await;
    let error = LocalServer::start(cluster.directory.path()).await.unwrap_err();
    let QueueError::Server(ServerError::Locked { pid, .. }) = &error else { panic!("{error}") };
    assert_eq!(*pid, std::process::id().to_string());
}

#[tokio::test]
async fn a_server_that_cannot_start_says_why() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::create_dir(directory.path().join("nats")).unwrap();
    std::fs::write(directory.path().join("nats/server.log"), "").unwrap();
    // The store's place is taken by something that is no directory.
    std::fs::create_dir(directory.path().join("nats/store")).unwrap();
    std::fs::write(directory.path().join("nats/store/jetstream"), "x").unwrap();
    let error = LocalServer::start(directory.path()).await.unwrap_err();
    assert!(matches!(&error, QueueError::Server(ServerError::Failed { .. })), "{error}");
    assert!(error.to_string().contains("storage directory is not a directory"), "{error}");
}

#[tokio::test]
async fn a_verdict_is_waited_for_across_the_servers_death() {
    let cluster = cluster().await;
    let sent = job("s1");
    let judging = JudgingId::of(&sent.submission);
    let verdict = judgement(&sent, Verdict::Accepted, "n1");
    let (waited, stored) = tokio::join!(cluster.broker.wait_verdict(&judging, PATIENCE), async {
        kill_9(cluster.server.pid().unwrap());
        eventually("verdict", async || cluster.broker.store_verdict(&verdict).await.ok()).await
    });
    assert_eq!(waited.unwrap(), Some(verdict.clone()));
    assert!(matches!(stored, Stored::First) || stored == Stored::Already(Box::new(verdict)));
}

/// A process with a private server of its own, which ends when it is told to.
struct Up {
    parent: std::process::Child,
    url: String,
}

fn up(directory: &std::path::Path) -> Up {
    let tests = std::env::current_exe().unwrap();
    let example = tests.ancestors().nth(2).unwrap().join("examples/local_server");
    let mut parent = Command::new(&example)
        .arg(directory)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{}: {error}", example.display()));
    let mut url = String::new();
    BufReader::new(parent.stdout.as_mut().unwrap()).read_line(&mut url).unwrap();
    Up { parent, url: url.trim().to_owned() }
}

/// The nats-server of a process: the child that is one.
fn server_of(parent: u32) -> u32 {
    let children = std::fs::read_to_string(format!("/proc/{parent}/task/{parent}/children"));
    let tasks = std::fs::read_dir(format!("/proc/{parent}/task")).unwrap();
    let mut found: Vec<u32> = tasks
        .map(|task| std::fs::read_to_string(task.unwrap().path().join("children")).unwrap())
        .chain(children)
        .flat_map(|text| {
            text.split_whitespace().map(|pid| pid.parse().unwrap()).collect::<Vec<_>>()
        })
        .collect();
    found.dedup();
    assert_eq!(found.len(), 1, "{found:?}");
    found[0]
}

#[tokio::test]
async fn a_killed_parent_takes_its_server_along_and_the_next_one_carries_on_at_once() {
    for both in [false, true] {
        let directory = tempfile::tempdir().unwrap();
        let mut first = up(directory.path());
        let options = endpoint::resolve(None, None, directory.path(), "test").unwrap();
        assert_eq!(options.url, first.url);
        let broker = Broker::connect(&options).await.unwrap();
        assert_eq!(broker.submit(&job("s1")).await.unwrap(), Submitted::Stored);
        let server = server_of(first.parent.id());
        kill_9(first.parent.id());
        if both {
            kill_9(server);
        }
        let second = LocalServer::start(directory.path()).await.unwrap();
        assert_eq!(second.url(), first.url);
        first.parent.wait().unwrap();
        // The connection of before finds the new server.
        eventually("connection", async || broker.ping().await.ok()).await;
        assert_eq!(broker.submit(&job("s1")).await.unwrap(), Submitted::AlreadyQueued);
        assert!(!std::path::Path::new(&format!("/proc/{server}/exe")).exists(), "an orphan lives");
        second.stop().await;
    }
}
