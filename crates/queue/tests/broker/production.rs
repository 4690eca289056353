//! `cluster-config/nats/single.conf` as it is shipped: each role can do its work and no more.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use minos_model::{Digest, Verdict};
use minos_queue::{Broker, ConnectOptions, DeadReason, JudgingId, Submitted, server};

use crate::support::{eventually, job, judgement, node, topology};

struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.kill().and_then(|()| self.0.wait()).unwrap();
    }
}

/// Starts the shipped file with its address and its store moved.
async fn start(directory: &std::path::Path) -> (Running, String) {
    let shipped = include_str!("../../../../cluster-config/nats/single.conf");
    let store = directory.join("store").display().to_string();
    let moved = shipped
        .replace("0.0.0.0:4222", "127.0.0.1:-1")
        .replace("127.0.0.1:8222", "127.0.0.1:-1")
        .replace("/var/lib/nats", &store);
    assert!(moved.contains(&store) && !moved.contains(":4222\""));
    let file = directory.join("single.conf");
    std::fs::write(&file, moved).unwrap();
    let child = Command::new(server::find().unwrap())
        .arg("-c")
        .arg(&file)
        .args(["--ports_file_dir".as_ref(), directory.as_os_str()])
        .env("MINOS_ADMIN_PASSWORD", "a-secret")
        .env("MINOS_NODE_PASSWORD", "n-secret")
        .env("MINOS_SUBMIT_PASSWORD", "s-secret")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let running = Running(child);
    let ports = directory.join(format!("nats-server_{}.ports", running.0.id()));
    let address = eventually("address", async || {
        let text = std::fs::read_to_string(&ports).ok()?;
        let (_, rest) = text.split_once("nats://")?;
        Some(rest.split('"').next()?.to_owned())
    })
    .await;
    (running, address)
}

#[tokio::test]
async fn each_role_can_do_its_work_and_no_more() {
    let directory = tempfile::tempdir().unwrap();
    let (_running, address) = start(directory.path()).await;
    let connect = async |user: &str, password: &str| {
        let options = ConnectOptions::new(format!("nats://{user}:{password}@{address}"));
        eventually("connection", async || Broker::connect(&options).await.ok()).await
    };
    let admin = connect("admin", "a-secret").await;
    let judge = connect("node", "n-secret").await;
    let platform = connect("submit", "s-secret").await;
    let wrong = ConnectOptions::new(format!("nats://node:guess@{address}"));
    let refused = Broker::connect(&wrong).await.unwrap_err().to_string();
    assert!(refused.contains("refuses these credentials"), "{refused}");
    admin.init(&topology()).await.unwrap();
    let id = "aplusb".parse().unwrap();
    let revision = Digest::from_bytes([3; 32]);
    admin.put_package(&id, &revision, "A + B", &mut [1, 2, 3].as_slice()).await.unwrap();
    let source = admin.put_source(b"text").await.unwrap();

    let sent = job("s1");
    assert_eq!(platform.submit(&sent).await.unwrap(), Submitted::Stored);
    assert_eq!(platform.submit(&sent).await.unwrap(), Submitted::AlreadyQueued);
    let mut followed = platform.verdicts(None, true).await.unwrap();

    let pool = "any".parse().unwrap();
    let lanes = judge.bind(&judge.lanes(&pool).await.unwrap(), &pool).await.unwrap();
    let mut rotation = lanes.rotation(0).await.unwrap();
    let delivery = lanes.next(&mut rotation, Duration::from_secs(1)).await.unwrap().unwrap();
    judge.archive(&delivery).await.unwrap();
    for reference in ["aplusb", "aplusb@03"] {
        assert_eq!(judge.resolve(&reference.parse().unwrap()).await.unwrap(), revision);
    }
    let mut copy = Vec::new();
    judge.get_package(&revision, &mut copy).await.unwrap();
    assert_eq!(copy, [1, 2, 3]);
    assert_eq!(judge.get_source(&source).await.unwrap(), b"text");
    assert!(!judge.is_drained(&node("n1")).await.unwrap());
    admin.set_drain(&node("n1"), true).await.unwrap();
    let mut watch = judge.watch_control().await.unwrap();
    assert!(watch.next().await.unwrap().is_some());
    let verdict = judgement(&sent, Verdict::Accepted, "n1");
    judge.store_verdict(&verdict).await.unwrap();
    delivery.ack().await.unwrap();
    assert_eq!(judge.collect_exhausted().await.unwrap(), 0);

    platform.submit(&job("s2")).await.unwrap();
    let delivery = lanes.next(&mut rotation, Duration::from_secs(1)).await.unwrap().unwrap();
    judge
        .bury(&delivery, DeadReason::UnknownProblem, "no such problem", &node("n1"))
        .await
        .unwrap();

    let judging = JudgingId::of(&sent.submission);
    let waited = platform.wait_verdict(&judging, Duration::from_secs(5)).await.unwrap();
    assert_eq!(waited, Some(verdict.clone()));
    assert_eq!(followed.next().await.unwrap(), verdict);
    let standing = platform.standing(&sent.submission.tenant, &sent.submission.id, None).await;
    assert!(matches!(standing, Ok(minos_queue::Standing::Judged(_))), "{standing:?}");

    // What is not theirs is not answered, which is all a broker says.
    let forgery = judgement(&job("s3"), Verdict::Accepted, "forged");
    let topology = topology();
    let (forged, created) = tokio::join!(platform.store_verdict(&forgery), judge.init(&topology));
    assert!(matches!(forged, Err(minos_queue::QueueError::Timeout { .. })), "{forged:?}");
    created.unwrap_err();
}
