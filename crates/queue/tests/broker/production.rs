//! `cluster-config/nats/` as it is shipped: each role can do its work and no more.

use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use minos_model::{Digest, Verdict};
use minos_queue::{Broker, Claim, ConnectOptions, DeadReason, JudgingId, Submitted, server};

use crate::support::{eventually, job, judgement, node, topology};

const USERS: &str = include_str!("../../../../cluster-config/nats/users.conf");

struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.kill().and_then(|()| self.0.wait()).unwrap();
    }
}

/// Starts the shipped file with its address and its store moved.
async fn start(directory: &std::path::Path) -> (Running, String) {
    start_with(directory, USERS).await
}

async fn start_with(directory: &std::path::Path, users: &str) -> (Running, String) {
    let shipped = include_str!("../../../../cluster-config/nats/single.conf");
    let store = directory.join("store").display().to_string();
    let moved = shipped
        .replace("0.0.0.0:4222", "127.0.0.1:-1")
        .replace("127.0.0.1:8222", "127.0.0.1:-1")
        .replace("/var/lib/nats", &store);
    assert!(moved.contains(&store) && !moved.contains(":4222\""));
    let file = directory.join("single.conf");
    std::fs::write(&file, moved).unwrap();
    std::fs::write(directory.join("users.conf"), users).unwrap();
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
    let (_place, pushed) = judge.pushed_since(0, 9).await.unwrap();
    assert_eq!(pushed.iter().map(|entry| entry.revision).collect::<Vec<_>>(), [revision]);
    judge.put_build(&revision, b"a build").await.unwrap();
    assert_eq!(judge.get_build(&revision).await.unwrap().unwrap(), b"a build");
    assert_eq!(judge.claim_builds(&revision, &node("n1")).await.unwrap(), Claim::Ours);
    judge.builds_made(&revision).await.unwrap();
    assert_eq!(judge.claim_builds(&revision, &node("n2")).await.unwrap(), Claim::Made);
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

/// What each role must not do: the subject it would have to publish to.
const FORBIDDEN: [(&str, &str, &str); 26] = [
    ("node", "n-secret", "$JS.API.STREAM.CREATE.OTHER"),
    ("node", "n-secret", "$JS.API.STREAM.UPDATE.JOBS"),
    ("node", "n-secret", "$JS.API.STREAM.DELETE.JOBS"),
    ("node", "n-secret", "$JS.API.STREAM.PURGE.RESULTS"),
    ("node", "n-secret", "$JS.API.STREAM.MSG.DELETE.RESULTS"),
    ("node", "n-secret", "$JS.API.CONSUMER.CREATE.JOBS.mine"),
    ("node", "n-secret", "$JS.API.CONSUMER.DURABLE.CREATE.JOBS.contest-any"),
    ("node", "n-secret", "$JS.API.CONSUMER.DELETE.JOBS.contest-any"),
    ("node", "n-secret", "jobs.contest.any.default.forged.1"),
    ("node", "n-secret", "$KV.CONTROL.drain.other"),
    ("node", "n-secret", "$KV.PROBLEMS.latest.aplusb"),
    ("node", "n-secret", "$O.PKG.M.bmFtZQ=="),
    ("submit", "s-secret", "$JS.API.STREAM.CREATE.OTHER"),
    ("submit", "s-secret", "$JS.API.STREAM.DELETE.JOBS"),
    ("submit", "s-secret", "$JS.API.STREAM.PURGE.JOBS"),
    ("submit", "s-secret", "$JS.API.STREAM.MSG.DELETE.RESULTS"),
    ("submit", "s-secret", "$JS.API.CONSUMER.MSG.NEXT.JOBS.contest-any"),
    ("submit", "s-secret", "$JS.API.CONSUMER.CREATE.JOBS.mine"),
    ("submit", "s-secret", "$JS.ACK.JOBS.contest-any.1.1.1.1.0"),
    ("submit", "s-secret", "results.default.s1.1"),
    ("submit", "s-secret", "submissions.aplusb.default.s1.1"),
    ("submit", "s-secret", "dlq.package.default.s1"),
    ("submit", "s-secret", "$KV.NODES.n1"),
    ("submit", "s-secret", "$KV.CONTROL.cancel.default.s1"),
    ("submit", "s-secret", "$O.PKG.C.chunk"),
    ("submit", "s-secret", "$O.BLD.C.chunk"),
];

#[tokio::test]
async fn what_a_role_must_not_do_is_refused_and_leaves_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let (_running, address) = start(directory.path()).await;
    let admin = ConnectOptions::new(format!("nats://admin:a-secret@{address}"));
    let admin = eventually("connection", async || Broker::connect(&admin).await.ok()).await;
    admin.init(&topology()).await.unwrap();
    for user in ["node", "submit"] {
        let refusals: Arc<Mutex<Vec<String>>> = Arc::default();
        let heard = Arc::clone(&refusals);
        let rows = || FORBIDDEN.iter().filter(|(role, ..)| *role == user);
        let password = rows().next().unwrap().1;
        let client = async_nats::ConnectOptions::new()
            .user_and_password(user.to_owned(), password.to_owned())
            .event_callback(move |event| {
                let heard = Arc::clone(&heard);
                async move { heard.lock().unwrap().push(event.to_string()) }
            })
            .connect(&address)
            .await
            .unwrap();
        for (_, _, subject) in rows() {
            client.publish(*subject, "{}".into()).await.unwrap();
        }
        client.subscribe("jobs.>").await.unwrap();
        client.flush().await.unwrap();
        for subject in rows().map(|(_, _, subject)| *subject).chain(["jobs.>"]) {
            let quoted = format!("\"{subject}\"").to_lowercase();
            eventually(&format!("refusal of {subject} for {user}"), async || {
                let all = refusals.lock().unwrap();
                let refused = |one: &String| {
                    let one = one.to_lowercase();
                    one.contains("permissions violation") && one.contains(&quoted)
                };
                all.iter().any(refused).then_some(())
            })
            .await;
        }
    }
    let status = admin.status().await.unwrap();
    assert!(status.lanes.iter().all(|lane| lane.pending == 0) && status.dead == 0, "{status:?}");
    assert!(status.nodes.is_empty() && admin.list_problems().await.unwrap().is_empty());
    assert!(admin.verdict(&JudgingId::of(&job("s1").submission)).await.unwrap().is_none());
}

#[tokio::test]
async fn a_seed_in_a_file_is_who_we_are_and_anything_else_in_it_is_refused() {
    const SEED: &str = "SUACSSL3UAHUDXKFSNVUZRF5UHPMWZ6BFDTJ7M6USDXIEDNPPQYYYCU3VY";
    const KEY: &str = "UDXU4RCSJNZOIQHZNWXHXORDPRTGNJAHAHFRGZNEEJCPQTT2M7NLCNF4";
    let directory = tempfile::tempdir().unwrap();
    let password = "{ user: node, password: $MINOS_NODE_PASSWORD, permissions: $NODE }";
    assert!(USERS.contains(password));
    let users = USERS.replace(password, &format!("{{ nkey: {KEY}, permissions: $NODE }}"));
    let (_running, address) = start_with(directory.path(), &users).await;
    let file = directory.path().join("node.creds");
    let options = ConnectOptions {
        creds: Some(file.clone()),
        ..ConnectOptions::new(format!("nats://{address}"))
    };
    std::fs::write(&file, format!("# the node's\n{SEED}\n")).unwrap();
    let node = eventually("connection", async || Broker::connect(&options).await.ok()).await;
    node.ping().await.unwrap();
    for text in ["", "user:password", "SUA\nSUB\n"] {
        std::fs::write(&file, text).unwrap();
        let error = Broker::connect(&options).await.unwrap_err().to_string();
        assert!(error.contains("node.creds: expected a NATS user JWT"), "{text}: {error}");
    }
}
