//! What judging everything again costs: sending the trials, judging them, reading the matrix,
//! publishing the new generations.

use std::time::{Duration, Instant};

use minos_queue::RejudgeScope;

use crate::Outcome;
use crate::plan::Plan;
use crate::stage::{Stage, jobs};

pub(crate) async fn measure(stage: &Stage, plan: &Plan) -> Outcome<()> {
    let mut node = stage.node(plan).await?;
    Stage::idle(&node, plan).await;
    let count = f64::from(u32::try_from(plan.jobs)?);
    let rate = |since: Instant| {
        format!("{:.1?}, {:.0}/s", since.elapsed(), count / since.elapsed().as_secs_f64())
    };
    let began = Instant::now();
    stage.publish(jobs(plan.jobs), plan.window).await?;
    stage.judged().await?;
    println!("{} submissions judged: {}", plan.jobs, rate(began));
    stage.weigh("judged").await?;

    let broker = &stage.broker;
    let scope = RejudgeScope {
        problem: "range-sums".parse()?,
        revision: stage.revision,
        tenant: None,
        submission: None,
        language: None,
        verdict: None,
    };
    let began = Instant::now();
    let rejudge = broker.open_rejudge(&scope).await?;
    let planned = broker.plan_rejudge(&rejudge, &"rejudge".parse()?, |_plan| ()).await?;
    println!("{} trials sent: {}", planned.tried, rate(began));
    stage.weigh("sent").await?;
    let mut ticks = tokio::time::interval(Duration::from_millis(50));
    while broker.is_trying(&rejudge).await? {
        ticks.tick().await;
    }
    println!("sent and judged: {}", rate(began));
    let began = Instant::now();
    let mut same = 0_u64;
    let mut trials = broker.trials(&rejudge);
    trials.read(|trial| same += u64::from(trial.old == Some(trial.new.verdict))).await?;
    println!("{same} read, and as before: {}", rate(began));
    let began = Instant::now();
    let applied = broker.apply_rejudge(&rejudge, |_applied| ()).await?;
    broker.close_rejudge(&rejudge).await?;
    println!("{} published: {}", applied.published, rate(began));
    stage.weigh("applied").await?;
    node.drain();
    node.wait().await?;
    let all = u64::try_from(plan.jobs)?;
    if (planned.tried, same, applied.published) != (all, all, all) {
        return Err(format!("{planned:?}, {same} as before, {applied:?}").into());
    }
    Ok(())
}
