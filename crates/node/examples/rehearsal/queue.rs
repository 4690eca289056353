//! How many jobs a second go through, and what a long queue costs.

use std::time::{Duration, Instant};

use crate::Outcome;
use crate::plan::Plan;
use crate::stage::{Stage, cpu, jobs};

/// Jobs are published while they are judged.
pub(crate) async fn throughput(stage: &Stage, plan: &Plan) -> Outcome<()> {
    let mut node = stage.node(plan).await?;
    Stage::idle(&node, plan).await;
    let (began, before) = (Instant::now(), stage.pids().map(cpu));
    let sent = stage.publish(jobs(plan.jobs), plan.window).await?;
    stage.judged().await?;
    tell(stage, plan, (sent, began.elapsed()), before)?;
    node.drain();
    node.wait().await?;
    Ok(())
}

/// All are there before the node starts, and the server is killed in between.
pub(crate) async fn backlog(stage: &Stage, plan: &Plan) -> Outcome<()> {
    stage.weigh("empty").await?;
    let sent = stage.publish(jobs(plan.jobs), plan.window).await?;
    stage.weigh("full").await?;
    let asked = Instant::now();
    restart(stage).await?;
    println!("    the server killed and back in {:.1?}", asked.elapsed());
    let (began, before) = (Instant::now(), stage.pids().map(cpu));
    let mut node = stage.node(plan).await?;
    println!("    the node started in {:.1?}", began.elapsed());
    judged_some(stage, plan).await?;
    stage.weigh("at work").await?;
    if plan.jobs > MOST_JUDGED {
        println!("    {:.0} stored/s", f64::from(u32::try_from(plan.jobs)?) / sent);
        node.stop_now();
    } else {
        stage.judged().await?;
        tell(stage, plan, (sent, began.elapsed()), before)?;
        node.drain();
    }
    node.wait().await?;
    Ok(())
}

fn tell(
    stage: &Stage,
    plan: &Plan,
    (sent, within): (f64, Duration),
    before: [f64; 2],
) -> Outcome<()> {
    let jobs = f64::from(u32::try_from(plan.jobs)?);
    let [server, node] = stage.pids().map(cpu);
    let us = |now: f64, before: f64| (now - before) / jobs * 1e6;
    let [server, node] = [us(server, before[0]), us(node, before[1])];
    println!(
        "{:>3} slots, judging {:?}, sync {:?}, {:?}: {:.0} stored/s, {:.0} jobs/s done; \
         CPU per job: server {server:.0} us, node {node:.0} us",
        plan.slots,
        plan.judging,
        plan.sync,
        plan.mode,
        jobs / sent,
        jobs / within.as_secs_f64(),
    );
    Ok(())
}

/// A longer queue is not judged to its end.
const MOST_JUDGED: usize = 100_000;

/// Until some of a long queue are judged.
async fn judged_some(stage: &Stage, plan: &Plan) -> Outcome<()> {
    let some = u64::try_from(plan.jobs.min(MOST_JUDGED) / 5)?;
    let mut ticks = tokio::time::interval(Duration::from_millis(100));
    while stage.unfinished().await? + some > u64::try_from(plan.jobs)? {
        ticks.tick().await;
    }
    Ok(())
}

/// Kills the server and waits until it answers again.
async fn restart(stage: &Stage) -> Outcome<()> {
    let Stage { server, broker, .. } = stage;
    let pid = server.pid().ok_or("no server")?;
    std::process::Command::new("kill").args(["-KILL", &pid.to_string()]).status()?;
    let mut ticks = tokio::time::interval(Duration::from_millis(5));
    loop {
        ticks.tick().await;
        let back = server.pid().is_some_and(|now| now != pid);
        if back && broker.is_connected() && broker.status().await.is_ok() {
            return Ok(());
        }
    }
}
