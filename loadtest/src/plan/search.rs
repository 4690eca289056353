//! The least number of slots that keeps a promise.

use std::time::Duration;

use anyhow::{Result, bail};
use serde::Serialize;

use super::simulate::{self, Outcome};
use crate::curve::Curve;
use crate::num::whole;
use crate::report::Costs;
use crate::schedule;
use crate::threshold::Target;

/// No cluster has more slots.
const MOST_SLOTS: u32 = 1_000_000;
/// More arrivals than this are not played: the search would take minutes.
const MOST_ARRIVALS: f64 = 8e6;

/// What arrives.
#[derive(Debug)]
pub(super) struct Load {
    /// Submissions per second, in the mean.
    pub(super) mean: f64,
    pub(super) curve: Curve,
    pub(super) duration: Duration,
    /// How many different draws.
    pub(super) seeds: u32,
}

/// What came out with one seed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Tried {
    seed: u64,
    slots: u32,
    pub(super) wait_ms: Waits,
    per_second: f64,
    /// The slots' time that was used, as a share.
    busy: f64,
    holds: bool,
}

/// Percentiles of the wait.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Waits {
    pub(super) p50: f64,
    p90: f64,
    p95: f64,
    p99: f64,
    max: f64,
}

/// What is needed.
#[derive(Debug)]
pub(super) struct Needed {
    /// `None` when not even the most slots keep the promise.
    pub(super) slots: Option<u32>,
    pub(super) tried: Vec<Tried>,
    pub(super) one_less: Vec<Tried>,
}

impl Needed {
    /// So many slots, whether or not they keep the promise.
    pub(super) fn of(load: &Load, costs: &Costs, target: &Target, slots: u32) -> Self {
        let tried = load.all(costs, target, slots);
        let holds = tried.iter().all(|one| one.holds);
        Self { slots: holds.then_some(slots), tried, one_less: vec![] }
    }
}

impl Load {
    fn arrivals(&self, seed: u64) -> Vec<Duration> {
        schedule::poisson(self.mean, &self.curve, self.duration, seed)
    }

    fn seeds(&self) -> impl Iterator<Item = u64> {
        1..=u64::from(self.seeds)
    }

    /// What so many slots do with every seed.
    fn all(&self, costs: &Costs, target: &Target, slots: u32) -> Vec<Tried> {
        let one = |seed| {
            let outcome = simulate::play(&self.arrivals(seed), slots, costs, seed);
            Tried::of(&outcome, target, slots, seed)
        };
        self.seeds().map(one).collect()
    }
}

/// Searches the least number of slots that keeps the promise with every seed.
///
/// # Errors
/// When there is too much to play.
pub(super) fn least(load: &Load, costs: &Costs, target: &Target) -> Result<Needed> {
    let count = load.mean * load.duration.as_secs_f64();
    if count > MOST_ARRIVALS {
        bail!(
            "{count:.0} submissions are more than a plan plays ({MOST_ARRIVALS:.0}): give a shorter \
             --duration"
        );
    }
    let arrivals: Vec<(u64, Vec<Duration>)> =
        load.seeds().map(|seed| (seed, load.arrivals(seed))).collect();
    let holds = |slots: u32| {
        arrivals.iter().all(|(seed, arrivals)| {
            let outcome = simulate::play(arrivals, slots, costs, *seed);
            target.holds(outcome.wait(target.percentile()))
        })
    };
    // The mean load is a lower bound to begin with; from there upwards by doubling, then by halves.
    let busy = costs.full_ms.as_ref().or(costs.alone_ms.as_ref()).map_or(0.0, |one| one.mean);
    let mean = load.mean * (busy + costs.turnaround_ms.unwrap_or(0.0)) / 1_000.0;
    let mut most = u32::try_from(whole(mean)).unwrap_or(MOST_SLOTS).clamp(1, MOST_SLOTS);
    let mut least = 0;
    while !holds(most) {
        if most == MOST_SLOTS {
            return Ok(Needed {
                slots: None,
                tried: load.all(costs, target, most),
                one_less: vec![],
            });
        }
        least = most;
        most = (most.saturating_mul(2)).min(MOST_SLOTS);
        // A wait that no slot is to blame for does not get shorter by more of them.
        if f64::from(least) > mean * 64.0 + 64.0 {
            return Ok(Needed {
                slots: None,
                tried: load.all(costs, target, least),
                one_less: vec![],
            });
        }
    }
    while most - least > 1 {
        let middle = least + (most - least) / 2;
        if holds(middle) {
            most = middle;
        } else {
            least = middle;
        }
    }
    let one_less = if least > 0 { load.all(costs, target, least) } else { vec![] };
    Ok(Needed { slots: Some(most), tried: load.all(costs, target, most), one_less })
}

impl Tried {
    fn of(outcome: &Outcome, target: &Target, slots: u32, seed: u64) -> Self {
        let at = |percentile: f64| outcome.wait(percentile);
        let wait_ms =
            Waits { p50: at(50.0), p90: at(90.0), p95: at(95.0), p99: at(99.0), max: at(100.0) };
        let holds = target.holds(at(target.percentile()));
        let (per_second, busy) = (outcome.per_second(), outcome.busy);
        Self { seed, slots, wait_ms, per_second, busy, holds }
    }

    pub(super) fn in_words(&self) -> String {
        let waits = &self.wait_ms;
        format!(
            "  seed {:<3} {} slots {:.0} % busy, {:.1}/s judged, wait p50 {:.1}, p95 {:.1}, p99 {:.1}, \
             max {:.1} ms: {}",
            self.seed,
            self.slots,
            self.busy * 100.0,
            self.per_second,
            waits.p50,
            waits.p95,
            waits.p99,
            waits.max,
            if self.holds { "holds" } else { "broken" }
        )
    }
}
