//! What one team's flood does to the other teams of its lane.
//!
//! The same submissions of the same teams come twice at the same pace: once alone, and once after one
//! team has filled the lane for as long as that takes. What counts is the time from sent to verdict.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use minos_queue::Topology;

use crate::Outcome;
use crate::plan::Plan;
use crate::stage::{Stage, job};

const FLOOD: &str = "flood";
/// By how much the p95 of teams in other shards may move.
const MOST: f64 = 0.20;

pub(crate) async fn measure(stage: &Stage, plan: &Plan) -> Outcome<()> {
    let mut node = stage.node(plan).await?;
    Stage::idle(&node, plan).await;
    let alone = teams(stage, plan, "alone").await?;
    let lasts = plan.every.as_secs_f64() * f64::from(u32::try_from(plan.jobs)?);
    let jobs = f64::from(plan.slots) * lasts / plan.judging.as_secs_f64().max(0.001) * 1.3;
    let jobs: usize = format!("{jobs:.0}").parse()?;
    let flood = (0..jobs).map(|index| job(FLOOD, &format!("f{index}")));
    stage.publish(flood, plan.window).await?;
    let beside = teams(stage, plan, "beside").await?;
    let left = stage.unfinished().await?;
    if left == 0 {
        return Err("the flood was over before the teams were: more every, or fewer slots".into());
    }
    node.stop_now();
    node.wait().await?;
    let shards = Topology::built_in().shards;
    let mut moved = 0.0;
    for (whose, same) in [("other shards", false), ("the shard of the flood", true)] {
        let of = |times: &[(String, Duration)]| {
            let whose = times
                .iter()
                .filter(|(team, _)| (shard(team, shards) == shard(FLOOD, shards)) == same);
            let mut times: Vec<Duration> = whose.map(|(_, time)| *time).collect();
            times.sort_unstable();
            times
        };
        let (alone, beside) = (of(&alone), of(&beside));
        let (Some(before), Some(after)) = (at(&alone, 95), at(&beside, 95)) else { continue };
        let change = after.as_secs_f64() / before.as_secs_f64() - 1.0;
        println!(
            "teams in {whose}, {} submissions: p50 {:.1?} alone, {:.1?} beside a flood of {jobs}; \
             p95 {before:.1?} alone, {after:.1?} beside it: {:+.1} %",
            alone.len(),
            at(&alone, 50).unwrap_or_default(),
            at(&beside, 50).unwrap_or_default(),
            change * 100.0,
        );
        if !same {
            moved = change;
        }
    }
    if moved > MOST {
        return Err(
            format!("the flood has moved the p95 of others by {:.0} %", moved * 100.0).into()
        );
    }
    Ok(())
}

/// The teams' submissions at their pace, whatever becomes of them: each team with the time from sent
/// to verdict.
async fn teams(stage: &Stage, plan: &Plan, round: &str) -> Outcome<Vec<(String, Duration)>> {
    let mut verdicts = stage.broker.verdicts(None, false).await?;
    let mut ticks = tokio::time::interval(plan.every);
    let mut sent: HashMap<String, (String, Instant)> = HashMap::new();
    let mut times = Vec::new();
    let (mut number, mut under_way) = (0, tokio::task::JoinSet::new());
    while times.len() < plan.jobs {
        tokio::select! {
            _ = ticks.tick(), if number < plan.jobs => {
                let (team, id) = (format!("team-{}", number % plan.teams), format!("{round}-{number}"));
                let (job, broker) = (job(&team, &id)?, stage.broker.clone());
                sent.insert(id, (team, Instant::now()));
                under_way.spawn(async move { broker.submit(&job).await });
                number += 1;
            }
            verdict = verdicts.next() => {
                if let Some((team, at)) = sent.remove(verdict?.submission.as_str()) {
                    times.push((team, at.elapsed()));
                }
            }
        }
    }
    while let Some(stored) = under_way.join_next().await {
        stored??;
    }
    Ok(times)
}

fn at(sorted: &[Duration], percent: usize) -> Option<Duration> {
    sorted.get((sorted.len() * percent / 100).min(sorted.len().checked_sub(1)?)).copied()
}

/// The shard the server puts a tenant into: 32-bit FNV-1a of its name.
fn shard(tenant: &str, shards: u32) -> u32 {
    let hash = tenant
        .bytes()
        .fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    hash % shards
}
