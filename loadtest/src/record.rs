//! A run as its journal tells it: the ledger of every submission, and everything seen beside it.

use std::collections::HashMap;

use crate::journal::{self, Bare, Fact, Judged, Sample, Start};
use crate::label;

/// Sent later than this after its planned time, a submission counts as late; microseconds.
pub(crate) const LATE_US: u64 = 5_000;

/// One submission. All times are microseconds since the start of the run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Entry {
    /// When it was to be sent.
    pub(crate) planned: u64,
    /// Which program of the mix it carries.
    pub(crate) program: usize,
    /// Whether it is of the storm of rejudgings, which is sent as fast as the broker takes it.
    pub(crate) storm: bool,
    /// When sending began; `None` for one that the journal does not know.
    pub(crate) sent: Option<u64>,
    /// When the broker had stored it.
    pub(crate) acked: Option<u64>,
    /// When a slot took it; told by events, which may be lost.
    pub(crate) received: Option<u64>,
    /// When its first verdict was seen; `None` too when it was found only later.
    pub(crate) judged: Option<u64>,
    /// The label of its first verdict, as an index into [`Record::labels`].
    label: Option<usize>,
    /// Whether it still waited, or was being judged, at the end.
    pub(crate) pending: bool,
    /// Verdicts after the first.
    pub(crate) extra: u32,
    /// The delivery that was judged, from 1.
    pub(crate) attempt: u32,
    /// Whether an earlier build was reused.
    pub(crate) cached: bool,
    /// CPU time of the compiler and of all runs, and wall-clock time of all runs.
    pub(crate) compile_us: u64,
    pub(crate) run_us: u64,
    pub(crate) wall_us: u64,
    pub(crate) runs: u32,
}

impl Entry {
    /// Whether it left later than it may.
    pub(crate) fn is_late(&self) -> bool {
        !self.storm && self.sent.is_some_and(|sent| sent > self.planned + LATE_US)
    }

    /// From the planned time until a slot took it.
    pub(crate) fn wait(&self) -> Option<u64> {
        Some(self.received?.saturating_sub(self.planned))
    }

    /// From the planned time until its verdict was seen.
    pub(crate) fn total(&self) -> Option<u64> {
        Some(self.judged?.saturating_sub(self.planned))
    }

    /// Whether it has a verdict.
    pub(crate) const fn has_verdict(&self) -> bool {
        self.label.is_some()
    }
}

/// Everything a journal tells.
#[derive(Debug)]
pub(crate) struct Record {
    pub(crate) start: Start,
    entries: Vec<Entry>,
    labels: Vec<String>,
    by_label: HashMap<String, usize>,
    pub(crate) samples: Vec<Sample>,
    /// Submissions, the share of reused builds in the last round, and microseconds.
    pub(crate) warmed: Option<(u64, f64, u64)>,
    pub(crate) bare: Option<Bare>,
    /// Verdicts for submissions that the journal does not know.
    pub(crate) unexpected: Vec<String>,
    /// Why submissions were not stored, each with its id.
    pub(crate) refused: Vec<(String, String)>,
    /// When it ended; `None` for a run whose generator was killed.
    pub(crate) ended: Option<u64>,
    /// Submissions of the plan that were never due, for the run was stopped.
    pub(crate) unsent: u64,
    /// What a reader must know.
    pub(crate) notes: Vec<String>,
}

impl Record {
    /// A run that has just begun.
    pub(crate) fn new(start: Start) -> Self {
        Self {
            start,
            entries: Vec::new(),
            labels: Vec::new(),
            by_label: HashMap::new(),
            samples: Vec::new(),
            warmed: None,
            bare: None,
            unexpected: Vec::new(),
            refused: Vec::new(),
            ended: None,
            unsent: 0,
            notes: Vec::new(),
        }
    }

    /// Every submission in the order of its name.
    pub(crate) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// What was reported of a submission, as in `TLE cpu_time`.
    pub(crate) fn got(&self, entry: &Entry) -> Option<&str> {
        self.labels.get(entry.label?).map(String::as_str)
    }

    /// What was expected: of several labels that are right the one that was reported, else the
    /// first.
    pub(crate) fn expected(&self, entry: &Entry) -> &str {
        let expected = self.start.programs.get(entry.program);
        let labels = expected.map_or(&[] as &[String], |program| program.expected.as_slice());
        let got = self.got(entry);
        let right =
            labels.iter().find(|label| Some(label.as_str()) == got).or_else(|| labels.first());
        right.map_or("?", String::as_str)
    }

    /// The name of the program that a submission carried.
    pub(crate) fn program(&self, entry: &Entry) -> &str {
        self.start.programs.get(entry.program).map_or("?", |program| program.name.as_str())
    }

    /// Takes in one fact.
    pub(crate) fn take_in(&mut self, fact: Fact) {
        match fact {
            // The reader refuses a second one.
            Fact::Start(_) => {}
            Fact::Plan { from, planned_us, programs } => {
                let live = usize::try_from(self.start.planned).unwrap_or(usize::MAX);
                for (at, (planned, program)) in planned_us.into_iter().zip(programs).enumerate() {
                    if let Some(entry) = self.entry_at(from + at) {
                        (entry.planned, entry.program) = (planned, program);
                        entry.storm = from + at >= live;
                    }
                }
            }
            Fact::Warmed { submissions, cached_share, took_us } => {
                self.warmed = Some((submissions, cached_share, took_us));
            }
            Fact::Bare(bare) => self.bare = Some(bare),
            Fact::Sent { id, program, planned_us, sent_us, acked_us, storm } => {
                if let Some(entry) = self.entry(&id) {
                    entry.planned = planned_us;
                    entry.program = program;
                    entry.storm = storm;
                    entry.sent = Some(sent_us);
                    entry.acked = Some(acked_us);
                }
            }
            Fact::Refused { id, program, planned_us, sent_us, why } => {
                if let Some(entry) = self.entry(&id) {
                    entry.planned = planned_us;
                    entry.program = program;
                    entry.sent = Some(sent_us);
                }
                self.refused.push((id, why));
            }
            Fact::Received { id, at_us } => {
                if let Some(entry) = self.entry(&id) {
                    entry.received.get_or_insert(at_us);
                }
            }
            Fact::Judged(judged) => self.judged(&judged),
            Fact::Pending { id } => {
                if let Some(entry) = self.entry(&id) {
                    entry.pending = true;
                }
            }
            Fact::Sample(sample) => self.samples.push(*sample),
            Fact::Stopped { unsent, why, .. } => {
                self.unsent = unsent;
                self.notes.push(format!("{unsent} submissions were not sent: {why}"));
            }
            Fact::Resumed { .. } => {
                self.ended = None;
                self.entries.iter_mut().for_each(|entry| entry.pending = false);
                self.notes.push("the accounting was taken up by `minos-load verify`".to_owned());
            }
            Fact::End { at_us, .. } => self.ended = Some(at_us),
        }
    }

    fn judged(&mut self, judged: &Judged) {
        let known = self.labels.len();
        let label = *self.by_label.entry(judged.label.clone()).or_insert(known);
        if label == known {
            self.labels.push(judged.label.clone());
        }
        let Some(entry) = self.entry(&judged.id) else {
            self.unexpected.push(judged.id.clone());
            return;
        };
        if entry.label.is_some() {
            entry.extra += 1;
            return;
        }
        entry.label = Some(label);
        entry.pending = false;
        entry.judged = Some(judged.at_us).filter(|_| !judged.found);
        entry.attempt = judged.attempt;
        entry.cached = judged.cached;
        entry.compile_us = judged.compile_us;
        entry.run_us = judged.run_us;
        entry.wall_us = judged.wall_us;
        entry.runs = judged.runs;
    }

    /// The entry of a name; `None` for a name that is not of this run.
    fn entry(&mut self, id: &str) -> Option<&mut Entry> {
        self.entry_at(journal::index(id)?)
    }

    fn entry_at(&mut self, index: usize) -> Option<&mut Entry> {
        let planned = self.start.planned + self.start.storm;
        if u64::try_from(index).is_ok_and(|index| index >= planned) {
            return None;
        }
        if self.entries.len() <= index {
            self.entries.resize(index + 1, Entry::default());
        }
        self.entries.get_mut(index)
    }

    /// Whether a submission has a verdict other than the ones that are right; judge errors and
    /// cancellations are no such.
    pub(crate) fn is_wrong(&self, entry: &Entry) -> bool {
        let Some(got) = self.got(entry).map(label::verdict) else { return false };
        let program = self.start.programs.get(entry.program);
        let expected = program.map_or(&[] as &[String], |program| program.expected.as_slice());
        !matches!(got, "JE" | "CS") && !expected.iter().any(|right| label::verdict(right) == got)
    }
}

#[cfg(test)]
pub(crate) mod testing {
    use super::*;
    use crate::journal::{NodeFact, ProgramFact, SCHEMA};
    use crate::machine::Machine;

    /// The start of a run of `planned` submissions in ten seconds.
    pub(crate) fn start(planned: u64) -> Start {
        let program = |name: &str, expected: &[&str]| ProgramFact {
            name: name.to_owned(),
            problem: "p".to_owned(),
            language: "c".to_owned(),
            expected: expected.iter().map(|&label| label.to_owned()).collect(),
            class: None,
            hostile: false,
        };
        Start {
            schema: SCHEMA.to_owned(),
            version: "0".to_owned(),
            commit: None,
            tenant: "load".to_owned(),
            started_unix_us: 1,
            seed: 1,
            profile: "steady".to_owned(),
            rate_per_s: 10.0,
            duration_s: 10.0,
            time_scale: None,
            mix: "demo".to_owned(),
            hostile: 0.0,
            planned,
            storm: 0,
            storm_at_us: 0,
            thresholds: vec![],
            programs: vec![program("right", &["AC exited"]), program("bomb", &["CTL", "CE"])],
            machine: Machine::look(),
            nodes: vec![NodeFact {
                node: "n".to_owned(),
                slots: 2,
                isolation: "rootless".to_owned(),
                version: "0".to_owned(),
            }],
            local: true,
        }
    }

    /// A submission that was sent on time and stored.
    pub(crate) fn sent(index: usize, program: usize, planned_us: u64) -> Fact {
        Fact::Sent {
            id: journal::id(index),
            program,
            planned_us,
            sent_us: planned_us,
            acked_us: planned_us + 1_000,
            storm: false,
        }
    }

    /// A verdict.
    pub(crate) fn judged(index: usize, label: &str, at_us: u64) -> Fact {
        Fact::Judged(Box::new(Judged {
            id: journal::id(index),
            at_us,
            verdict: label::verdict(label).to_owned(),
            label: label.to_owned(),
            node: "n".to_owned(),
            attempt: 1,
            cached: false,
            compile_us: 50_000,
            run_us: 3_000,
            wall_us: 4_000,
            runs: 3,
            found: false,
        }))
    }

    /// A run of these facts.
    pub(crate) fn record(planned: u64, facts: impl IntoIterator<Item = Fact>) -> Record {
        let mut record = Record::new(start(planned));
        facts.into_iter().for_each(|fact| record.take_in(fact));
        record
    }
}

#[cfg(test)]
mod tests {
    use super::testing::{judged, record, sent};
    use super::*;

    #[test]
    fn late_is_more_than_five_milliseconds_after_the_plan() {
        for (sent_us, late) in [(10_000, false), (15_000, false), (15_001, true)] {
            let id = journal::id(0);
            let (planned_us, acked_us) = (10_000, 20_000);
            let fact = Fact::Sent { id, program: 0, planned_us, sent_us, acked_us, storm: false };
            assert_eq!(record(1, [fact]).entries()[0].is_late(), late, "{sent_us}");
        }
    }

    #[test]
    fn of_several_right_answers_the_one_that_came_was_expected() {
        for (label, expected, wrong) in [
            ("CE", "CE", false),
            ("CTL", "CTL", false),
            ("AC exited", "CTL", true),
            ("JE node", "CTL", false),
        ] {
            let record = record(1, [sent(0, 1, 0), judged(0, label, 9)]);
            let entry = &record.entries()[0];
            assert_eq!((record.expected(entry), record.is_wrong(entry)), (expected, wrong));
            assert_eq!(record.got(entry), Some(label));
        }
    }

    #[test]
    fn a_verdict_for_a_name_that_was_never_planned_is_unexpected() {
        let record = record(1, [sent(0, 0, 0), judged(0, "CE", 9), judged(1, "CE", 9)]);
        assert_eq!(record.unexpected, [journal::id(1)]);
        assert!(record.is_wrong(&record.entries()[0]));
    }

    #[test]
    fn a_verdict_that_was_found_later_has_no_time() {
        let Fact::Judged(mut found) = judged(0, "AC exited", 9) else { unreachable!() };
        found.found = true;
        let record = record(1, [sent(0, 0, 0), Fact::Judged(found)]);
        assert!(record.entries()[0].has_verdict());
        assert_eq!(record.entries()[0].total(), None);
    }
}
