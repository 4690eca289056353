//! Nodes come and go: nodes that judge nothing show it with hundreds of submissions.

use std::time::Duration;

use minos_model::{NodeId, Verdict};
use minos_node::{NodeConfig, NodeHandle, rehearsal};

use crate::support::{Cluster, cluster, eventually, judging};

const JOBS: usize = 300;

/// A node whose judging is a pause.
async fn node(cluster: &Cluster, name: &str, slots: u16, judging: Duration) -> NodeHandle {
    let dir = cluster.directory.path().join(name);
    let config = NodeConfig::local(&dir, cluster.server.options(), slots.try_into().ok());
    let config = config.named(NodeId::new(name).unwrap());
    rehearsal::start(config, cluster.broker.clone(), judging).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn from_no_node_to_three_and_back_to_none_nothing_is_lost_and_nothing_judged_twice() {
    let cluster = cluster().await;
    for number in 0..JOBS {
        cluster.submit(&format!("s{number}"), "c", "int main(void){}").await;
    }
    assert_eq!(cluster.unfinished().await, JOBS as u64);
    let pause = Duration::from_millis(20);
    let mut nodes = Vec::new();
    for (name, slots) in [("n1", 2), ("n2", 4), ("n3", 8)] {
        nodes.push(node(&cluster, name, slots, pause).await);
    }
    eventually("a third", async || cluster.unfinished().await < 2 * JOBS as u64 / 3).await;
    for mut node in nodes {
        node.drain();
        node.wait().await.unwrap();
    }
    let left = cluster.unfinished().await;
    assert!(left > 0, "all were judged before the nodes had gone; send more");
    let mut last = node(&cluster, "n4", 16, pause).await;
    for number in 0..JOBS {
        let judgement = cluster.verdict(&format!("s{number}")).await;
        assert_eq!((judgement.verdict, judgement.attempt), (Verdict::Accepted, 1), "s{number}");
    }
    eventually("no job is left", async || cluster.unfinished().await == 0).await;
    assert_eq!(cluster.broker.status().await.unwrap().dead, 0);
    last.drain();
    last.wait().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_in_two_pools_takes_the_jobs_of_both_and_another_leaves_them() {
    let cluster = cluster().await;
    let topology = minos_queue::Topology {
        pools: vec!["any".parse().unwrap(), "gpu".parse().unwrap()],
        ..minos_queue::Topology::built_in()
    };
    cluster.broker.init(&topology).await.unwrap();
    let mut plain = node(&cluster, "plain", 2, Duration::ZERO).await;
    cluster.submit_in("gpu", "special").await;
    cluster.submit_in("any", "common").await;
    assert_eq!(cluster.verdict("common").await.node.as_str(), "plain");
    assert!(cluster.broker.verdict(&judging("special")).await.unwrap().is_none());
    plain.drain();
    plain.wait().await.unwrap();

    let dir = cluster.directory.path().join("both");
    let config = NodeConfig::local(&dir, cluster.server.options(), 1.try_into().ok())
        .named(NodeId::new("both").unwrap())
        .in_pools(topology.pools.clone());
    let mut both = rehearsal::start(config, cluster.broker.clone(), Duration::ZERO).await.unwrap();
    cluster.submit_in("any", "common-2").await;
    for id in ["special", "common-2"] {
        assert_eq!(cluster.verdict(id).await.node.as_str(), "both");
    }
    both.drain();
    both.wait().await.unwrap();
}
