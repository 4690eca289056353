//! A node that is the problem itself hands its jobs back and takes no more.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use minos_model::{Bytes, Verdict};
use minos_node::{Node, NodeConfig};
use minos_queue::{StreamConfig, Topology};

use crate::support::{ACK_WAIT, PROGRAMS, cluster, eventually, get, judging};

/// A compiler that boxes see and that can be broken.
struct Compiler(PathBuf);

impl Compiler {
    fn new() -> Self {
        let dir = PathBuf::from(format!("/usr/local/lib/minos-test-{}", std::process::id()));
        fs::create_dir_all(&dir).unwrap();
        let compiler = Self(dir);
        compiler.write("exec /usr/bin/gcc \"$@\"");
        compiler
    }

    fn path(&self) -> PathBuf {
        self.0.join("cc")
    }

    /// Replaces it at once: a slot may be starting it.
    fn write(&self, line: &str) {
        let new = self.0.join("new");
        fs::write(&new, format!("#!/bin/sh\n{line}\n")).unwrap();
        fs::set_permissions(&new, fs::Permissions::from_mode(0o755)).unwrap();
        fs::rename(&new, self.path()).unwrap();
    }
}

impl Drop for Compiler {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).unwrap();
    }
}

/// The languages as shipped, with C built by that compiler.
fn languages(dir: &Path, compiler: &Path) -> PathBuf {
    let c = include_str!("../../../../cluster-config/languages/c.toml");
    let mine =
        c.replace("\n    \"/usr/bin/gcc\"", &format!("\n    {:?}", compiler.display().to_string()));
    assert_ne!(mine, c);
    fs::create_dir_all(dir).unwrap();
    fs::write(dir.join("c.toml"), mine).unwrap();
    dir.to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_whose_compiler_breaks_hands_out_no_ce_and_takes_no_jobs_until_it_is_mended() {
    const RIGHT: &str = "#include <stdio.h>\nint main(void){long long a,b;\
        if(scanf(\"%lld %lld\",&a,&b)!=2)return 1;printf(\"%lld\",a+b);}";
    let cluster = cluster().await;
    let compiler = Compiler::new();
    let dir = cluster.directory.path();
    let token = cluster.server.options().token.unwrap();
    let text = format!(
        "name = \"n1\"\nslots = 2\nstate_dir = {:?}\nlanguages = {:?}\n[broker]\nurl = {:?}\n\
         [health]\nlisten = \"127.0.0.1:0\"\n[sandbox]\nallow_rootless = true\n",
        dir.join("n1"),
        languages(&dir.join("languages"), &compiler.path()),
        cluster.server.url().replace("://", &format!("://{token}@")),
    );
    let config = NodeConfig::read(&text, Path::new("node.toml")).unwrap();
    let mut node = Node::start(config, cluster.broker.clone()).await.unwrap();
    cluster.submit("whole", "c", RIGHT).await;
    assert_eq!(cluster.verdict("whole").await.verdict, Verdict::Accepted);

    compiler.write("echo cc1 is not there >&2; exit 1");
    cluster.submit("sound", "c", &format!("{RIGHT}// 1")).await;
    let health = node.health().unwrap();
    eventually("the node says so", async || {
        get(health, "/readyz").await.contains("[-] canary: the canary of c: its hello is CE")
    })
    .await;
    for number in 0..4 {
        cluster.submit(&format!("late-{number}"), "c", &format!("{RIGHT}// late {number}")).await;
    }
    eventually("both slots are free", async || node.slots().idle == 2).await;
    for id in ["sound", "late-0", "late-1", "late-2", "late-3"] {
        assert!(cluster.broker.verdict(&judging(id)).await.unwrap().is_none(), "{id}");
    }
    assert_eq!(cluster.unfinished().await, 5);

    compiler.write("exec /usr/bin/gcc \"$@\"");
    for id in ["sound", "late-0", "late-1", "late-2", "late-3"] {
        assert_eq!(cluster.verdict(id).await.verdict, Verdict::Accepted, "{id}");
    }
    eventually("ready", async || node.is_ready()).await;
    cluster.submit("broken", "c", PROGRAMS[3].2).await;
    assert_eq!(cluster.verdict("broken").await.verdict, Verdict::CompileError);
    assert_eq!(cluster.broker.status().await.unwrap().dead, 0);
    node.drain();
    node.wait().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn full_results_hold_the_verdicts_stop_the_pulls_and_lose_nothing() {
    let cluster = cluster().await;
    let topology = |max_messages| {
        let built_in = Topology { ack_wait: ACK_WAIT, ..Topology::built_in() };
        let results =
            StreamConfig { max_messages, max_bytes: Bytes::from_mib(8), ..built_in.results };
        Topology { results, ..built_in }
    };
    cluster.broker.init(&topology(2)).await.unwrap();
    let mut node = cluster.node("n1", 2).await;
    for number in 0..8 {
        cluster.submit(&format!("s{number}"), PROGRAMS[2].1, PROGRAMS[2].2).await;
    }
    let health = node.health().unwrap();
    eventually("full", async || get(health, "/readyz").await.contains("[-] results:")).await;
    let stored = async || {
        let mut stored = 0;
        for number in 0..8 {
            let verdict = cluster.broker.verdict(&judging(&format!("s{number}"))).await.unwrap();
            stored += usize::from(verdict.is_some());
        }
        stored
    };
    eventually("what is held is held", async || {
        let lanes = cluster.broker.status().await.unwrap().lanes;
        lanes.iter().map(|lane| lane.in_flight).sum::<u64>() <= 2
    })
    .await;
    assert_eq!(stored().await, 2);
    assert_eq!(cluster.unfinished().await, 6);

    cluster.broker.init(&topology(100)).await.unwrap();
    for number in 0..8 {
        let judgement = cluster.verdict(&format!("s{number}")).await;
        assert_eq!((judgement.verdict, judgement.attempt), (Verdict::Accepted, 1), "{number}");
    }
    eventually("ready", async || node.is_ready()).await;
    eventually("no job is left", async || cluster.unfinished().await == 0).await;
    node.drain();
    node.wait().await.unwrap();
}
