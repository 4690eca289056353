//! What judging costs on the machine that was measured, for `minos-load plan`.
//!
//! A submission occupies a slot from its being taken until the slot takes the next one. What the
//! generator sees is the first part, until the verdict; the second, the turnaround, is what remains
//! of the slots' time while there are as many submissions as slots or more: of those one waits for
//! every slot that has none. Times are kept apart for a machine with at most half
//! of its slots busy and for a full one, for programs on all cores slow each other down.
//!
//! A machine has slow seconds (neighbours on its host, a disk that is flushed), in which everything on
//! it is slow together, and long waits come from those. So where enough was judged the pace of each
//! second is kept in its order, and times are kept as they would be at the mean pace.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::sums::{Cpu, Sums};
use crate::num::{float, float_len, mean, quantile, whole};
use crate::record::{Entry, Record};

/// The version of the document.
pub(crate) const SCHEMA: &str = "minos.load-costs/1";
/// A distribution is kept as this many quantiles.
const QUANTILES: u32 = 200;
/// Fewer measurements than this are no distribution.
const LEAST: usize = 30;
/// A second in which fewer submissions were taken does not tell its pace.
const LEAST_IN_A_SECOND: u32 = 20;
/// Less time than this with a submission for every slot does not tell the turnaround; microseconds.
const BACKLOG_US: u64 = 2_000_000;

/// Measured costs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Costs {
    pub(crate) schema: String,
    pub(crate) mix: String,
    pub(crate) hostile: f64,
    /// Slots and cores of the machine that was measured.
    pub(crate) slots: u64,
    pub(crate) cores: u64,
    pub(crate) nodes: u64,
    /// From taken to verdict, with at most half of the slots busy.
    pub(crate) alone_ms: Option<Distribution>,
    /// The same with more of them busy.
    pub(crate) full_ms: Option<Distribution>,
    /// How long judging took in each second of the run, in its order, compared with the mean of the same
    /// programs; empty where too few were judged in a second to tell.
    #[serde(default)]
    pub(crate) pace: Vec<f64>,
    /// From the planned time until an idle slot took it.
    pub(crate) dispatch_ms: Option<Distribution>,
    /// From a verdict until the slot took the next submission that waited.
    pub(crate) turnaround_ms: Option<f64>,
    /// CPU milliseconds per submission on the node, and in all with broker and generator.
    pub(crate) cpu_ms: Option<f64>,
    pub(crate) cpu_all_ms: Option<f64>,
    /// CPU milliseconds per submission by part.
    pub(crate) parts: Option<Parts>,
    /// What a reader must know.
    pub(crate) not_measured: Vec<String>,
}

/// CPU milliseconds per submission.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Parts {
    pub(crate) compile: f64,
    pub(crate) run: f64,
    pub(crate) judge: f64,
    pub(crate) broker: f64,
}

/// A distribution, as its evenly spaced quantiles, the least first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Distribution {
    pub(crate) count: u64,
    pub(crate) mean: f64,
    pub(crate) quantiles: Vec<f64>,
}

impl Distribution {
    /// Of measurements; `None` when there are too few.
    pub(crate) fn of(mut values: Vec<f64>) -> Option<Self> {
        if values.len() < LEAST {
            return None;
        }
        values.sort_by(f64::total_cmp);
        // The middle of each share stands for it, so that the mean is kept.
        let share = |at: u32| (f64::from(at) + 0.5) / f64::from(QUANTILES);
        let quantiles = (0..QUANTILES).filter_map(|at| quantile(&values, share(at)));
        Some(Self {
            count: u64::try_from(values.len()).unwrap_or(u64::MAX),
            mean: mean(&values)?,
            quantiles: quantiles.collect(),
        })
    }

    /// The value at a share from 0 to 1, so that an even draw gives the distribution.
    pub(crate) fn at(&self, share: f64) -> f64 {
        let place = whole((share * float_len(self.quantiles.len())).floor());
        let last = self.quantiles.len().saturating_sub(1);
        let place = usize::try_from(place).unwrap_or(last).min(last);
        self.quantiles.get(place).copied().unwrap_or(self.mean)
    }
}

/// A change in the number of submissions that are sent and not judged, or in slots.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Change {
    Judged,
    Sent(usize),
    Taken(usize),
}

impl Costs {
    /// What a run measured; `None` for one that judged too little or whose slots are unknown.
    pub(super) fn of(record: &Record) -> Option<Self> {
        let at_start: u64 = record.start.nodes.iter().map(|node| u64::from(node.slots)).sum();
        let later = record.samples.iter().map(|sample| u64::from(sample.slots)).max();
        let slots = at_start.max(later.unwrap_or(0));
        if slots == 0 {
            return None;
        }
        let seen = Seen::of(record.entries(), slots);
        let pace = pace(&[seen.alone.as_slice(), seen.full.as_slice()].concat());
        let steady = |taken: Vec<Taken>| {
            Distribution::of(taken.iter().map(|one| one.ms / one.pace(&pace)).collect())
        };
        let (alone, full) = (steady(seen.alone), steady(seen.full));
        if alone.is_none() && full.is_none() {
            return None;
        }
        let turnaround = (seen.backlog_us >= BACKLOG_US && seen.backlog_judged > 0).then(|| {
            let idle = float(slots) * float(seen.backlog_us) - seen.backlog_busy_us;
            idle / 1_000.0 / float(seen.backlog_judged)
        });
        let dispatch = Distribution::of(seen.dispatch);
        let sums = Sums::of(record);
        let cpu = Cpu::of(record, &sums);
        let node = [cpu.compile, cpu.run, cpu.judge].into_iter().sum::<Option<f64>>();
        let all = [node, cpu.broker, cpu.generator].into_iter().sum::<Option<f64>>();
        let mut costs = Self {
            schema: SCHEMA.to_owned(),
            mix: record.start.mix.clone(),
            hostile: record.start.hostile,
            slots,
            cores: record.start.machine.cores,
            nodes: u64::try_from(record.start.nodes.len()).unwrap_or(1).max(1),
            alone_ms: alone,
            full_ms: full,
            pace,
            dispatch_ms: dispatch,
            turnaround_ms: turnaround,
            cpu_ms: node,
            cpu_all_ms: all,
            parts: Parts::of(&cpu),
            not_measured: vec![],
        };
        costs.not_measured = costs.missing();
        Some(costs)
    }

    fn missing(&self) -> Vec<String> {
        let mut missing = vec![
            "one broker serving more nodes than this run had".to_owned(),
            "the network between broker and nodes, and other CPUs than this machine's".to_owned(),
        ];
        let mut without = |there: bool, what: &str| {
            if !there {
                missing.push(what.to_owned());
            }
        };
        without(self.full_ms.is_some(), "judging with all slots busy (taken as with half of them)");
        without(self.alone_ms.is_some(), "judging with few slots busy (taken as with all of them)");
        without(
            self.dispatch_ms.is_some(),
            "how fast an idle slot takes a submission (taken as 0)",
        );
        without(
            self.turnaround_ms.is_some(),
            "how long a slot is between two submissions (taken as 0: run at 1.2 of the capacity, or \
             --profile breakpoint)",
        );
        without(self.cpu_ms.is_some(), "CPU time by part (no `minos up` on this machine)");
        missing
    }
}

impl Parts {
    fn of(cpu: &Cpu) -> Option<Self> {
        Some(Self { compile: cpu.compile?, run: cpu.run?, judge: cpu.judge?, broker: cpu.broker? })
    }
}

/// A submission that a slot took.
#[derive(Debug, Clone, Copy)]
struct Taken {
    at_us: u64,
    program: usize,
    /// Until its verdict.
    ms: f64,
}

impl Taken {
    fn second(&self) -> usize {
        usize::try_from(self.at_us / 1_000_000).unwrap_or(usize::MAX)
    }

    fn pace(&self, pace: &[f64]) -> f64 {
        pace.get(self.second()).copied().unwrap_or(1.0)
    }
}

/// The pace of each second in which enough submissions were taken; 1 in the others.
fn pace(taken: &[Taken]) -> Vec<f64> {
    let mut programs = HashMap::<usize, (f64, u32)>::new();
    for one in taken {
        let (sum, count) = programs.entry(one.program).or_default();
        (*sum, *count) = (*sum + one.ms, *count + 1);
    }
    let mut seconds = Vec::<(f64, u32)>::new();
    for one in taken {
        let mean = programs.get(&one.program).map_or(0.0, |(sum, count)| sum / f64::from(*count));
        if mean <= 0.0 {
            continue;
        }
        if seconds.len() <= one.second() {
            seconds.resize(one.second() + 1, (0.0, 0));
        }
        if let Some((sum, count)) = seconds.get_mut(one.second()) {
            (*sum, *count) = (*sum + one.ms / mean, *count + 1);
        }
    }
    let tells = |count: u32| count >= LEAST_IN_A_SECOND;
    // Before the first of them the machine was not at work.
    let Some(first) = seconds.iter().position(|(_, count)| tells(*count)) else {
        return Vec::new();
    };
    let of = |(sum, count): &(f64, u32)| if tells(*count) { sum / f64::from(*count) } else { 1.0 };
    let mut pace = vec![1.0; first];
    pace.extend(seconds.iter().skip(first).map(of));
    pace
}

/// What a walk over a run saw; times of distributions in milliseconds.
#[derive(Debug, Default)]
struct Seen {
    alone: Vec<Taken>,
    full: Vec<Taken>,
    dispatch: Vec<f64>,
    /// Time with a submission for every slot, the slots' time that was seen busy in it, and verdicts in
    /// it.
    backlog_us: u64,
    backlog_busy_us: f64,
    backlog_judged: u64,
}

impl Seen {
    fn of(entries: &[Entry], slots: u64) -> Self {
        let mut changes = Vec::new();
        for (index, entry) in entries.iter().enumerate() {
            if let (Some(sent), Some(taken), Some(judged)) =
                (entry.sent, entry.received, entry.judged)
            {
                // News travel on two ways: a verdict may be seen before the word that it was taken.
                let taken = taken.min(judged);
                let sent = if entry.storm { sent } else { entry.planned.min(sent) };
                changes.push((sent.min(taken), Change::Sent(index)));
                changes.push((taken, Change::Taken(index)));
                changes.push((judged, Change::Judged));
            }
        }
        changes.sort_unstable();
        let mut seen = Self::default();
        let (mut there, mut busy, mut before) = (0_u64, 0_u64, 0_u64);
        for (at, change) in changes {
            if there >= slots {
                seen.backlog_us += at - before;
                seen.backlog_busy_us += float(at - before) * float(busy);
                seen.backlog_judged += u64::from(change == Change::Judged);
            }
            before = at;
            match change {
                Change::Judged => {
                    there = there.saturating_sub(1);
                    busy = busy.saturating_sub(1);
                }
                Change::Sent(index) => {
                    let wait = entries.get(index).and_then(Entry::wait);
                    if there < slots
                        && let Some(wait) = wait
                    {
                        seen.dispatch.push(float(wait) / 1_000.0);
                    }
                    there += 1;
                }
                Change::Taken(index) => {
                    busy += 1;
                    let entry = entries.get(index);
                    let time =
                        entry.and_then(|one| Some(one.judged?.saturating_sub(one.received?)));
                    let ms = float(time.unwrap_or(0)) / 1_000.0;
                    let program = entry.map_or(0, |entry| entry.program);
                    let list = if busy * 2 <= slots { &mut seen.alone } else { &mut seen.full };
                    list.push(Taken { at_us: at, program, ms });
                }
            }
        }
        seen
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::{self, Fact};
    use crate::record::testing::{judged, record, sent};

    #[test]
    fn a_distribution_keeps_its_mean() {
        let values: Vec<f64> = (0..1_000).map(f64::from).collect();
        let distribution = Distribution::of(values).unwrap();
        assert_eq!(distribution.quantiles.len(), 200);
        let drawn = mean(&distribution.quantiles).unwrap();
        assert!((drawn - distribution.mean).abs() < 2.0, "{drawn}");
        assert!(distribution.at(0.0) < 5.0 && distribution.at(1.0) > 990.0);
        assert_eq!(Distribution::of(vec![1.0; 29]), None);
    }

    #[test]
    fn the_turnaround_is_what_the_slots_did_while_others_waited() {
        // Two slots, a verdict each 10 ms of every slot, of which 8 ms are seen.
        let count = 2_000;
        let facts = (0..count).flat_map(|index| {
            let taken = u64::try_from(index / 2).unwrap() * 10_000 + 2_000;
            let received = Fact::Received { id: journal::id(index), at_us: taken };
            [sent(index, 0, 0), received, judged(index, "AC exited", taken + 8_000)]
        });
        let costs = Costs::of(&record(2_000, facts)).unwrap();
        let turnaround = costs.turnaround_ms.unwrap();
        assert!((1.9..2.1).contains(&turnaround), "{turnaround}");
        let full = costs.full_ms.unwrap();
        assert!((full.mean - 8.0).abs() < 1e-9);
        assert_eq!((full.count, costs.alone_ms.unwrap().count), (1_000, 1_000));
    }

    #[test]
    fn the_pace_of_a_second_is_told_by_enough_of_the_same_programs() {
        // Two programs that differ tenfold, in other shares each second; all are slow in the third.
        let taken = |second: u64, program: usize, ms: f64| Taken {
            at_us: second * 1_000_000 + 5,
            program,
            ms,
        };
        let mut all = Vec::new();
        for (second, short, long) in [(1, 5, 25), (2, 15, 15), (3, 20, 20), (4, 10, 9)] {
            let slow = if second == 3 { 2.0 } else { 1.0 };
            all.extend((0..short).map(|_| taken(second, 0, 1.0 * slow)));
            all.extend((0..long).map(|_| taken(second, 1, 10.0 * slow)));
        }
        let pace = pace(&all);
        // The fourth has too few, the first had none.
        assert_eq!((pace.len(), pace[0], pace[4]), (5, 1.0, 1.0));
        assert!((pace[3] / pace[2] - 2.0).abs() < 0.05, "{pace:?}");
        assert!((pace[2] / pace[1] - 1.0).abs() < 0.05, "{pace:?}");
        assert_eq!(super::pace(&all[..19]), Vec::<f64>::new());
        assert_eq!(super::pace(&all[..20]).len(), 2);
    }

    #[test]
    fn a_run_that_judged_next_to_nothing_has_no_costs() {
        assert_eq!(Costs::of(&record(1, [sent(0, 0, 0), judged(0, "AC exited", 9)])), None);
    }
}
