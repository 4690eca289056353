//! The ledger's sums: what was promised to every submission, and what became of it.

use std::collections::BTreeMap;

use serde::Serialize;

use super::latency::{Latency, histogram};
use crate::journal;
use crate::label;
use crate::num::float;
use crate::record::{Entry, Record};

/// So many ids of a kind are listed; the journal has all.
const LISTED: usize = 200;

/// submitted = judged + cancelled + dead-lettered + outstanding + lost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Sums {
    /// Acknowledged by the broker, or known to it though its word never came.
    pub(crate) submitted: u64,
    /// With a verdict, cancellations and judge errors left out.
    pub(crate) judged: u64,
    /// With the verdict CS.
    pub(crate) cancelled: u64,
    /// With the verdict JE: each is a dead letter.
    pub(crate) dead_lettered: u64,
    /// Without a verdict, waiting or being judged at the end.
    pub(crate) outstanding: u64,
    /// Acknowledged, without a verdict, and nowhere to be found.
    pub(crate) lost: u64,
    /// With more than one verdict.
    pub(crate) duplicated: u64,
    /// Verdicts for submissions that were never sent.
    pub(crate) unexpected: u64,
    /// With a verdict though the broker's word that it is stored never came.
    pub(crate) recovered: u64,
    /// With a verdict other than expected, judge errors and cancellations left out.
    pub(crate) wrong_verdicts: u64,
    /// With the right verdict for another cause than expected.
    pub(crate) wrong_causes: u64,
    /// With the verdict JE.
    pub(crate) judge_errors: u64,
    /// Not stored: the broker refused or did not answer.
    pub(crate) refused: u64,
    /// Judged on a delivery after the first.
    pub(crate) redelivered: u64,
    /// Sent more than 5 ms after their time.
    pub(crate) late_sends: u64,
    /// Of the plan, but never due: the run was stopped.
    pub(crate) unsent: u64,
}

impl Sums {
    pub(super) fn of(record: &Record) -> Self {
        let unexpected = u64::try_from(record.unexpected.len()).unwrap_or(u64::MAX);
        let mut sums = Self { unexpected, unsent: record.unsent, ..Self::default() };
        for entry in record.entries() {
            sums.add(record, entry);
        }
        sums
    }

    fn add(&mut self, record: &Record, entry: &Entry) {
        self.late_sends += u64::from(entry.is_late());
        self.duplicated += u64::from(entry.extra > 0);
        if entry.acked.is_none() && !entry.has_verdict() && !entry.pending {
            self.refused += u64::from(entry.sent.is_some());
            return;
        }
        self.submitted += 1;
        self.recovered += u64::from(entry.acked.is_none() && entry.has_verdict());
        self.redelivered += u64::from(entry.attempt > 1);
        match record.got(entry).map(label::verdict) {
            None if entry.pending => self.outstanding += 1,
            None => self.lost += 1,
            Some("JE") => {
                self.judge_errors += 1;
                self.dead_lettered += 1;
            }
            Some("CS") => self.cancelled += 1,
            Some(_) => {
                self.judged += 1;
                let wrong = record.is_wrong(entry);
                self.wrong_verdicts += u64::from(wrong);
                let other = record.got(entry) != Some(record.expected(entry));
                self.wrong_causes += u64::from(!wrong && other);
            }
        }
    }

    /// Whether every submission has its one right verdict.
    pub(crate) const fn is_clean(&self) -> bool {
        self.lost == 0
            && self.outstanding == 0
            && self.duplicated == 0
            && self.unexpected == 0
            && self.wrong_verdicts == 0
            && self.judge_errors == 0
            && self.refused == 0
    }
}

/// How often each expected cause met each reported one.
pub(super) fn by_cause(record: &Record) -> Vec<(String, String, u64)> {
    let mut cells: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    for entry in record.entries() {
        if entry.acked.is_some() || entry.has_verdict() {
            let got = record.got(entry).unwrap_or(if entry.pending { "pending" } else { "none" });
            *cells.entry((record.expected(entry), got)).or_default() += 1;
        }
    }
    let cells = cells.into_iter();
    cells.map(|((expected, got), count)| (expected.to_owned(), got.to_owned(), count)).collect()
}

/// Which ones; at most 200 of a kind.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Ids {
    pub(crate) lost: Vec<String>,
    pub(crate) outstanding: Vec<String>,
    pub(crate) duplicated: Vec<String>,
    pub(crate) unexpected: Vec<String>,
    pub(crate) judge_errors: Vec<String>,
    /// Each with why.
    pub(crate) refused: Vec<(String, String)>,
    pub(crate) wrong: Vec<Wrong>,
    pub(crate) wrong_causes: Vec<Wrong>,
}

/// A verdict that was not expected.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Wrong {
    pub(crate) id: String,
    pub(crate) program: String,
    pub(crate) expected: String,
    pub(crate) got: String,
}

impl Ids {
    pub(super) fn of(record: &Record) -> Self {
        let mut ids = Self {
            unexpected: record.unexpected.iter().take(LISTED).cloned().collect(),
            refused: record.refused.iter().take(LISTED).cloned().collect(),
            ..Self::default()
        };
        for (index, entry) in record.entries().iter().enumerate() {
            ids.add(record, index, entry);
        }
        ids
    }

    fn add(&mut self, record: &Record, index: usize, entry: &Entry) {
        let id = || journal::id(index);
        if entry.extra > 0 && self.duplicated.len() < LISTED {
            self.duplicated.push(id());
        }
        let Some(got) = record.got(entry) else {
            if entry.pending {
                push(&mut self.outstanding, id);
            } else if entry.acked.is_some() {
                push(&mut self.lost, id);
            }
            return;
        };
        let expected = record.expected(entry);
        if label::verdict(got) == "JE" {
            push(&mut self.judge_errors, id);
        } else if got != expected && label::verdict(got) != "CS" {
            let list =
                if record.is_wrong(entry) { &mut self.wrong } else { &mut self.wrong_causes };
            push(list, || Wrong {
                id: id(),
                program: record.program(entry).to_owned(),
                expected: expected.to_owned(),
                got: got.to_owned(),
            });
        }
    }
}

fn push<T>(list: &mut Vec<T>, one: impl FnOnce() -> T) {
    if list.len() < LISTED {
        list.push(one());
    }
}

/// CPU milliseconds per judged submission; null where it could not be watched.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Cpu {
    /// Compilers; a reused build costs nothing.
    pub(crate) compile: Option<f64>,
    /// The contestants' programs.
    pub(crate) run: Option<f64>,
    /// Everything else that the node, its wardens and its boxes did.
    pub(crate) judge: Option<f64>,
    /// Of `judge`: the node's own process.
    pub(crate) node: Option<f64>,
    /// Of `judge`: the processes that make boxes.
    pub(crate) wardens: Option<f64>,
    /// Of `judge`: in boxes, but in no compiler and no program: making the box, and checkers.
    pub(crate) boxes: Option<f64>,
    pub(crate) broker: Option<f64>,
    pub(crate) generator: Option<f64>,
    /// Of the machine, and in none of these: the kernel's threads, and whatever else ran.
    pub(crate) other: Option<f64>,
    /// The same programs spawned plainly, as many as were run.
    pub(crate) bare: Option<f64>,
}

impl Cpu {
    pub(super) fn of(record: &Record, sums: &Sums) -> Self {
        let judged = sums.judged;
        let mean = |micros: u64| (judged > 0).then(|| float(micros) / 1_000.0 / float(judged));
        let entries = record.entries();
        let compile: u64 = entries.iter().map(|entry| entry.compile_us).sum();
        let run: u64 = entries.iter().map(|entry| entry.run_us).sum();
        let runs: u64 = entries.iter().map(|entry| u64::from(entry.runs)).sum();
        let mut seen = record.samples.iter().filter_map(|sample| sample.used);
        let used = seen.next().zip(seen.next_back()).map(|(first, last)| last.since(first));
        let of = |part: u64| used.and_then(|_| mean(part));
        let used = used.unwrap_or_default().knowing(compile + run);
        Self {
            compile: mean(compile),
            run: mean(run),
            judge: of(used.judging_us() - compile - run),
            node: of(used.node_us),
            wardens: of(used.wardens_us),
            boxes: of(used.boxes_us - compile - run),
            broker: of(used.broker_us),
            generator: of(used.generator_us),
            other: of(used.other_us()),
            bare: record
                .bare
                .filter(|_| judged > 0)
                .map(|bare| bare.cpu_us / 1_000.0 * float(runs) / float(judged)),
        }
    }
}

/// A storm of rejudgings, and what it did to the others.
#[derive(Debug, Serialize)]
pub(crate) struct Storm {
    pub(crate) submitted: u64,
    pub(crate) judged: u64,
    /// Of live submissions before the storm, and during it.
    pub(crate) live_wait_before_ms: Latency,
    pub(crate) live_wait_during_ms: Latency,
    pub(crate) wait_ms: Latency,
}

impl Storm {
    pub(super) fn of(record: &Record) -> Option<Self> {
        let storm = || record.entries().iter().filter(|entry| entry.storm);
        let begin = storm().filter_map(|entry| entry.sent).min()?;
        let end = storm().filter_map(|entry| entry.judged).max().unwrap_or(u64::MAX);
        let live = || record.entries().iter().filter(|entry| !entry.storm);
        let count = |entries: usize| u64::try_from(entries).unwrap_or(u64::MAX);
        let before = live().filter(|entry| entry.planned < begin).filter_map(Entry::wait);
        let during = live().filter(|entry| (begin..=end).contains(&entry.planned));
        Some(Self {
            submitted: count(storm().filter(|entry| entry.acked.is_some()).count()),
            judged: count(storm().filter(|entry| entry.has_verdict()).count()),
            live_wait_before_ms: Latency::of(&histogram(before)),
            live_wait_during_ms: Latency::of(&histogram(during.filter_map(Entry::wait))),
            wait_ms: Latency::of(&histogram(storm().filter_map(Entry::wait))),
        })
    }
}
