//! What was pushed is made ready before anybody sends a submission, and never instead of judging one.

use minos_model::Verdict;
use minos_node::{NodeConfig, NodeHandle};

use crate::support::{Cluster, PROGRAMS, cluster, eventually, get};

/// A checker that has to be compiled, in a language by its name in Polygon.
fn checker(language: &str) -> String {
    format!(
        r#"<checker type="testlib"><source path="files/check.cpp" type="{language}"/></checker>"#
    )
}

/// Accepts everything; distinct for each mark, so that nobody has a build of it.
fn accepts(mark: &str) -> String {
    format!("#include <iostream>\nint main() {{ std::cerr << \"ok {mark}\"; return 0; }}\n")
}

async fn push(cluster: &Cluster, id: &str, language: &str) {
    cluster.push_with(id, &checker(language), &accepts(id)).await;
}

/// The number behind a line of the metrics; zero when there is none.
async fn metric(node: &NodeHandle, line: &str) -> u64 {
    let text = get(node.health().unwrap(), "/metrics").await;
    let number = text.lines().find_map(|all| all.strip_prefix(line)).unwrap_or("0");
    number.trim().parse().unwrap()
}

async fn ahead(node: &NodeHandle, result: &str) -> u64 {
    metric(node, &format!("minos_problems_ahead_total{{result=\"{result}\"}}")).await
}

/// Submissions that waited for a compiler over the jury's programs.
async fn waited(node: &NodeHandle) -> u64 {
    metric(node, "minos_job_duration_seconds_count{stage=\"jury\"}").await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_submission_waits_for_no_checker_where_a_slot_was_idle() {
    let cluster = cluster().await;
    let mut first = cluster.node("n1", 1).await;
    push(&cluster, "late", "cpp.g++17").await;
    eventually("ready", async || {
        (ahead(&first, "compiled").await, ahead(&first, "found").await) == (1, 1)
    })
    .await;
    first.drain();
    first.wait().await.unwrap();

    // A node that comes later compiles nothing, and has it by the time it is asked.
    let mut second = cluster.node("n2", 1).await;
    eventually("both found", async || ahead(&second, "found").await == 3).await;
    cluster.submit_for("late", "s1", PROGRAMS[2].1, PROGRAMS[2].2).await;
    let judgement = cluster.verdict("s1").await;
    assert_eq!((judgement.verdict, judgement.node.as_str()), (Verdict::Accepted, "n2"));
    assert!(judgement.tests[0].comment.contains("late"), "{judgement:#?}");
    assert_eq!((ahead(&second, "compiled").await, waited(&second).await), (1, 0));
    second.drain();
    second.wait().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_queue_is_judged_first() {
    let cluster = cluster().await;
    push(&cluster, "later", "cpp.g++17").await;
    for number in 0..6 {
        cluster.submit(&format!("s{number}"), PROGRAMS[5].1, PROGRAMS[5].2).await;
    }
    let mut node = cluster.node("n1", 1).await;
    for number in 0..6 {
        let judgement = cluster.verdict(&format!("s{number}")).await;
        assert_eq!((judgement.verdict, judgement.attempt), (Verdict::TimeLimit, 1), "{number}");
    }
    assert_eq!(ahead(&node, "compiled").await, 0);
    eventually("ready in the end", async || ahead(&node, "compiled").await == 1).await;
    node.drain();
    node.wait().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_made_ready_is_tried_once_and_harms_no_slot() {
    let cluster = cluster().await;
    // The node of this test has no C++20.
    push(&cluster, "bad", "cpp.g++20").await;
    let mut node = cluster.node("n1", 1).await;
    eventually("it failed", async || ahead(&node, "failed").await == 1).await;
    push(&cluster, "good", "cpp.g++17").await;
    eventually("the next is made", async || ahead(&node, "compiled").await == 1).await;
    assert_eq!(ahead(&node, "failed").await, 1);
    let nodes = cluster.broker.nodes().await.unwrap();
    assert_eq!(nodes.iter().map(|node| node.restarts).sum::<u64>(), 0, "{nodes:?}");
    node.drain();
    node.wait().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_rests_makes_nothing_ready_and_one_that_must_not_does_not() {
    let cluster = cluster().await;
    let mut resting = cluster.node("n1", 1).await;
    eventually("the first", async || ahead(&resting, "found").await == 1).await;
    cluster.broker.set_drain(&"n1".parse().unwrap(), true).await.unwrap();
    eventually("it rests", async || !resting.is_ready()).await;
    push(&cluster, "late", "cpp.g++17").await;
    let mut other = cluster.node_with("n2", 1, NodeConfig::without_ahead).await;
    cluster.submit_for("late", "s1", PROGRAMS[2].1, PROGRAMS[2].2).await;
    let judgement = cluster.verdict("s1").await;
    assert_eq!((judgement.verdict, judgement.node.as_str()), (Verdict::Accepted, "n2"));
    assert_eq!((ahead(&other, "compiled").await, waited(&other).await), (0, 1));
    for node in [&mut resting, &mut other] {
        node.drain();
        node.wait().await.unwrap();
    }
}
