//! `minos bench --fair`: verdicts close to a limit on a busy machine.
//!
//! A program's quiet CPU time is measured alone, and two limits are set by it: one that it keeps by
//! 5 %, one that it misses by 15 %. Then both are judged, as often as asked, while all slots are busy:
//! on all of them at once, and on all but one, on which another submission moves memory about as
//! fast as it goes. No verdict may flip.
//!
//! The quiet time is the median of runs at the machine's usual pace; one that has no such moment for
//! minutes is told, and measured all the same.
//!
//! Measured (2 virtual cores of a shared host that changes between two paces every half second, a sort
//! of 97 ms at one and 113 ms at the other; 200 judgings in each of the eight rows, 17 minutes): of
//! 1,600 verdicts 2 flipped, both of the sort that keeps its limit by 5 %, once on all slots and once
//! beside the hog, at 107.5 and 107.8 ms under a limit of 106.9. Both repetitions of those two met the
//! slower pace; a third would have made it rarer, and the default stays two.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use minos_judge::{Fairness, Sandboxed, Workshop};
use minos_model::{CpuTime, Verdict};
use minos_problem::Problem;
use serde::Serialize;

use super::bench_place::{BenchPlace, judged};
use crate::console::Console;
use crate::exit::{Exit, Failure, Outcome};

/// Steady runs from which the quiet time is taken.
const CALIBRATION: usize = 9;
/// For so long they are waited for.
const CALIBRATED_WITHIN: Duration = Duration::from_secs(120);
/// How long each of them waits for its moment.
const PATIENCE: Duration = Duration::from_secs(20);
/// Moves memory about, far more than a cache holds, for a quarter of a second.
const HOG: &str = r"
#include <cstring>
#include <ctime>
#include <iostream>
#include <vector>
int main() {
    std::vector<char> from(64 << 20, 1), to(64 << 20);
    do {
        std::memcpy(to.data(), from.data(), from.size());
        std::memcpy(from.data(), to.data(), from.size());
    } while (clock() < CLOCKS_PER_SEC / 4);
    std::cout << (to[1] + from[1] == 2 ? 42 : 43) << std::endl;
}
";

/// Computes, with a working set that fits into a core's cache.
const COMPUTES: &str = r"
#include <iostream>
int main() {
    unsigned n, x = 1, a[4096] = {};
    std::cin >> n;
    for (unsigned i = 0; i < n * 40000000u; i++) { x = x * 1664525u + 1013904223u; a[x >> 20] += x; }
    std::cout << (a[7] != 1 ? 42 : 43) << std::endl;
}
";
/// Sorts and looks up, as contestants do: a few megabytes.
const SORTS: &str = r"
#include <algorithm>
#include <iostream>
#include <vector>
int main() {
    unsigned n, x = 1, hits = 0;
    std::cin >> n;
    std::vector<unsigned> a(500000);
    for (unsigned round = 0; round < n * 3; round++) {
        for (auto& y : a) y = x = x * 1664525u + 1013904223u;
        std::sort(a.begin(), a.end());
        hits += std::binary_search(a.begin(), a.end(), x);
    }
    std::cout << (hits ? 42 : 43) << std::endl;
}
";

#[derive(Serialize)]
struct FairDocument {
    schema: &'static str,
    slots: usize,
    judgings: u32,
    rows: Vec<RowDocument>,
    flipped: u32,
}

/// What keeps the machine busy beside the slots that judge the set.
#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Beside {
    /// All slots judge it.
    Itself,
    /// One slot judges submissions that move memory about.
    Hog,
}

#[derive(Serialize)]
struct RowDocument {
    program: &'static str,
    beside: Beside,
    /// Its quiet CPU time.
    quiet_us: u64,
    limit_us: u64,
    expected: &'static str,
    judgings: u32,
    flipped: u32,
    /// Judgings in which the test was run more than once.
    repeated: u32,
    /// The largest CPU time of a run, repetitions included.
    worst_us: u64,
    /// The largest that counted.
    worst_counted_us: u64,
}

pub(crate) fn run(console: Console, judgings: u32, json: bool) -> Outcome {
    let place = BenchPlace::open()?;
    let cores = minos_sandbox::physical_cores();
    let slots = if cores > 2 { cores - 1 } else { cores };
    let bar = console.progress("measuring quiet times");
    let mut rows = Vec::new();
    for (program, source) in [("computes", COMPUTES), ("sorts", SORTS)] {
        let quiet = calibrated(console, &place, source)?;
        for (percent, expected) in [(95, Verdict::Accepted), (115, Verdict::TimeLimit)] {
            let limit = CpuTime::from_micros(quiet.micros() * 100 / percent);
            bar.set_message(format!("{program}: {expected} at {limit}"));
            let set = Set { source, expected, problem: place.problem(limit, (1, "1\n", "42\n"))? };
            for beside in [Beside::Itself, Beside::Hog] {
                let tally = busy(&place, &set, beside, (slots, judgings))?;
                let row = RowDocument {
                    program,
                    beside,
                    quiet_us: quiet.micros(),
                    limit_us: limit.micros(),
                    expected: expected.as_str(),
                    judgings,
                    flipped: tally.flipped,
                    repeated: tally.repeated,
                    worst_us: tally.worst,
                    worst_counted_us: tally.worst_counted,
                };
                if !json {
                    bar.suspend(|| console.say(&in_words(&row)))?;
                }
                rows.push(row);
            }
        }
    }
    bar.finish_and_clear();
    let flipped = rows.iter().map(|row| row.flipped).sum();
    let document = FairDocument { schema: "minos.bench-fair/1", slots, judgings, rows, flipped };
    if json {
        console.json(&document)?;
    } else {
        console.say(&format!("{slots} slots busy: {flipped} verdicts flipped"))?;
    }
    Ok(if flipped == 0 { Exit::Yes } else { Exit::No })
}

fn in_words(row: &RowDocument) -> String {
    let ms = |micros: u64| micros as f64 / 1_000.0;
    let beside = match row.beside {
        Beside::Itself => "on all slots",
        Beside::Hog => "beside a slot that moves memory",
    };
    format!(
        "{:<9} quiet {:>7.1} ms, limit {:>7.1} ms: {} of {} are {}, {} run again, worst {:.1} ms, \
         counted {:.1} ms; {beside}",
        row.program,
        ms(row.quiet_us),
        ms(row.limit_us),
        row.judgings - row.flipped,
        row.judgings,
        row.expected,
        row.repeated,
        ms(row.worst_us),
        ms(row.worst_counted_us)
    )
}

/// A program, its limit, and the verdict it deserves.
struct Set {
    source: &'static str,
    expected: Verdict,
    problem: Problem,
}

#[derive(Debug, Default)]
struct Tally {
    flipped: u32,
    repeated: u32,
    worst: u64,
    worst_counted: u64,
}

/// The median of a program's CPU time in quiet moments.
fn calibrated(console: Console, place: &BenchPlace, source: &str) -> Result<CpuTime, Failure> {
    let mut workshop = place.workshop(0, Fairness::default())?;
    let problem = place.problem(CpuTime::from_secs(10), (1, "1\n", "42\n"))?;
    let (mut steady, mut others) = (Vec::new(), Vec::new());
    let begun = Instant::now();
    while steady.len() < CALIBRATION && begun.elapsed() < CALIBRATED_WITHIN {
        let settled = place.quiet().turn(Some(PATIENCE)).was_steady();
        let judgement = judged(&mut workshop, &problem, source)?;
        let is_steady = settled && place.quiet().is_at_usual_pace();
        if judgement.verdict != Verdict::Accepted {
            let verdict = judgement.verdict;
            return Err(Failure::judge(format!("a program of the measurement is {verdict}")));
        }
        let times = if is_steady { &mut steady } else { &mut others };
        times.extend(judgement.tests.iter().map(|test| test.cpu));
    }
    if steady.len() < CALIBRATION {
        console.note("this machine is at its usual pace too rarely to know what is quiet");
        steady.append(&mut others);
    }
    steady.sort_unstable();
    Ok(steady.get(steady.len() / 2).copied().unwrap_or(CpuTime::ZERO))
}

/// Judges while all slots are busy.
fn busy(
    place: &BenchPlace,
    set: &Set,
    beside: Beside,
    (slots, judgings): (usize, u32),
) -> Result<Tally, Failure> {
    let (left, over) = (AtomicU32::new(judgings), AtomicBool::new(false));
    let mut all = Tally::default();
    thread::scope(|scope| {
        let over = &over;
        // One slot at least judges the set, on a machine of one core beside the other.
        let (sets, hog) = match beside {
            Beside::Itself => (slots, None),
            Beside::Hog => {
                let sets = slots.saturating_sub(1).max(1);
                (sets, Some(scope.spawn(move || sit_and_move(place, sets, over))))
            }
        };
        let sitting: Vec<_> = (0..sets)
            .map(|slot| {
                let left = &left;
                scope.spawn(move || sit(place, set, slot, left))
            })
            .collect();
        let panicked = |_panic| Err(Failure::judge("a slot of the measurement panicked"));
        let mut outcome = Ok(());
        for slot in sitting {
            match slot.join().unwrap_or_else(panicked) {
                Ok(tally) => all.add(&tally),
                Err(failure) => outcome = Err(failure),
            }
        }
        over.store(true, Ordering::Relaxed);
        let moved = hog.map_or(Ok(()), |hog| {
            hog.join().unwrap_or_else(|_panic| Err(Failure::judge("the hog panicked")))
        });
        outcome.and(moved)
    })?;
    Ok(all)
}

impl Tally {
    fn add(&mut self, other: &Self) {
        self.flipped += other.flipped;
        self.repeated += other.repeated;
        self.worst = self.worst.max(other.worst);
        self.worst_counted = self.worst_counted.max(other.worst_counted);
    }
}

fn sit(place: &BenchPlace, set: &Set, slot: usize, left: &AtomicU32) -> Result<Tally, Failure> {
    let slot = u16::try_from(slot).map_err(Failure::input)?;
    let mut workshop: Workshop<Sandboxed> = place.workshop(slot, Fairness::default())?;
    let mut tally = Tally::default();
    let take = || left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
    while take().is_ok() {
        let judgement = judged(&mut workshop, &set.problem, set.source)?;
        tally.flipped += u32::from(judgement.verdict != set.expected);
        for test in &judgement.tests {
            tally.repeated += u32::from(!test.repeats.is_empty());
            let runs = test.repeats.iter().map(|repeat| repeat.cpu);
            let worst = runs.chain([test.cpu]).max().unwrap_or(CpuTime::ZERO);
            tally.worst = tally.worst.max(worst.micros());
            tally.worst_counted = tally.worst_counted.max(test.cpu.micros());
        }
    }
    Ok(tally)
}

/// Judges submissions that move memory about until it is over.
fn sit_and_move(place: &BenchPlace, slot: usize, over: &AtomicBool) -> Result<(), Failure> {
    let slot = u16::try_from(slot).map_err(Failure::input)?;
    let mut workshop = place.workshop(slot, Fairness::default())?;
    let problem = place.problem(CpuTime::from_secs(10), (1, "1\n", "42\n"))?;
    while !over.load(Ordering::Relaxed) {
        let verdict = judged(&mut workshop, &problem, HOG)?.verdict;
        if verdict != Verdict::Accepted {
            return Err(Failure::judge(format!("the submission beside is {verdict}")));
        }
    }
    Ok(())
}
