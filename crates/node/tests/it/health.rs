//! What probes and Prometheus are told.

use std::net::SocketAddr;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::support::{Cluster, PROGRAMS, cluster, eventually, get};

/// Readiness tells the truth within this time.
const TRUTH: Duration = Duration::from_secs(5);

fn signal(cluster: &Cluster, signal: &str) {
    let pid = cluster.server.pid().unwrap().to_string();
    assert!(Command::new("kill").args(["-s", signal, "--", &pid]).status().unwrap().success());
}

async fn until(at: SocketAddr, answer: &str, told: &str) -> Duration {
    let since = Instant::now();
    eventually(told, async || {
        let said = get(at, "/readyz").await;
        said.starts_with(&format!("HTTP/1.1 {answer}")) && said.contains(told)
    })
    .await;
    since.elapsed()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readiness_tells_within_five_seconds_that_the_broker_is_away_and_that_it_is_back() {
    let cluster = cluster().await;
    let mut node = cluster.node("n1", 1).await;
    let at = node.health().unwrap();
    until(at, "200", "").await;
    for _again in 0..2 {
        // It neither answers nor closes its connections, as behind a network that is cut.
        signal(&cluster, "STOP");
        let away = until(at, "503", "[-] broker: has not taken a beat").await;
        assert!(away < TRUTH, "{away:?}");
        signal(&cluster, "CONT");
        let back = until(at, "200", "").await;
        assert!(back < TRUTH, "{back:?}");
    }
    node.drain();
    node.wait().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_tells_of_its_canary_of_what_is_left_and_what_it_was_built_from() {
    minos_node::built_from("0123456789ab");
    let cluster = cluster().await;
    let mut node = cluster.node("n1", 1).await;
    let at = node.health().unwrap();
    // A compile error is believed once the canary was compiled.
    let (_, language, source, verdict) = PROGRAMS[3];
    cluster.submit("broken", language, source).await;
    assert_eq!(cluster.verdict("broken").await.verdict, verdict);
    eventually("the reaper has looked", async || {
        let metrics = get(at, "/metrics").await;
        let value = |name: &str| {
            let line = metrics.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
            line.and_then(|value| value.parse::<f64>().ok())
        };
        let built = "minos_build_info{version=\"0.1.0\",commit=\"0123456789ab\",cgroup=";
        metrics.contains(built)
            && value("minos_canaries_total{result=\"ok\"}") == Some(1.0)
            && value("minos_canaries_total{result=\"failed\"}") == Some(0.0)
            && value("minos_canary_duration_seconds_count{lang=\"cpp17\"}") == Some(1.0)
            && value("minos_canary_cpu_seconds_sum{lang=\"cpp17\"}").is_some_and(|cpu| cpu > 0.01)
            && value("minos_canary_last_success_timestamp_seconds").is_some_and(|at| at > 1e9)
            && value("minos_leaked_cgroups") == Some(0.0)
            && value("minos_leaked_mounts") == Some(0.0)
            && value("minos_sandbox_overhead_cpu_seconds_total").is_some()
            && value("minos_sandbox_setup_seconds_count").is_some_and(|boxes| boxes >= 2.0)
            && value("minos_sandbox_setup_seconds_sum").is_some_and(|took| took > 0.0)
            && value("minos_sandbox_setup_seconds_bucket{le=\"+Inf\"}")
                == value("minos_sandbox_setup_seconds_count")
            && value("minos_sandbox_cleanup_seconds_count").is_some_and(|boxes| boxes >= 1.0)
            && value("minos_sandbox_cleanup_seconds_sum").is_some_and(|took| took > 0.0)
            && value("minos_zombies_reaped_total") == Some(0.0)
            && value("minos_orphans_killed_total").is_some()
    })
    .await;
    node.drain();
    node.wait().await.unwrap();
}
