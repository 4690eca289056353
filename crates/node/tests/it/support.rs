//! A cluster of one test.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use minos_judge::{Builds, Sandboxed, Workshop, prepare};
use minos_model::{Generation, Job, Judgement, NodeId, Source, Stage, Submission, Verdict};
use minos_node::logs::Logs;
use minos_node::{Node, NodeConfig, NodeHandle};
use minos_problem::{Cache, Languages, Package};
use minos_queue::server::LocalServer;
use minos_queue::{Broker, JudgingId, Topology};
use minos_sandbox::{Sandbox, SandboxConfig};

/// How long a test waits for anything.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);
/// How long a delivery stays ours without a beat.
pub(crate) const ACK_WAIT: Duration = Duration::from_secs(2);

pub(crate) struct Cluster {
    pub(crate) server: LocalServer,
    pub(crate) broker: Broker,
    pub(crate) directory: tempfile::TempDir,
}

/// A broker, and the problem `sum` pushed.
pub(crate) async fn cluster() -> Cluster {
    // What the node says stands in the output of a test that fails.
    drop(minos_node::logs::init(&Logs::text("info")));
    let directory = tempfile::tempdir().unwrap();
    let server = LocalServer::start(directory.path()).await.unwrap();
    let broker = Broker::connect(&server.options()).await.unwrap();
    let topology = Topology { ack_wait: ACK_WAIT, ..Topology::built_in() };
    broker.init(&topology).await.unwrap();
    let cluster = Cluster { server, broker, directory };
    cluster.push("sum").await;
    cluster
}

impl Cluster {
    /// A node of this cluster with a state directory of its own.
    pub(crate) async fn node(&self, name: &str, slots: u16) -> NodeHandle {
        self.node_with(name, slots, |config| config).await
    }

    pub(crate) async fn node_with(
        &self,
        name: &str,
        slots: u16,
        change: impl FnOnce(NodeConfig) -> NodeConfig,
    ) -> NodeHandle {
        let dir = self.directory.path().join(name);
        let slots = slots.try_into().unwrap();
        let config = NodeConfig::local(&dir, self.server.options(), Some(slots))
            .named(NodeId::new(name).unwrap())
            .with_languages(&self.languages())
            .with_health("127.0.0.1:0".parse().unwrap());
        Node::start(change(config), self.broker.clone()).await.unwrap()
    }

    /// The languages these tests are written in: trying all of them would take seconds.
    fn languages(&self) -> PathBuf {
        let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../cluster-config/languages");
        let dir = self.directory.path().join("languages");
        fs::create_dir_all(&dir).unwrap();
        for name in ["c.toml", "cpp17.toml", "python3.toml"] {
            fs::copy(shipped.join(name), dir.join(name)).unwrap();
        }
        dir
    }

    /// Prepares a package that adds two numbers, and pushes it under that name.
    pub(crate) async fn push(&self, id: &str) {
        self.push_with(id, r#"<checker name="std::wcmp.cpp" type="testlib"/>"#, "").await;
    }

    /// The same with a checker of its own, whose source is `files/check.cpp`.
    pub(crate) async fn push_with(&self, id: &str, checker: &str, source: &str) {
        let dir = self.directory.path().join(format!("package-{id}"));
        write_package(&dir, id, (checker, source));
        let scratch = self.directory.path().join("push");
        let (problem, archive) = tokio::task::spawn_blocking(move || {
            let sandbox = Arc::new(Sandbox::open(SandboxConfig::default()).unwrap());
            let boxes = Sandboxed::open(sandbox, 400).unwrap();
            let builds = Builds::open(scratch.join("builds"), Builds::DEFAULT_MAX).unwrap();
            let languages = Arc::new(Languages::builtin());
            let mut workshop = Workshop::new(boxes, languages, Arc::new(builds));
            let cache = Cache::open(scratch.join("cache")).unwrap();
            let package = Package::open(&dir).unwrap();
            let draft = cache.begin(&package).unwrap();
            let problem = prepare(&mut workshop, &package, draft).unwrap();
            let archive = scratch.join("archive");
            cache.pack(&problem, fs::File::create(&archive).unwrap()).unwrap();
            (problem, archive)
        })
        .await
        .unwrap();
        let mut archive = tokio::fs::File::open(&archive).await.unwrap();
        let (id, revision) = (problem.id.clone(), problem.revision);
        self.broker.put_package(&id, &revision, &problem.name, &mut archive).await.unwrap();
    }

    pub(crate) async fn submit(&self, id: &str, language: &str, source: &str) {
        self.submit_for("sum", id, language, source).await;
    }

    pub(crate) async fn submit_for(&self, problem: &str, id: &str, language: &str, source: &str) {
        let job = job((problem, "any"), id, language, source);
        self.broker.submit(&job).await.unwrap();
    }

    /// A submission that waits for the nodes of a pool.
    pub(crate) async fn submit_in(&self, pool: &str, id: &str) {
        let job = job(("sum", pool), id, "c", "int main(void){}");
        self.broker.submit(&job).await.unwrap();
    }

    pub(crate) async fn verdict(&self, id: &str) -> Judgement {
        let judging = judging(id);
        let waited = self.broker.wait_verdict(&judging, PATIENCE).await.unwrap();
        waited.unwrap_or_else(|| panic!("no verdict on {id} within {PATIENCE:?}"))
    }

    /// Waits until the submission's program runs on a test.
    pub(crate) async fn until_testing(&self, id: &str) {
        eventually("a running test", async || {
            let progress = self.broker.last_progress(&judging(id)).await.unwrap();
            progress.is_some_and(|progress| matches!(progress.stage, Stage::Testing { .. }))
        })
        .await;
    }

    /// Jobs that are not done, over all lanes.
    pub(crate) async fn unfinished(&self) -> u64 {
        let status = self.broker.status().await.unwrap();
        status.lanes.iter().map(|lane| lane.pending + lane.in_flight).sum()
    }
}

fn job((problem, pool): (&str, &str), id: &str, language: &str, source: &str) -> Job {
    Job {
        submission: Submission {
            id: id.parse().unwrap(),
            tenant: "default".parse().unwrap(),
            generation: Generation::FIRST,
            problem: problem.parse().unwrap(),
            language: language.parse().unwrap(),
            source: Source::Inline(source.as_bytes().to_vec()),
        },
        lane: "contest".parse().unwrap(),
        pool: pool.parse().unwrap(),
    }
}

pub(crate) fn judging(id: &str) -> JudgingId {
    JudgingId {
        tenant: "default".parse().unwrap(),
        submission: id.parse().unwrap(),
        generation: Generation::FIRST,
    }
}

/// Asks until the answer is yes.
pub(crate) async fn eventually(what: &str, mut ask: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    let mut ticks = tokio::time::interval(Duration::from_millis(10));
    while !ask().await {
        assert!(Instant::now() < deadline, "not within {PATIENCE:?}: {what}");
        ticks.tick().await;
    }
}

/// One GET; the whole answer.
pub(crate) async fn get(address: SocketAddr, target: &str) -> String {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let request = format!("GET {target} HTTP/1.1\r\nHost: minos\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

/// Wardens that are children of this process.
pub(crate) fn wardens() -> Vec<u32> {
    let own = std::process::id();
    let processes = fs::read_dir("/proc").unwrap().flatten();
    processes
        .filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok())
        .filter(|pid| {
            let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
            let Some((_, rest)) = stat.rsplit_once(") ") else { return false };
            let parent = rest.split(' ').nth(1).and_then(|ppid| ppid.parse().ok());
            let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            parent == Some(own) && line.starts_with(b"minos-warden")
        })
        .collect()
}

fn write_package(dir: &Path, id: &str, (checker, source): (&str, &str)) {
    fs::create_dir_all(dir.join("tests")).unwrap();
    let tests = [("1 2\n", "3\n"), ("10 -4\n", "6\n"), ("2000000000 2000000000\n", "4000000000\n")];
    for (index, (input, answer)) in tests.iter().enumerate() {
        fs::write(dir.join(format!("tests/{:02}", index + 1)), input).unwrap();
        fs::write(dir.join(format!("tests/{:02}.a", index + 1)), answer).unwrap();
    }
    fs::create_dir_all(dir.join("solutions")).unwrap();
    fs::write(dir.join("solutions/main.py"), "print(sum(map(int, input().split())))\n").unwrap();
    fs::create_dir_all(dir.join("files")).unwrap();
    fs::write(dir.join("files/check.cpp"), source).unwrap();
    let manifest = format!(
        r#"<?xml version="1.0" encoding="utf-8"?>
<problem revision="1" short-name="{id}">
    <names><name language="english" value="Sum"/></names>
    <judging input-file="" output-file="">
        <testset name="tests">
            <time-limit>300</time-limit>
            <memory-limit>268435456</memory-limit>
            <test-count>3</test-count>
            <input-path-pattern>tests/%02d</input-path-pattern>
            <answer-path-pattern>tests/%02d.a</answer-path-pattern>
            <tests><test method="manual"/><test method="manual"/><test method="manual"/></tests>
        </testset>
    </judging>
    <assets>
        {checker}
        <solutions>
            <solution tag="main"><source path="solutions/main.py" type="python.3"/></solution>
        </solutions>
    </assets>
</problem>
"#
    );
    fs::write(dir.join("problem.xml"), manifest).unwrap();
}

/// Programs with the verdict each must get.
pub(crate) const PROGRAMS: [(&str, &str, &str, Verdict); 6] = [
    (
        "right",
        "cpp17",
        "#include <iostream>\nint main(){long long a,b;std::cin>>a>>b;std::cout<<a+b;}",
        Verdict::Accepted,
    ),
    (
        "overflow",
        "cpp17",
        "#include <iostream>\nint main(){int a,b;std::cin>>a>>b;std::cout<<int(unsigned(a)+unsigned(b));}",
        Verdict::WrongAnswer,
    ),
    ("python", "python3", "print(sum(map(int, input().split())))", Verdict::Accepted),
    ("broken", "cpp17", "int main( {", Verdict::CompileError),
    ("crash", "c", "#include <stdlib.h>\nint main(void){abort();}", Verdict::RuntimeError),
    ("slow", "c", "int main(void){for(volatile int i=0;;)i=i;}", Verdict::TimeLimit),
];
