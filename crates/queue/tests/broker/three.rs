//! Three servers with `cluster-config/nats/cluster.conf` as it is shipped, and the leader killed.

use std::collections::BTreeSet;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use minos_model::Verdict;
use minos_queue::{Broker, ConnectOptions, JudgingId, Topology, server};

use crate::support::{PATIENCE, eventually, job, judgement, topology};

const SHIPPED: &str = include_str!("../../../../cluster-config/nats/cluster.conf");
const USERS: &str = include_str!("../../../../cluster-config/nats/users.conf");
/// Submissions of the test.
const JOBS: usize = 240;

/// One server; killed with this value.
struct Server {
    name: String,
    conf: PathBuf,
    routes: String,
    child: Option<Child>,
}

impl Server {
    fn start(&mut self) {
        let child = Command::new(server::find().unwrap())
            .arg("-c")
            .arg(&self.conf)
            .env("MINOS_NATS_NAME", &self.name)
            .env("MINOS_NATS_ROUTES", &self.routes)
            .env("MINOS_ROUTE_PASSWORD", "r-secret")
            .env("MINOS_ADMIN_PASSWORD", "a-secret")
            .env("MINOS_NODE_PASSWORD", "n-secret")
            .env("MINOS_SUBMIT_PASSWORD", "s-secret")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        self.child = Some(child);
    }

    fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Three servers, and where their clients connect.
fn three(directory: &Path) -> (Vec<Server>, Vec<u16>) {
    // All are held until the last one is known, so that no two are the same.
    let held: Vec<TcpListener> =
        (0..6).map(|_| TcpListener::bind("127.0.0.1:0").unwrap()).collect();
    let ports: Vec<u16> = held.iter().map(|held| held.local_addr().unwrap().port()).collect();
    let (clients, routes) = ports.split_at(3);
    let servers = (0..3).map(|index| {
        let home = directory.join(format!("n{index}"));
        std::fs::create_dir(&home).unwrap();
        let moved = SHIPPED
            .replace("0.0.0.0:4222", &format!("127.0.0.1:{}", clients[index]))
            .replace("127.0.0.1:8222", "127.0.0.1:-1")
            .replace("0.0.0.0:6222", &format!("127.0.0.1:{}", routes[index]))
            .replace("/var/lib/nats", &home.join("store").display().to_string());
        assert!(!moved.contains("\"0.0.0.0:"), "{moved}");
        let conf = home.join("cluster.conf");
        std::fs::write(&conf, moved).unwrap();
        std::fs::write(home.join("users.conf"), USERS).unwrap();
        let others = routes.iter().enumerate().filter(|(other, _)| *other != index);
        let others: Vec<String> = others
            .map(|(_, port)| format!("\"nats-route://route:r-secret@127.0.0.1:{port}\""))
            .collect();
        let routes = format!("[{}]", others.join(", "));
        Server { name: format!("n{index}"), conf, routes, child: None }
    });
    (servers.collect(), clients.to_vec())
}

fn options(clients: &[u16], user: &str, password: &str) -> ConnectOptions {
    let urls: Vec<String> =
        clients.iter().map(|port| format!("nats://{user}:{password}@127.0.0.1:{port}")).collect();
    ConnectOptions::new(urls.join(","))
}

/// The server that leads the stream of jobs.
async fn leader(context: &async_nats::jetstream::Context) -> String {
    eventually("leader", async || {
        let stream = context.get_stream("JOBS").await.ok()?;
        stream.cached_info().cluster.as_ref()?.leader.clone().filter(|name| !name.is_empty())
    })
    .await
}

/// Judges until it is told to stop: every delivery gets its verdict, then its acknowledgement.
async fn judge(broker: &Broker, name: &str, stored: &AtomicUsize, stop: &AtomicBool) {
    let pool = "any".parse().unwrap();
    let lanes = eventually("lanes", async || {
        let lanes = broker.lanes(&pool).await.ok()?;
        broker.bind(&lanes, &pool).await.ok()
    })
    .await;
    let mut rotation = lanes.rotation(0).await.unwrap();
    while !stop.load(Ordering::SeqCst) {
        let Ok(next) = lanes.next(&mut rotation, Duration::from_millis(100)).await else {
            rotation = eventually("rotation", async || lanes.rotation(0).await.ok()).await;
            continue;
        };
        let Some(delivery) = next else { continue };
        let _lease = delivery.lease();
        let verdict = judgement(delivery.job.as_ref().unwrap(), Verdict::Accepted, name);
        eventually("stored verdict", async || broker.store_verdict(&verdict).await.ok()).await;
        stored.fetch_add(1, Ordering::SeqCst);
        delivery.ack().await.unwrap();
    }
}

#[tokio::test]
async fn the_leader_of_three_is_killed_twice_and_every_acknowledged_job_has_its_one_verdict() {
    let directory = tempfile::tempdir().unwrap();
    let (mut servers, clients) = three(directory.path());
    servers.iter_mut().for_each(Server::start);
    let admin = options(&clients, "admin", "a-secret");
    let admin = eventually("connection", async || Broker::connect(&admin).await.ok()).await;
    let topology =
        Topology { replicas: 3, ack_wait: Duration::from_secs(3), max_deliver: 9, ..topology() };
    eventually("streams", async || admin.init(&topology).await.ok()).await;
    let again = admin.init(&topology).await.unwrap();
    assert!(again.iter().all(|change| !change.is_change()), "{again:?}");
    let urls: Vec<String> = clients.iter().map(|port| format!("127.0.0.1:{port}")).collect();
    let client = async_nats::ConnectOptions::new()
        .user_and_password("admin".to_owned(), "a-secret".to_owned())
        .connect(urls)
        .await
        .unwrap();
    let context = async_nats::jetstream::new(client);

    let (stored, stop) = (AtomicUsize::new(0), AtomicBool::new(false));
    let one = Broker::connect(&options(&clients, "node", "n-secret")).await.unwrap();
    let other = Broker::connect(&options(&clients, "node", "n-secret")).await.unwrap();
    let platform = Broker::connect(&options(&clients, "submit", "s-secret")).await.unwrap();
    let work = async {
        let ledger = submit(&platform, &mut servers, &context).await;
        check(&ledger, &platform, &admin).await;
        stop.store(true, Ordering::SeqCst);
        ledger
    };
    let (ledger, (), ()) = tokio::join!(
        work,
        judge(&one, "n-a", &stored, &stop),
        judge(&other, "n-b", &stored, &stop)
    );
    let results = eventually("results", async || context.get_stream("RESULTS").await.ok()).await;
    assert_eq!(results.cached_info().state.messages, u64::try_from(ledger.len()).unwrap());
    let executed = stored.load(Ordering::SeqCst);
    assert!((JOBS..2 * JOBS).contains(&executed), "{executed} judgings of {JOBS}");
}

/// Sends the submissions, the leader killed twice on the way; what was acknowledged.
async fn submit(
    platform: &Broker,
    servers: &mut [Server],
    context: &async_nats::jetstream::Context,
) -> BTreeSet<JudgingId> {
    let mut ledger = BTreeSet::new();
    for index in 0..JOBS {
        // The fault falls between two submissions that are both under way to somewhere.
        if index == JOBS / 3 || index == 2 * JOBS / 3 {
            servers.iter_mut().filter(|server| server.child.is_none()).for_each(Server::start);
            let leader = leader(context).await;
            let victim = servers.iter_mut().find(|server| server.name == leader).unwrap();
            victim.kill();
        }
        let sent = job(&format!("s{index}"));
        // Unknown is not refused: the same submission again is safe.
        eventually("acknowledgement", async || platform.submit(&sent).await.ok()).await;
        ledger.insert(JudgingId::of(&sent.submission));
    }
    ledger
}

/// Waits until every acknowledged submission has its verdict and nothing is left in the queue.
async fn check(ledger: &BTreeSet<JudgingId>, platform: &Broker, admin: &Broker) {
    for judging in ledger {
        let verdict = eventually(&format!("verdict on {judging}"), async || {
            platform.wait_verdict(judging, PATIENCE).await.ok().flatten()
        })
        .await;
        assert_eq!(verdict.verdict, Verdict::Accepted);
    }
    eventually("empty queue", async || {
        let status = admin.status().await.ok()?;
        let left: u64 = status.lanes.iter().map(|lane| lane.pending + lane.in_flight).sum();
        (left == 0 && status.dead == 0).then_some(())
    })
    .await;
}
