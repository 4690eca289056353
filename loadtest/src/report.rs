//! What a run says at its end: `minos.load/1`, and the same in words.

use std::time::Duration;

use hdrhistogram::Histogram;
use minos_model::Verdict;
use serde::Serialize;

use crate::ledger::{Entry, Ledger, Sums};
use crate::threshold::{Measure, Threshold};

/// The largest share of late sends at which a run still claims its figures.
const LATE_SHARE: f64 = 0.001;
/// The longest latency the histograms hold: a day, in microseconds.
const LONGEST_US: u64 = 86_400_000_000;

/// `minos.load/1`.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    schema: &'static str,
    offered_per_s: f64,
    achieved_per_s: f64,
    submitted: u64,
    judged: u64,
    lost: u64,
    duplicated: u64,
    wrong_verdicts: u64,
    judge_errors: u64,
    refused: u64,
    late_sends: u64,
    wait_ms: Latency,
    total_ms: Latency,
    cpu_ms_per_submission: Costs,
    by_cause: Vec<(String, String, u64)>,
    claim: Claim,
    thresholds: Vec<Held>,
    seed: u64,
    tenant: String,
    journal: String,
}

/// Percentiles in milliseconds from the planned time of sending; null when nothing was measured.
#[derive(Debug, Clone, Serialize)]
struct Latency {
    count: u64,
    p50: Option<f64>,
    p90: Option<f64>,
    p95: Option<f64>,
    p99: Option<f64>,
    max: Option<f64>,
}

/// CPU milliseconds per judged submission.
#[derive(Debug, Clone, Copy, Serialize)]
struct Costs {
    /// Compilers; a reused build costs nothing.
    compile: Option<f64>,
    /// The contestants' programs.
    run: Option<f64>,
    /// Everything else the node did; null where the node's processes could not be watched.
    judge: Option<f64>,
}

/// Whether the figures may be quoted.
#[derive(Debug, Serialize)]
struct Claim {
    valid: bool,
    why: Option<String>,
}

/// One threshold and whether it held.
#[derive(Debug, Serialize)]
struct Held {
    threshold: String,
    observed: Option<f64>,
    holds: bool,
}

/// What a report is made from.
#[derive(Debug)]
pub(crate) struct Facts<'a> {
    pub(crate) ledger: &'a Ledger,
    /// The verdicts each program of the mix may get; the first is its name in `by_cause`.
    pub(crate) expected: &'a [Vec<Verdict>],
    pub(crate) thresholds: &'a [Threshold],
    /// How long submissions were offered.
    pub(crate) duration: Duration,
    /// CPU time of the node, compilers and programs included, where it was watched.
    pub(crate) node_cpu: Option<Duration>,
    pub(crate) seed: u64,
    pub(crate) tenant: &'a str,
    pub(crate) journal: String,
}

impl Report {
    /// Adds a run up.
    pub(crate) fn new(facts: &Facts<'_>) -> Self {
        let may = |program: usize, verdict: Verdict| {
            facts.expected.get(program).is_some_and(|verdicts| verdicts.contains(&verdict))
        };
        let name = |program: usize| {
            let first = facts.expected.get(program).and_then(|verdicts| verdicts.first());
            first.map_or("?", |verdict| verdict.as_str()).to_owned()
        };
        let entries = facts.ledger.entries();
        let sums = facts.ledger.sums(may);
        let wait = histogram(entries, |entry| entry.received);
        let total = histogram(entries, |entry| entry.judged);
        let achieved = achieved(entries, facts.duration);
        let claim = claim(&sums, entries.len());
        let judged = sums.judged;
        let compile = entries.iter().map(|entry| entry.compile.micros()).sum();
        let run = entries.iter().map(|entry| entry.run.micros()).sum();
        let thresholds = facts
            .thresholds
            .iter()
            .map(|threshold| {
                let observed = observe(threshold.measure(), &sums, &wait, &total, achieved);
                // A generator that was late has measured itself, so no latency is proven.
                let provable = claim.valid || !is_timing(threshold.measure());
                let holds = provable && threshold.holds(observed);
                Held { threshold: threshold.to_string(), observed, holds }
            })
            .collect();
        Self {
            schema: "minos.load/1",
            offered_per_s: per_second(entries.len(), facts.duration),
            achieved_per_s: achieved,
            submitted: sums.submitted,
            judged,
            lost: sums.lost,
            duplicated: sums.duplicated,
            wrong_verdicts: sums.wrong,
            judge_errors: sums.judge_errors,
            refused: sums.refused,
            late_sends: sums.late_sends,
            wait_ms: Latency::of(&wait),
            total_ms: Latency::of(&total),
            cpu_ms_per_submission: Costs {
                compile: mean(compile, judged),
                run: mean(run, judged),
                judge: facts.node_cpu.and_then(|cpu| {
                    let rest = crate::journal::micros(cpu).saturating_sub(compile + run);
                    mean(rest, judged)
                }),
            },
            by_cause: facts
                .ledger
                .confusion(name)
                .into_iter()
                .map(|((expected, got), count)| (expected, got, count))
                .collect(),
            claim,
            thresholds,
            seed: facts.seed,
            tenant: facts.tenant.to_owned(),
            journal: facts.journal.clone(),
        }
    }

    /// Whether nothing went wrong and every threshold held.
    pub(crate) fn is_good(&self) -> bool {
        let nothing = self.lost == 0
            && self.duplicated == 0
            && self.wrong_verdicts == 0
            && self.judge_errors == 0
            && self.refused == 0;
        nothing && self.thresholds.iter().all(|held| held.holds)
    }

    /// The report for a person.
    pub(crate) fn in_words(&self) -> String {
        let mut lines = vec![
            format!("offered   {:.1}/s   judged {:.1}/s", self.offered_per_s, self.achieved_per_s),
            format!(
                "ledger    submitted {}   judged {}   lost {}   duplicated {}   wrong {}   judge errors {}   refused {}",
                self.submitted,
                self.judged,
                self.lost,
                self.duplicated,
                self.wrong_verdicts,
                self.judge_errors,
                self.refused
            ),
            format!("wait      {}", self.wait_ms.in_words()),
            format!("total     {}", self.total_ms.in_words()),
            format!(
                "cpu       compile {}   run {}   judge {}   (ms per submission)",
                figure(self.cpu_ms_per_submission.compile),
                figure(self.cpu_ms_per_submission.run),
                figure(self.cpu_ms_per_submission.judge)
            ),
        ];
        lines.push("verdicts  expected -> got".to_owned());
        for (expected, got, count) in &self.by_cause {
            let mark = if expected == got { "" } else { "   <- not as expected" };
            lines.push(format!("          {expected:>4} -> {got:<4} {count:>6}{mark}"));
        }
        for held in &self.thresholds {
            let mark = if held.holds { "holds " } else { "MISSED" };
            lines.push(format!(
                "{mark}    {}   (observed {})",
                held.threshold,
                figure(held.observed)
            ));
        }
        if let Some(why) = &self.claim.why {
            lines.push(format!("no claim  {why}"));
        }
        lines.push(format!("journal   {}   seed {}", self.journal, self.seed));
        lines.join("\n")
    }
}

impl Latency {
    fn of(histogram: &Histogram<u64>) -> Self {
        let at = |percentile: f64| quantile_ms(histogram, percentile);
        Self {
            count: histogram.len(),
            p50: at(50.0),
            p90: at(90.0),
            p95: at(95.0),
            p99: at(99.0),
            max: at(100.0),
        }
    }

    fn in_words(&self) -> String {
        format!(
            "p50 {}   p90 {}   p99 {}   max {}   (ms, of {})",
            figure(self.p50),
            figure(self.p90),
            figure(self.p99),
            figure(self.max),
            self.count
        )
    }
}

fn figure(value: Option<f64>) -> String {
    value.map_or_else(|| "not measured".to_owned(), |value| format!("{value:.1}"))
}

/// Latencies from the planned time, in microseconds, so that a stalled generator hides nothing.
fn histogram(entries: &[Entry], end: impl Fn(&Entry) -> Option<Duration>) -> Histogram<u64> {
    let mut histogram =
        Histogram::new_with_bounds(1, LONGEST_US, 3).expect("the bounds are constants in range");
    for entry in entries {
        if let Some(at) = end(entry) {
            let latency = crate::journal::micros(at.saturating_sub(entry.planned));
            histogram.saturating_record(latency.clamp(1, LONGEST_US));
        }
    }
    histogram
}

fn quantile_ms(histogram: &Histogram<u64>, percentile: f64) -> Option<f64> {
    if histogram.is_empty() {
        return None;
    }
    let micros = if percentile >= 100.0 {
        histogram.max()
    } else {
        histogram.value_at_percentile(percentile)
    };
    Some(as_float(micros) / 1_000.0)
}

/// Verdicts per second from the first planned send to the last verdict, or to the end of the
/// offer when that is later.
fn achieved(entries: &[Entry], duration: Duration) -> f64 {
    let judged = entries.iter().filter_map(|entry| entry.judged);
    let (count, last) =
        judged.fold((0_usize, duration), |(count, last), at| (count + 1, last.max(at)));
    per_second(count, last)
}

fn per_second(count: usize, time: Duration) -> f64 {
    let seconds = time.as_secs_f64();
    if seconds > 0.0 { as_float(u64::try_from(count).unwrap_or(u64::MAX)) / seconds } else { 0.0 }
}

fn claim(sums: &Sums, planned: usize) -> Claim {
    let share = as_float(sums.late_sends) / as_float(u64::try_from(planned.max(1)).unwrap_or(1));
    if share > LATE_SHARE {
        let why = format!(
            "{} of {planned} submissions left this generator more than 5 ms late ({:.2} %, above \
             0.1 %): the times measure this machine, not the cluster",
            sums.late_sends,
            share * 100.0
        );
        return Claim { valid: false, why: Some(why) };
    }
    Claim { valid: true, why: None }
}

const fn is_timing(measure: Measure) -> bool {
    matches!(measure, Measure::Wait(_) | Measure::Total(_) | Measure::Achieved)
}

fn observe(
    measure: Measure,
    sums: &Sums,
    wait: &Histogram<u64>,
    total: &Histogram<u64>,
    achieved: f64,
) -> Option<f64> {
    match measure {
        Measure::Wait(percentile) => quantile_ms(wait, percentile),
        Measure::Total(percentile) => quantile_ms(total, percentile),
        Measure::Lost => Some(as_float(sums.lost)),
        Measure::Duplicated => Some(as_float(sums.duplicated)),
        Measure::Wrong => Some(as_float(sums.wrong)),
        Measure::JudgeErrors => Some(as_float(sums.judge_errors)),
        Measure::LateSends => Some(as_float(sums.late_sends)),
        Measure::Achieved => Some(achieved),
    }
}

fn mean(micros: u64, count: u64) -> Option<f64> {
    if count == 0 { None } else { Some(as_float(micros) / 1_000.0 / as_float(count)) }
}

/// Counts and microseconds of a run are far below 2^52, where a float is exact.
#[expect(clippy::cast_precision_loss, reason = "counts and microseconds below 2^52")]
const fn as_float(value: u64) -> f64 {
    value as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(late: usize, thresholds: &[&str]) -> Report {
        let plan = (0..100).map(|i| (format!("s{i}"), Duration::from_millis(100 * i), 0));
        let mut ledger = Ledger::new(plan);
        for index in 0..100 {
            let planned = ledger.entries()[index].planned;
            let delay = if index < late { 6 } else { 0 };
            ledger.sent(index, planned + Duration::from_millis(delay));
            ledger.acked(index, planned + Duration::from_millis(delay + 1));
            ledger.received(&format!("s{index}"), planned + Duration::from_millis(20));
        }
        let thresholds: Vec<Threshold> = thresholds.iter().map(|t| t.parse().unwrap()).collect();
        Report::new(&Facts {
            ledger: &ledger,
            expected: &[vec![Verdict::Accepted]],
            thresholds: &thresholds,
            duration: Duration::from_secs(10),
            node_cpu: None,
            seed: 1,
            tenant: "load",
            journal: "journal.jsonl".to_owned(),
        })
    }

    #[test]
    fn every_promised_key_is_there() {
        let value = serde_json::to_value(report(0, &[])).unwrap();
        for key in [
            "offered_per_s",
            "achieved_per_s",
            "submitted",
            "judged",
            "lost",
            "duplicated",
            "wrong_verdicts",
            "judge_errors",
            "late_sends",
            "wait_ms",
            "total_ms",
            "cpu_ms_per_submission",
            "by_cause",
        ] {
            assert!(value.get(key).is_some(), "{key}");
        }
        assert_eq!(value["schema"], "minos.load/1");
        let p99 = value["wait_ms"]["p99"].as_f64().unwrap();
        assert!((20.0..20.1).contains(&p99), "{p99}");
        assert_eq!(value["by_cause"], serde_json::json!([["AC", "none", 100]]));
        for key in ["compile", "run", "judge"] {
            assert!(value["cpu_ms_per_submission"].get(key).is_some(), "{key}");
        }
    }

    #[test]
    fn a_late_generator_claims_no_time_but_still_counts() {
        let report = report(1, &["wait.p99<1h", "lost==100"]);
        assert!(!report.claim.valid);
        assert!(report.in_words().contains("no claim"), "{}", report.in_words());
        let holds: Vec<bool> = report.thresholds.iter().map(|held| held.holds).collect();
        assert_eq!(holds, [false, true]);
        assert!(self::report(0, &["wait.p99<1h"]).thresholds[0].holds);
    }
}
