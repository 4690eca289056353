//! What a run says: `minos.load/1`, the same in words, and a page of pictures. All of it is made
//! from the journal.

mod costs;
mod html;
mod latency;
mod series;
mod sums;
mod words;

use std::path::Path;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use crate::args::{Format, ReportArgs};
use crate::journal::{self, NodeFact};
use crate::machine::Machine;
use crate::num::float;
use crate::record::Record;
use crate::threshold::{Measure, Threshold};
use crate::{Failure, note, say};
pub(crate) use costs::{Costs, Distribution, SCHEMA as COSTS_SCHEMA};
use html::page;
use latency::Latencies;
pub(crate) use latency::Latency;
use sums::{Cpu, Ids, Storm, Sums};

/// The largest share of late sends at which a run still claims its figures.
const LATE_SHARE: f64 = 0.001;
/// The file beside the journal.
const FILE: &str = "report.json";

/// `minos.load/1`.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    schema: &'static str,
    pub(crate) offered_per_s: f64,
    pub(crate) achieved_per_s: f64,
    #[serde(flatten)]
    pub(crate) sums: Sums,
    pub(crate) wait_ms: Latency,
    /// From a slot's taking it to its verdict.
    pub(crate) judging_ms: Latency,
    pub(crate) total_ms: Latency,
    pub(crate) cpu_ms_per_submission: Cpu,
    by_cause: Vec<(String, String, u64)>,
    pub(crate) ids: Ids,
    pub(crate) claim: Claim,
    pub(crate) thresholds: Vec<Held>,
    pub(crate) storm: Option<Storm>,
    pub(crate) costs: Option<Costs>,
    profile: String,
    mix: String,
    hostile: f64,
    rate_per_s: f64,
    pub(crate) duration_s: f64,
    seed: u64,
    tenant: String,
    commit: Option<String>,
    version: String,
    machine: Machine,
    nodes: Vec<NodeFact>,
    /// The most that the load average over a minute was.
    load_max: Option<f64>,
    notes: Vec<String>,
    journal: String,
}

/// Whether the figures may be quoted.
#[derive(Debug, Serialize)]
pub(crate) struct Claim {
    pub(crate) valid: bool,
    pub(crate) why: Option<String>,
}

/// One threshold and whether it held.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Held {
    pub(crate) threshold: String,
    pub(crate) observed: Option<f64>,
    pub(crate) holds: bool,
}

/// Reads the journal of a run, and writes its report beside it.
///
/// # Errors
/// When the journal cannot be read or the report not be written.
pub(crate) fn finish(dir: &Path) -> Result<Report> {
    let record = journal::read(dir)?;
    let report = Report::new(&record, dir);
    let text = serde_json::to_string_pretty(&report)?;
    let path = dir.join(FILE);
    std::fs::write(&path, text).with_context(|| path.display().to_string())?;
    Ok(report)
}

/// `minos-load report`.
///
/// # Errors
/// When the journal cannot be read or the report not be written.
pub(crate) fn write(args: &ReportArgs) -> Result<bool, Failure> {
    let record = journal::read(&args.dir).map_err(Failure::Input)?;
    let report = Report::new(&record, &args.dir);
    let text = match args.format {
        Format::Html => page(&record, &report),
        Format::Text => report.in_words(),
        Format::Json => {
            serde_json::to_string(&report).map_err(|error| Failure::Environment(error.into()))?
        }
    };
    let beside = (args.format == Format::Html).then(|| args.dir.join("report.html"));
    let path = args.output.clone().or(beside).filter(|path| path.as_os_str() != "-");
    let Some(path) = path else {
        say(&text);
        return Ok(true);
    };
    std::fs::write(&path, text + "\n")
        .with_context(|| format!("-o {}", path.display()))
        .map_err(Failure::Input)?;
    note(&format!("written: {}", path.display()));
    Ok(true)
}

impl Report {
    /// Adds a run up.
    pub(crate) fn new(record: &Record, dir: &Path) -> Self {
        let start = &record.start;
        let sums = Sums::of(record);
        let latencies = Latencies::of(record);
        let claim = claim(&sums, start.planned);
        let achieved = achieved(record, &sums);
        let thresholds = start.thresholds.iter();
        let thresholds = thresholds
            .filter_map(|text| text.parse::<Threshold>().ok())
            .map(|threshold| {
                let observed = observe(threshold.measure(), &sums, &latencies, achieved);
                // A generator that was late has measured itself, so no latency is proven.
                let provable = claim.valid || !is_timing(threshold.measure());
                let holds = provable && threshold.holds(observed);
                Held { threshold: threshold.to_string(), observed, holds }
            })
            .collect();
        Self {
            schema: "minos.load/1",
            offered_per_s: float(start.planned - record.unsent.min(start.planned))
                / offered_for(record),
            achieved_per_s: achieved,
            wait_ms: latencies.wait(),
            judging_ms: latencies.judging(),
            total_ms: latencies.total(),
            cpu_ms_per_submission: Cpu::of(record, &sums),
            by_cause: sums::by_cause(record),
            ids: Ids::of(record),
            claim,
            thresholds,
            storm: Storm::of(record),
            costs: Costs::of(record),
            profile: start.profile.clone(),
            mix: start.mix.clone(),
            hostile: start.hostile,
            rate_per_s: start.rate_per_s,
            duration_s: start.duration_s,
            seed: start.seed,
            tenant: start.tenant.clone(),
            commit: start.commit.clone(),
            version: start.version.clone(),
            machine: start.machine.clone(),
            nodes: start.nodes.clone(),
            load_max: record.samples.iter().map(|sample| sample.load).reduce(f64::max),
            notes: notes(record),
            journal: dir.join(journal::FILE).display().to_string(),
            sums,
        }
    }

    /// Whether nothing went wrong and every threshold held.
    pub(crate) fn is_good(&self) -> bool {
        self.sums.is_clean() && self.thresholds.iter().all(|held| held.holds)
    }
}

/// What a reader must know.
fn notes(record: &Record) -> Vec<String> {
    let mut notes = record.notes.clone();
    if record.ended.is_none() {
        notes.push(
            "this run has not ended: its generator was killed, or is still at work (type: \
             minos-load verify DIR)"
                .to_owned(),
        );
    }
    let troubles = record.samples.iter().filter_map(|sample| sample.trouble.as_ref());
    let troubles: Vec<_> = troubles.collect();
    if let Some(first) = troubles.first() {
        notes
            .push(format!("the cluster did not tell its status {} times: {first}", troubles.len()));
    }
    if let Some((_, share, _)) = record.warmed.filter(|(_, share, _)| *share < 0.999) {
        notes.push(format!(
            "only {:.1} % of the builds were reused at the end of the warm-up",
            share * 100.0
        ));
    }
    let waits = record.entries().iter().filter(|entry| entry.has_verdict());
    let (all, known) = waits.fold((0_u64, 0_u64), |(all, known), entry| {
        (all + 1, known + u64::from(entry.wait().is_some()))
    });
    if known < all {
        notes.push(format!("the wait of {} submissions is not known: news were lost", all - known));
    }
    notes
}

/// How long submissions were offered, in seconds.
fn offered_for(record: &Record) -> f64 {
    if record.unsent == 0 {
        return record.start.duration_s;
    }
    let sent = record.entries().iter().filter(|entry| !entry.storm && entry.sent.is_some());
    let last = sent.map(|entry| entry.planned).max();
    float(last.unwrap_or(0)).max(1.0) / 1e6
}

/// Verdicts per second from the first planned send to the last verdict, or to the end of the
/// offer when that is later.
fn achieved(record: &Record, sums: &Sums) -> f64 {
    let last = record.entries().iter().filter_map(|entry| entry.judged).max().unwrap_or(0);
    float(sums.judged) / offered_for(record).max(float(last) / 1e6).max(1e-6)
}

fn claim(sums: &Sums, planned: u64) -> Claim {
    let share = float(sums.late_sends) / float(planned.max(1));
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

fn observe(measure: Measure, sums: &Sums, latencies: &Latencies, achieved: f64) -> Option<f64> {
    match measure {
        Measure::Wait(percentile) => latencies.wait_at(percentile),
        Measure::Total(percentile) => latencies.total_at(percentile),
        Measure::Lost => Some(float(sums.lost)),
        Measure::Duplicated => Some(float(sums.duplicated)),
        Measure::Wrong => Some(float(sums.wrong_verdicts)),
        Measure::JudgeErrors => Some(float(sums.judge_errors)),
        Measure::LateSends => Some(float(sums.late_sends)),
        Measure::Achieved => Some(achieved),
    }
}

#[cfg(test)]
mod tests;
