//! What this machine can do: a bare spawn against a boxed run, in one interleaved measurement.
//!
//! *Bare* is `posix_spawn` and wait of `int main(void) { return 0; }`, built with `gcc -O2 -static`,
//! from this process; *boxed* is the same program from the request to the known cause, in a fresh box
//! each time. Only the ratio of the two travels between machines. Bare is spawned from threads that
//! the scheduler places freely, boxed runs from the slot's own pinned thread, as in a node.

use std::ffi::CString;
use std::path::Path;
use std::sync::Barrier;
use std::time::{Duration, Instant};

use minos_model::{Cause, CpuTime, Isolation, LimitKind, RawLimits};
use nix::poll::{PollTimeout, poll};

mod programs;

pub(crate) use programs::{Scratch, boxed, request};
use programs::{path, spawn, unexpected};

use crate::{RunRequest, Sandbox, SandboxConfig, SandboxError, Template, Warden};

/// How much is measured.
#[derive(Debug, Clone)]
pub struct BenchOptions {
    /// Bare spawns, and boxed runs, in a tight loop.
    pub samples: usize,
    /// Bare spawns, and boxed runs, after 100 ms of idleness each.
    pub sparse: usize,
    /// How long each of the four throughputs is measured.
    pub throughput: Duration,
    /// Runs of a spinning program into a CPU limit of 100 ms.
    pub overshoot: usize,
}

impl Default for BenchOptions {
    /// About half a minute.
    fn default() -> Self {
        Self { samples: 500, sparse: 40, throughput: Duration::from_secs(2), overshoot: 60 }
    }
}

/// Three percentiles, in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Percentiles {
    /// The median.
    pub p50: u64,
    /// 95 of 100 are not above it.
    pub p95: u64,
    /// 99 of 100 are not above it.
    pub p99: u64,
}

/// Runs per second by how many go on at once.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PerSecond {
    /// One at a time.
    pub one: f64,
    /// Two at a time.
    pub two: f64,
}

/// What was measured: the fields of `minos.bench/1`.
#[derive(Debug, Clone, PartialEq)]
pub struct BenchReport {
    /// A bare spawn in a tight loop.
    pub bare: Percentiles,
    /// A boxed run in a tight loop.
    pub boxed: Percentiles,
    /// The one's median over the other's.
    pub ratio_p50: f64,
    /// A bare spawn after 100 ms of idleness.
    pub sparse_bare: Percentiles,
    /// A boxed run after 100 ms of idleness.
    pub sparse_boxed: Percentiles,
    /// Bare spawns per second.
    pub bare_per_second: PerSecond,
    /// Boxed runs per second.
    pub boxed_per_second: PerSecond,
    /// CPU time above a limit of 100 ms that a spinning program got, microseconds.
    pub cpu_overshoot: Percentiles,
    /// What isolated the boxes.
    pub isolation: Isolation,
}

/// Bare and boxed take turns of this many.
const BLOCK: usize = 25;
/// Turns that the four throughputs take, for the same reason: one that was measured in a slow
/// second of the machine says nothing beside another.
const TURNS: u32 = 4;
/// Runs before each turn that are not counted.
const WARM_UP: usize = 3;
/// Idleness between two turns: what the one leaves to be done must not fall to the other.
const SETTLE: Duration = Duration::from_millis(15);
/// Idleness before each sparse sample.
const IDLE: Duration = Duration::from_millis(100);
/// The limit the spinning program runs into.
const SPIN: CpuTime = CpuTime::from_ms(100);

/// Measures. `progress` is told what is measured next.
///
/// # Errors
/// No C compiler, no box, or a program that did not end as it must.
pub fn run(
    options: &BenchOptions,
    config: SandboxConfig,
    progress: &mut dyn FnMut(&str),
) -> Result<BenchReport, SandboxError> {
    let directory = Scratch::new()?;
    let empty = directory.build("empty", "int main(void) { return 0; }\n")?;
    let spin = directory.build("spin", "int main(void) { for (;;) { } }\n")?;
    let sandbox = Sandbox::open(config)?;
    let wardens =
        [sandbox.warden(0, Template::default())?, sandbox.warden(1, Template::default())?];
    let isolation = sandbox.isolation();
    let bench = Bench { bare: path(&empty)?, boxed: request(&empty, RawLimits::default())? };
    let [mut first, mut second] = wardens;

    progress("a bare spawn against a boxed run");
    let (bare, boxed) = bench.interleaved(&mut first, options.samples, BLOCK, SETTLE)?;
    progress("the same after 100 ms of idleness each");
    let (sparse_bare, sparse_boxed) = bench.interleaved(&mut first, options.sparse, 1, IDLE)?;
    progress("runs per second, one and two at a time");
    let [bare_per_second, boxed_per_second] =
        bench.throughputs(options.throughput, &mut first, &mut second)?;
    progress("how far a spinning program gets past its CPU limit");
    let cpu_overshoot = overshoot(&mut first, &spin, options.overshoot)?;
    let ratio_p50 = ratio(boxed.p50, bare.p50);
    Ok(BenchReport {
        bare,
        boxed,
        ratio_p50,
        sparse_bare,
        sparse_boxed,
        bare_per_second,
        boxed_per_second,
        cpu_overshoot,
        isolation,
    })
}

/// One of the things that are done again and again; false when it did not end as it must.
type Once<'a> = Box<dyn FnMut() -> Result<(), SandboxError> + Send + 'a>;

/// The program, in both forms.
struct Bench {
    bare: CString,
    boxed: RunRequest,
}

impl Bench {
    /// Runs per second, bare and boxed, one and two at a time, in turns.
    fn throughputs(
        &self,
        each: Duration,
        first: &mut Warden,
        second: &mut Warden,
    ) -> Result<[PerSecond; 2], SandboxError> {
        let (share, turns) = (each / TURNS, f64::from(TURNS));
        let [mut bare, mut boxed] = [PerSecond { one: 0.0, two: 0.0 }; 2];
        for _turn in 0..TURNS {
            bare.one += per_second(share, &mut [self.bare_loop()])? / turns;
            boxed.one += per_second(share, &mut [self.boxed_loop(first)])? / turns;
            bare.two += per_second(share, &mut [self.bare_loop(), self.bare_loop()])? / turns;
            let mut both = [self.boxed_loop(first), self.boxed_loop(second)];
            boxed.two += per_second(share, &mut both)? / turns;
        }
        Ok([bare, boxed])
    }

    fn bare_loop(&self) -> Once<'_> {
        Box::new(|| spawn(&self.bare))
    }

    fn boxed_loop<'a>(&'a self, warden: &'a mut Warden) -> Once<'a> {
        Box::new(|| boxed(warden, &self.boxed))
    }

    /// Turns of bare and boxed, each from a thread of its own, with `settle` of idleness before
    /// every turn.
    fn interleaved(
        &self,
        warden: &mut Warden,
        samples: usize,
        block: usize,
        settle: Duration,
    ) -> Result<(Percentiles, Percentiles), SandboxError> {
        let turns = samples.div_ceil(block).max(1);
        let turn = Barrier::new(2);
        let (bare, boxed) = std::thread::scope(|scope| {
            let turn = &turn;
            let own = scope.spawn(move || {
                let mut once = self.boxed_loop(warden);
                timed(turns, block, settle, (turn, false), &mut once)
            });
            let bare = timed(turns, block, settle, (turn, true), &mut self.bare_loop());
            (bare, own.join())
        });
        let boxed = boxed.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        Ok((percentiles(bare?), percentiles(boxed?)))
    }
}

/// The durations of one side's turns, microseconds. Both sides pass the barrier twice a turn, even
/// after an error.
fn timed(
    turns: usize,
    block: usize,
    settle: Duration,
    (turn, first): (&Barrier, bool),
    once: &mut Once<'_>,
) -> Result<Vec<u64>, SandboxError> {
    let mut taken = Vec::new();
    let mut failed = None;
    for _ in 0..turns {
        if !first {
            turn.wait();
        }
        let warm_up = if block > 1 { WARM_UP } else { 0 };
        let mut whole = || -> Result<(), SandboxError> {
            idle(settle);
            for number in 0..block + warm_up {
                let begun = Instant::now();
                once()?;
                if number >= warm_up {
                    taken.push(micros(begun.elapsed()));
                }
            }
            Ok(())
        };
        if failed.is_none() {
            failed = whole().err();
        }
        turn.wait();
        if first {
            turn.wait();
        }
    }
    failed.map_or(Ok(taken), Err)
}

/// How often all of them together are done in a second.
fn per_second(duration: Duration, loops: &mut [Once<'_>]) -> Result<f64, SandboxError> {
    let begin = Barrier::new(loops.len());
    let done = std::thread::scope(|scope| {
        let begin = &begin;
        let threads: Vec<_> = loops
            .iter_mut()
            .map(|once| {
                scope.spawn(move || {
                    begin.wait();
                    let begun = Instant::now();
                    let mut number = 0_u32;
                    while begun.elapsed() < duration {
                        once()?;
                        number += 1;
                    }
                    Ok(f64::from(number) / begun.elapsed().as_secs_f64())
                })
            })
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect::<Result<Vec<f64>, SandboxError>>()
    })?;
    Ok(done.iter().sum())
}

/// CPU time above the limit, in runs of a program that spins.
fn overshoot(
    warden: &mut Warden,
    program: &Path,
    runs: usize,
) -> Result<Percentiles, SandboxError> {
    let request = request(program, RawLimits { cpu: SPIN, ..RawLimits::default() })?;
    // The slot's thread is pinned: not this one.
    let over = std::thread::scope(|scope| {
        let own = scope.spawn(|| {
            let mut over = Vec::new();
            for _ in 0..runs {
                let report = warden.run(&request)?.report;
                if !matches!(report.cause, Cause::Limit { limit: LimitKind::CpuTime, .. }) {
                    return Err(unexpected("a spinning program was not ended by its CPU limit"));
                }
                over.push(report.cpu.saturating_sub(SPIN).micros());
            }
            Ok(over)
        });
        own.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })?;
    Ok(percentiles(over))
}

/// Nothing happens here for a while.
pub(crate) fn idle(duration: Duration) {
    let timeout = PollTimeout::try_from(duration).unwrap_or(PollTimeout::ZERO);
    // A shorter wait would only make the next sample less sparse.
    let _interrupted = poll(&mut [], timeout);
}

/// By nearest rank; all zero when there is none.
fn percentiles(mut values: Vec<u64>) -> Percentiles {
    values.sort_unstable();
    let rank = |percent: usize| {
        let index = (values.len() * percent).div_ceil(100).saturating_sub(1);
        values.get(index).copied().unwrap_or(0)
    };
    Percentiles { p50: rank(50), p95: rank(95), p99: rank(99) }
}

#[expect(clippy::cast_precision_loss, reason = "microseconds below 2^52 are exact")]
fn ratio(over: u64, under: u64) -> f64 {
    over as f64 / (under.max(1)) as f64
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_values_that_were_measured() {
        let told = percentiles((1..=200).rev().collect());
        assert_eq!(told, Percentiles { p50: 100, p95: 190, p99: 198 });
        assert_eq!(percentiles(vec![7]), Percentiles { p50: 7, p95: 7, p99: 7 });
        assert_eq!(percentiles(vec![]), Percentiles { p50: 0, p95: 0, p99: 0 });
    }
}
