//! Deaths, drains and operators.

use std::process::Command;
use std::time::{Duration, Instant};

use minos_model::{NodeId, Verdict};
use minos_queue::Cancelled;

use crate::support::{PROGRAMS, cluster, eventually, get, judging, wardens};

/// Judged in three seconds: a test that sleeps for one of them each time.
const NAP: &str = "#include <unistd.h>\n#include <stdio.h>\n\
    int main(void){long long a,b;if(scanf(\"%lld %lld\",&a,&b)!=2)return 1;\
    usleep(900000);printf(\"%lld\",a+b);}";

fn kill(pid: u32) {
    let status = Command::new("/bin/kill").args(["-KILL", &pid.to_string()]).status().unwrap();
    assert!(status.success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_warden_costs_one_delivery_and_no_verdict() {
    let cluster = cluster().await;
    let mut node = cluster.node("n1", 2).await;
    cluster.submit("nap", "c", NAP).await;
    cluster.until_testing("nap").await;
    let before = wardens();
    assert_eq!(before.len(), 2);
    for pid in before {
        kill(pid);
    }
    let killed = Instant::now();
    let judgement = cluster.verdict("nap").await;
    assert_eq!(judgement.verdict, Verdict::Accepted, "{judgement:#?}");
    assert_eq!(judgement.attempt, 2, "{:?} after the kill", killed.elapsed());
    for (name, language, source, verdict) in PROGRAMS {
        cluster.submit(name, language, source).await;
        assert_eq!(cluster.verdict(name).await.verdict, verdict, "{name}");
    }
    eventually("both slots are back", async || node.slots().idle == 2).await;
    assert_eq!(wardens().len(), 2);
    node.drain();
    node.wait().await.unwrap();
    assert!(wardens().is_empty(), "a warden outlives its node");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wardens_killed_again_and_again_put_no_slot_out_of_work() {
    let cluster = cluster().await;
    let mut node = cluster.node("n1", 1).await;
    for round in 0..8 {
        eventually("an idle slot", async || node.slots().idle == 1).await;
        wardens().into_iter().for_each(kill);
        let id = format!("right-{round}");
        cluster.submit(&id, PROGRAMS[0].1, PROGRAMS[0].2).await;
        assert_eq!(cluster.verdict(&id).await.verdict, Verdict::Accepted, "{id}");
    }
    assert_eq!(node.slots().quarantined, 0);
    node.drain();
    node.wait().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_drain_finishes_what_runs_and_leaves_the_rest_in_the_queue() {
    let cluster = cluster().await;
    let mut node = cluster.node("n1", 1).await;
    cluster.submit("nap", "c", NAP).await;
    eventually("a busy slot", async || node.slots().busy == 1).await;
    node.drain();
    cluster.submit("late", "c", NAP).await;
    node.wait().await.unwrap();
    let judged = cluster.broker.verdict(&judging("nap")).await.unwrap().unwrap();
    assert_eq!((judged.verdict, judged.attempt), (Verdict::Accepted, 1));
    assert!(cluster.broker.verdict(&judging("late")).await.unwrap().is_none());
    let mut other = cluster.node("n2", 1).await;
    let late = cluster.verdict("late").await;
    assert_eq!((late.verdict, late.attempt, late.node.as_str()), (Verdict::Accepted, 1, "n2"));
    other.drain();
    other.wait().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_stops_at_once_hands_its_job_to_another() {
    let cluster = cluster().await;
    let mut node = cluster.node("n1", 1).await;
    cluster.submit("nap", "c", NAP).await;
    cluster.until_testing("nap").await;
    let told = Instant::now();
    node.stop_now();
    node.wait().await.unwrap();
    assert!(told.elapsed() < Duration::from_secs(3), "{:?}", told.elapsed());
    let mut other = cluster.node("n2", 1).await;
    let judgement = cluster.verdict("nap").await;
    assert_eq!((judgement.verdict, judgement.attempt), (Verdict::Accepted, 2));
    other.drain();
    other.wait().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_operator_drains_a_node_and_resumes_it() {
    let cluster = cluster().await;
    let mut node = cluster.node("n1", 1).await;
    let name = NodeId::new("n1").unwrap();
    eventually("ready", async || node.is_ready()).await;
    cluster.broker.set_drain(&name, true).await.unwrap();
    let health = node.health().unwrap();
    eventually("not ready", async || {
        get(health, "/readyz").await.contains("[-] drain: takes no new jobs")
    })
    .await;
    eventually("the beat says so", async || {
        cluster.broker.nodes().await.unwrap().iter().all(|node| node.draining)
    })
    .await;
    cluster.broker.set_drain(&name, false).await.unwrap();
    cluster.submit("right", PROGRAMS[0].1, PROGRAMS[0].2).await;
    assert_eq!(cluster.verdict("right").await.verdict, Verdict::Accepted);
    node.drain();
    node.wait().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancelled_submission_stops_running() {
    let cluster = cluster().await;
    let mut node = cluster.node("n1", 1).await;
    cluster.submit("nap", "c", NAP).await;
    cluster.until_testing("nap").await;
    let told = Instant::now();
    let (tenant, id) = ("default".parse().unwrap(), "nap".parse().unwrap());
    let operator = NodeId::new("operator").unwrap();
    let cancelled = cluster.broker.cancel(&tenant, &id, &operator).await.unwrap();
    assert!(matches!(cancelled, Cancelled::Now(_)), "{cancelled:?}");
    eventually("a free slot", async || node.slots().idle == 1).await;
    assert!(told.elapsed() < Duration::from_millis(2_500), "{:?}", told.elapsed());
    assert_eq!(cluster.verdict("nap").await.verdict, Verdict::Cancelled);
    eventually("no job is left", async || cluster.unfinished().await == 0).await;
    node.drain();
    node.wait().await.unwrap();
}
