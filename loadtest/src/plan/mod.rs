//! `minos-load plan`: nodes and cores for a load, from the costs that a run measured.
//!
//! The wait is found by simulation and not by a formula: the arrival curve matters far more than
//! anything a formula for a constant rate could say.

mod search;
mod simulate;

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use minos_model::WallTime;
use serde::Serialize;

use crate::args::PlanArgs;
use crate::num::{float, whole};
use crate::profile::Profile;
use crate::report::{COSTS_SCHEMA, Costs};
use crate::threshold::Target;
use crate::{Failure, say};
use search::{Load, Needed, Tried};

/// `minos.load-plan/1`.
#[derive(Debug, Serialize)]
struct Plan {
    schema: &'static str,
    rate_per_s: f64,
    /// The highest rate of the profile.
    peak_per_s: f64,
    profile: String,
    duration_s: f64,
    wait: String,
    /// Null when not even the most slots keep the promise.
    slots: Option<u32>,
    nodes: Option<u64>,
    cores: Option<u64>,
    slots_per_node: u32,
    /// What the slots do with every seed.
    tried: Vec<Tried>,
    /// One slot less breaks the promise with one seed at least.
    one_less: Vec<Tried>,
    /// Cores that the mean and the peak rate keep busy on the nodes.
    busy_cores_mean: Option<f64>,
    busy_cores_peak: Option<f64>,
    /// Of the mean: what hostile programs may cost is in it.
    costs: CostsUsed,
    not_measured: Vec<String>,
}

/// What the plan rests on.
#[derive(Debug, Serialize)]
struct CostsUsed {
    mix: String,
    hostile: f64,
    measured: u64,
    slot_ms_mean: f64,
    cpu_ms: Option<f64>,
}

/// One line of a sizing table.
#[derive(Debug)]
pub(crate) struct Sizing {
    pub(crate) per_hour: u32,
    pub(crate) profile: &'static str,
    pub(crate) wait: &'static str,
    pub(crate) slots: Option<u32>,
    pub(crate) cores: Option<u64>,
}

/// What larger loads need, steadily and in the last hour of a contest; one draw each.
pub(crate) fn sizing(costs: &Costs) -> Vec<Sizing> {
    let mut lines = Vec::new();
    for (profile, wait, minutes) in [("steady", "p99<1s", 10), ("last-hour", "p99<10s", 60)] {
        for per_hour in [100_000_u32, 300_000, 1_000_000] {
            let duration = Duration::from_secs(minutes * 60);
            let shape: Result<Profile, String> = profile.parse();
            let target: Result<Target, String> = wait.parse();
            let (Ok(shape), Ok(target)) = (shape, target) else { continue };
            let Ok(curve) = shape.curve(duration) else { continue };
            let mean = f64::from(per_hour) / 3_600.0;
            let load = Load { mean, curve, duration, seeds: 1 };
            let slots = search::least(&load, costs, &target).ok().and_then(|needed| needed.slots);
            let cores = slots.map(|slots| cores(costs, f64::from(slots)));
            lines.push(Sizing { per_hour, profile, wait, slots, cores });
        }
    }
    lines
}

/// A slot had so many cores where it was measured, and gets as many.
fn cores(costs: &Costs, slots: f64) -> u64 {
    whole((slots * float(costs.cores) / float(costs.slots.max(1))).ceil())
}

/// Makes a plan; whether there is one.
///
/// # Errors
/// When the costs cannot be read, or there is nothing to plan.
pub(crate) fn run(args: &PlanArgs) -> Result<bool, Failure> {
    let costs = read(&args.costs).map_err(Failure::Input)?;
    let plan = plan(args, &costs).map_err(Failure::Input)?;
    if args.json {
        let text = serde_json::to_string(&plan);
        say(&text.map_err(|error| Failure::Environment(error.into()))?);
    } else {
        say(&plan.in_words());
    }
    Ok(plan.slots.is_some())
}

fn plan(args: &PlanArgs, costs: &Costs) -> Result<Plan> {
    let duration = args.duration.map_or_else(|| args.profile.natural(), WallTime::duration);
    if duration.is_zero() {
        bail!("--duration: must be above zero");
    }
    let curve = args.profile.curve(duration)?;
    let mean = args.rate.per_second() * args.profile.mean_share();
    let peak = mean * curve.pieces().iter().copied().fold(0.0, f64::max);
    let load = Load { mean, curve, duration, seeds: args.seeds };
    let needed = match args.slots {
        Some(slots) => Needed::of(&load, costs, &args.wait, slots),
        None => search::least(&load, costs, &args.wait)?,
    };
    let own = u32::try_from(costs.slots / costs.nodes.max(1)).unwrap_or(1).max(1);
    let per_node = args.slots_per_node.unwrap_or(own);
    let nodes = needed.slots.map(|slots| u64::from(slots.div_ceil(per_node)));
    let cores = nodes.map(|nodes| cores(costs, float(nodes) * f64::from(per_node)));
    let full = costs.full_ms.as_ref().or(costs.alone_ms.as_ref()).context("no service times")?;
    Ok(Plan {
        schema: "minos.load-plan/1",
        rate_per_s: mean,
        peak_per_s: peak,
        profile: args.profile.name(),
        duration_s: duration.as_secs_f64(),
        wait: args.wait.to_string(),
        slots: needed.slots,
        nodes,
        cores,
        slots_per_node: per_node,
        tried: needed.tried,
        one_less: needed.one_less,
        busy_cores_mean: costs.cpu_ms.map(|cpu| cpu / 1_000.0 * mean),
        busy_cores_peak: costs.cpu_ms.map(|cpu| cpu / 1_000.0 * peak),
        costs: CostsUsed {
            mix: costs.mix.clone(),
            hostile: costs.hostile,
            measured: full.count,
            slot_ms_mean: full.mean + costs.turnaround_ms.unwrap_or(0.0),
            cpu_ms: costs.cpu_ms,
        },
        not_measured: costs.not_measured.clone(),
    })
}

impl Plan {
    fn in_words(&self) -> String {
        let mut lines = vec![
            format!(
                "load      {:.1}/s for {:.0} s ({}), {:.1}/s at its peak",
                self.rate_per_s, self.duration_s, self.profile, self.peak_per_s
            ),
            format!(
                "costs     {} of mix {}, {:.0} % hostile; a slot is taken for {:.1} ms in the mean",
                self.costs.measured,
                self.costs.mix,
                self.costs.hostile * 100.0,
                self.costs.slot_ms_mean
            ),
        ];
        lines.push(match (self.slots, self.nodes, self.cores) {
            (Some(slots), Some(nodes), Some(cores)) => format!(
                "plan      {nodes} nodes with {} slots each ({slots} slots needed), {cores} cores",
                self.slots_per_node
            ),
            _ => format!("plan      none: {} cannot be kept", self.wait),
        });
        lines.push(format!("promise   {}", self.wait));
        lines.extend(self.tried.iter().map(Tried::in_words));
        if !self.one_less.is_empty() {
            lines.push("one slot less:".to_owned());
            lines.extend(self.one_less.iter().map(Tried::in_words));
        }
        if let (Some(mean), Some(peak)) = (self.busy_cores_mean, self.busy_cores_peak) {
            lines
                .push(format!("cpu       {mean:.1} cores busy in the mean, {peak:.1} at the peak"));
        }
        lines.push("not measured:".to_owned());
        lines.extend(self.not_measured.iter().map(|what| format!("  - {what}")));
        lines.join("\n")
    }
}

/// Reads costs: a report, or costs alone, or the directory of a run.
fn read(path: &Path) -> Result<Costs> {
    let file = if path.is_dir() { path.join("report.json") } else { path.to_path_buf() };
    let shown = format!("--costs {}", file.display());
    let text = std::fs::read_to_string(&file).with_context(|| shown.clone())?;
    let value: serde_json::Value =
        serde_json::from_str(&text).with_context(|| format!("{shown}: not a report"))?;
    let schema = value.get("schema").and_then(serde_json::Value::as_str).unwrap_or_default();
    let costs = match schema {
        COSTS_SCHEMA => value,
        "minos.load/1" => value.get("costs").cloned().unwrap_or_default(),
        other => bail!(
            "{shown}: schema `{other}`, expected `minos.load/1` (type: minos-load report DIR \
             --format json)"
        ),
    };
    if costs.is_null() {
        bail!("{shown}: this run judged too little to know its costs");
    }
    let costs: Costs =
        serde_json::from_value(costs).map_err(|error| anyhow!("{shown}: costs: {error}"))?;
    let sound = |distribution: &Option<crate::report::Distribution>| {
        distribution.as_ref().is_none_or(|one| {
            !one.quantiles.is_empty() && one.quantiles.iter().all(|ms| ms.is_finite() && *ms >= 0.0)
        })
    };
    let all = [&costs.alone_ms, &costs.full_ms, &costs.dispatch_ms];
    let paced = costs.pace.iter().all(|pace| pace.is_finite() && *pace >= 0.0);
    if !all.into_iter().all(sound)
        || !paced
        || (costs.alone_ms.is_none() && costs.full_ms.is_none())
    {
        bail!("{shown}: costs: no times of judging, or such as cannot be");
    }
    Ok(costs)
}

#[cfg(test)]
pub(crate) mod testing;

#[cfg(test)]
mod tests;
