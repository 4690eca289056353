//! Jobs in, verdicts out: each right, each once.

use std::collections::HashMap;

use minos_model::{Fault, Stage, Verdict};

use crate::support::{PROGRAMS, cluster, eventually, get, judging};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_submission_gets_its_right_verdict_exactly_once() {
    let cluster = cluster().await;
    let mut node = cluster.node("n1", 2).await;
    let mut expected = HashMap::new();
    for round in 0..4 {
        for (name, language, source, verdict) in PROGRAMS {
            if name == "slow" && round > 0 {
                continue;
            }
            let id = format!("{name}-{round}");
            cluster.submit(&id, language, source).await;
            expected.insert(id, verdict);
        }
    }
    for (id, verdict) in &expected {
        let judgement = cluster.verdict(id).await;
        assert_eq!(judgement.verdict, *verdict, "{id}: {judgement:#?}");
        assert_eq!(judgement.attempt, 1, "{id}");
        assert_eq!(judgement.node.as_str(), "n1");
        assert!(judgement.fault.is_none() && judgement.isolation.is_some(), "{id}");
    }
    eventually("no job is left", async || cluster.unfinished().await == 0).await;
    let status = cluster.broker.status().await.unwrap();
    assert_eq!(status.dead, 0);
    assert_eq!(status.nodes.len(), 1);
    eventually("the beat counts them", async || {
        let nodes = cluster.broker.nodes().await.unwrap();
        nodes.iter().map(|node| node.judged).sum::<u64>() == expected.len() as u64
    })
    .await;
    let stage = cluster.broker.last_progress(&judging("right-0")).await.unwrap();
    assert_eq!(stage.map(|progress| progress.stage), Some(Stage::Done));

    let health = node.health().unwrap();
    assert!(get(health, "/readyz").await.starts_with("HTTP/1.1 200"), "{:?}", node.slots());
    let metrics = get(health, "/metrics").await;
    for line in [
        "minos_jobs_finished_total{verdict=\"AC\",lang=\"cpp17\"} 4",
        "minos_jobs_finished_total{verdict=\"CE\",lang=\"cpp17\"} 4",
        "minos_runs_total{cause=\"cpu_time\",limit=\"soft\"} 1",
        "minos_package_cache_misses_total 1",
    ] {
        assert!(metrics.contains(line), "{line}\n{metrics}");
    }
    eventually("every metric that others rely on", async || {
        let metrics = get(health, "/metrics").await;
        let missing = NAMES.iter().find(|(kind, name)| {
            !metrics.contains(&format!("# TYPE minos_{name} {kind}\n"))
                || !metrics.contains(&format!("# HELP minos_{name} "))
        });
        missing.is_none()
    })
    .await;
    node.drain();
    node.wait().await.unwrap();
}

/// Names that dashboards and alerts of others have: they do not change.
const NAMES: [(&str, &str); 36] = [
    ("counter", "jobs_received_total"),
    ("counter", "jobs_finished_total"),
    ("gauge", "jobs_in_flight"),
    ("counter", "jobs_retried_total"),
    ("counter", "jobs_dead_lettered_total"),
    ("histogram", "job_queue_wait_seconds"),
    ("histogram", "job_duration_seconds"),
    ("histogram", "job_end_to_end_seconds"),
    ("counter", "runs_total"),
    ("histogram", "run_cpu_seconds"),
    ("histogram", "run_wall_seconds"),
    ("histogram", "run_memory_bytes"),
    ("histogram", "sandbox_setup_seconds"),
    ("histogram", "sandbox_cleanup_seconds"),
    ("counter", "sandbox_overhead_cpu_seconds_total"),
    ("histogram", "watchdog_lag_seconds"),
    ("gauge", "slots"),
    ("counter", "slot_restarts_total"),
    ("counter", "zombies_reaped_total"),
    ("counter", "orphans_killed_total"),
    ("gauge", "leaked_cgroups"),
    ("gauge", "leaked_mounts"),
    ("counter", "package_cache_hits_total"),
    ("counter", "package_cache_misses_total"),
    ("counter", "package_cache_evictions_total"),
    ("gauge", "package_cache_bytes"),
    ("counter", "compile_cache_hits_total"),
    ("counter", "results_publish_failures_total"),
    ("gauge", "results_buffered"),
    ("gauge", "broker_connected"),
    ("counter", "broker_reconnects_total"),
    ("gauge", "node_draining"),
    ("gauge", "node_ready"),
    ("gauge", "canary_last_success_timestamp_seconds"),
    ("histogram", "canary_duration_seconds"),
    ("gauge", "build_info"),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_node_compiled_no_other_compiles_again() {
    let cluster = cluster().await;
    let (_, language, source, _) = PROGRAMS[0];
    let mut cached = Vec::new();
    // A build is offered behind the verdict, so the second node may come a moment too early.
    while cached.last() != Some(&true) && cached.len() < 5 {
        let name = format!("n{}", cached.len());
        let mut node = cluster.node(&name, 1).await;
        cluster.submit(&format!("on-{name}"), language, source).await;
        let judgement = cluster.verdict(&format!("on-{name}")).await;
        assert_eq!(
            (judgement.node.as_str(), judgement.verdict),
            (name.as_str(), Verdict::Accepted)
        );
        cached.push(judgement.compile.unwrap().cached);
        node.drain();
        node.wait().await.unwrap();
    }
    assert_eq!((cached.first(), cached.last()), (Some(&false), Some(&true)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_no_node_can_judge_is_a_dead_letter_with_a_reason_and_a_je() {
    let cluster = cluster().await;
    let mut node = cluster.node("n1", 1).await;
    cluster.submit_for("nobody-pushed-it", "lost", "c", "int main(void){}").await;
    cluster.submit("strange", "intercal", "PLEASE GIVE UP").await;
    cluster.submit("after", "c", "int main(void){}").await;
    assert_eq!(cluster.verdict("after").await.verdict, Verdict::WrongAnswer);
    for (id, fault) in [("lost", Fault::Package), ("strange", Fault::Node)] {
        let judgement = cluster.verdict(id).await;
        assert_eq!(judgement.verdict, Verdict::JudgeError, "{id}");
        assert_eq!(judgement.fault.map(|(fault, _)| fault), Some(fault), "{id}");
    }
    eventually("no job is left", async || cluster.unfinished().await == 0).await;
    let letters = cluster.broker.dead_letters(10).await.unwrap();
    let mut reasons: Vec<_> = letters.iter().map(|letter| letter.reason.as_str()).collect();
    reasons.sort_unstable();
    assert_eq!(reasons, ["unknown-language", "unknown-problem"], "{letters:#?}");
    node.drain();
    node.wait().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_problem_that_is_pushed_late_is_waited_for() {
    let cluster = cluster().await;
    let mut node = cluster.node("n1", 1).await;
    cluster.submit_for("later", "early", "python3", PROGRAMS[2].2).await;
    cluster.push("later").await;
    let judgement = cluster.verdict("early").await;
    assert_eq!(judgement.verdict, Verdict::Accepted, "{judgement:#?}");
    node.drain();
    node.wait().await.unwrap();
}
