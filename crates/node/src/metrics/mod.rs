//! Every metric of a node, counted here alone; `names` has what each is called and means.
//!
//! Labels come from closed sets (verdict, cause, limit, language, reason), never from a contestant.

#![expect(clippy::disallowed_macros, reason = "this is the one file that may name metrics")]

mod names;
mod words;

use std::sync::OnceLock;
use std::time::{Duration, SystemTime};

use metrics::{counter, gauge, histogram};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use minos_model::{By, Cause, CpuTime, Judgement, LimitKind, TestResult};
use minos_sandbox::cgroup::Swept;
use minos_sandbox::{BOX_TIME_BOUNDS, BoxTimes};

use self::names::*;
use crate::board::{Count, Doing};

pub(crate) use self::words::{Buried, Restart, Retry, Step};

/// The recorder is one per process, whoever asks first.
static RECORDER: OnceLock<Option<PrometheusHandle>> = OnceLock::new();

/// Installs the recorder, once per process; `None` when the program has brought its own.
pub(crate) fn install() -> Option<&'static PrometheusHandle> {
    RECORDER
        .get_or_init(|| {
            let full = |name: &str| Matcher::Full(name.to_owned());
            let recorder = PrometheusBuilder::new()
                .set_buckets_for_metric(full(QUEUE_WAIT), WAIT_BUCKETS)
                .and_then(|b| b.set_buckets_for_metric(full(END_TO_END), WAIT_BUCKETS))
                .and_then(|b| b.set_buckets_for_metric(full(DURATION), RUN_BUCKETS))
                .and_then(|b| b.set_buckets_for_metric(full(RUN_CPU), RUN_BUCKETS))
                .and_then(|b| b.set_buckets_for_metric(full(RUN_WALL), RUN_BUCKETS))
                .and_then(|b| b.set_buckets_for_metric(full(WATCHDOG_LAG), LAG_BUCKETS))
                .and_then(|b| b.set_buckets_for_metric(full(SETUP), &BOX_TIME_BOUNDS))
                .and_then(|b| b.set_buckets_for_metric(full(CLEANUP), &BOX_TIME_BOUNDS))
                .and_then(|b| b.set_buckets_for_metric(full(RUN_MEMORY), MEMORY_BUCKETS))
                .and_then(|b| b.set_buckets_for_metric(full(CANARY_DURATION), RUN_BUCKETS))
                .and_then(|b| b.set_buckets_for_metric(full(CANARY_CPU), RUN_BUCKETS))
                .expect("the lists of buckets are constants and not empty")
                .build_recorder();
            let handle = recorder.handle();
            if metrics::set_global_recorder(recorder).is_err() {
                return None;
            }
            describe();
            zero();
            Some(handle)
        })
        .as_ref()
}

/// The text Prometheus reads; empty when the program has brought its own recorder.
pub(crate) fn render() -> String {
    install().map(PrometheusHandle::render).unwrap_or_default()
}

/// To be called every few seconds: folds what histograms have collected.
pub(crate) fn upkeep() {
    if let Some(handle) = install() {
        handle.run_upkeep();
    }
}

/// Alerts on a rate need the zero before the first event.
fn zero() {
    for buried in [
        Buried::Undecodable,
        Buried::UnknownProblem,
        Buried::UnknownLanguage,
        Buried::UnknownSource,
        Buried::Checker,
        Buried::Package,
        Buried::Deliveries,
    ] {
        counter!(DEAD, "reason" => buried.as_str()).absolute(0);
    }
    for retry in Retry::ALL {
        counter!(RETRIED, "reason" => retry.as_str()).absolute(0);
    }
    for restart in [Restart::Start, Restart::Failed] {
        counter!(RESTARTS, "reason" => restart.as_str()).absolute(0);
    }
    counter!(PUBLISH_FAILURES).absolute(0);
    counter!(PULL_FAILURES).absolute(0);
    counter!(RECONNECTS).absolute(0);
    for name in [PACKAGE_HITS, PACKAGE_MISSES, PACKAGE_EVICTIONS, COMPILE_HITS] {
        counter!(name).absolute(0);
    }
    for result in ["compiled", "found", "failed"] {
        counter!(AHEAD, "result" => result).absolute(0);
    }
    for result in [true, false] {
        counter!(CANARIES, "result" => canary_label(result)).absolute(0);
    }
    for name in [ZOMBIES_REAPED, ORPHANS_KILLED, GROUPS_SWEPT] {
        counter!(name).absolute(0);
    }
}

/// From which commit the program was built.
static COMMIT: OnceLock<&'static str> = OnceLock::new();

/// Names the commit the program was built from, which `minos_build_info` tells; to be called before
/// a node starts. The first name stays.
pub fn built_from(commit: &'static str) {
    COMMIT.get_or_init(|| commit);
}

/// What this program is.
pub(crate) fn build(isolation: &'static str) {
    let (version, commit) = (env!("CARGO_PKG_VERSION"), COMMIT.get().copied().unwrap_or("unknown"));
    gauge!(BUILD, "version" => version, "commit" => commit, "cgroup" => isolation).set(1.0);
}

const fn canary_label(well: bool) -> &'static str {
    if well { "ok" } else { "failed" }
}

/// A canary was accepted.
pub(crate) fn canary_sang(language: &str, took: Duration, cpu: CpuTime) {
    counter!(CANARIES, "result" => canary_label(true)).increment(1);
    let language = language.to_owned();
    histogram!(CANARY_DURATION, "lang" => language.clone()).record(took.as_secs_f64());
    histogram!(CANARY_CPU, "lang" => language).record(cpu.duration().as_secs_f64());
    gauge!(CANARY_SUCCESS).set(since(SystemTime::UNIX_EPOCH));
}

/// A canary was not accepted.
pub(crate) fn canary_failed() {
    counter!(CANARIES, "result" => canary_label(false)).increment(1);
}

fn since(then: SystemTime) -> f64 {
    // A clock that was set back makes no negative wait.
    SystemTime::now().duration_since(then).unwrap_or(Duration::ZERO).as_secs_f64()
}

/// A slot has taken a delivery.
pub(crate) fn received(published: SystemTime, delivered: u32) {
    let kind = if delivered > 1 { "again" } else { "first" };
    counter!(RECEIVED, "kind" => kind).increment(1);
    if delivered <= 1 {
        histogram!(QUEUE_WAIT).record(since(published));
    }
}

/// A part of a job's way is over.
pub(crate) fn step(step: Step, took: Duration) {
    histogram!(DURATION, "stage" => step.as_str()).record(took.as_secs_f64());
}

/// A verdict is stored, and it is this node's.
pub(crate) fn finished(judgement: &Judgement, published: SystemTime) {
    let language = judgement.language.to_string();
    let verdict = judgement.verdict.as_str();
    // A job in a language nobody has is the wire's word, not ours: it gets no label of its own.
    let language = if judgement.isolation.is_some() { language } else { "none".to_owned() };
    counter!(FINISHED, "verdict" => verdict, "lang" => language.clone()).increment(1);
    histogram!(END_TO_END).record(since(published));
    if let Some(compile) = &judgement.compile {
        if compile.cached {
            counter!(COMPILE_HITS).increment(1);
        } else {
            step(Step::Compile, compile.wall.duration());
        }
    }
    if !judgement.tests.is_empty() {
        let runs = judgement.tests.iter().map(|test| test.wall.duration()).sum();
        step(Step::Run, runs);
    }
    for test in &judgement.tests {
        run(test, &language);
    }
}

fn run(test: &TestResult, language: &str) {
    let Some(cause) = &test.cause else { return };
    counter!(RUNS, "cause" => cause_label(cause), "limit" => hardness(cause)).increment(1);
    if let Some(lag) = lag(cause) {
        histogram!(WATCHDOG_LAG).record(lag.as_secs_f64());
    }
    let language = language.to_owned();
    histogram!(RUN_CPU, "lang" => language.clone()).record(test.cpu.duration().as_secs_f64());
    histogram!(RUN_WALL, "lang" => language.clone()).record(test.wall.duration().as_secs_f64());
    histogram!(RUN_MEMORY, "lang" => language).record(whole_kib(test.memory.get()));
}

const fn cause_label(cause: &Cause) -> &'static str {
    match cause {
        Cause::Limit { limit, .. } => match limit {
            LimitKind::CpuTime => "cpu_time",
            LimitKind::WallTime => "wall_time",
            LimitKind::Memory => "memory",
            LimitKind::Output => "output",
        },
        Cause::Exited | Cause::Signalled | Cause::Syscall { .. } | Cause::Cancelled => cause.kind(),
    }
}

/// Who was first at a limit: the watchdog at the soft one, or the kernel at the hard one.
const fn hardness(cause: &Cause) -> &'static str {
    match cause {
        Cause::Limit { by, .. } => match by {
            By::Kernel => "hard",
            By::Watchdog | By::Itself => "soft",
        },
        Cause::Exited | Cause::Signalled | Cause::Syscall { .. } | Cause::Cancelled => "none",
    }
}

/// How late the watchdog was at a limit of time.
fn lag(cause: &Cause) -> Option<Duration> {
    let Cause::Limit { limit: LimitKind::CpuTime | LimitKind::WallTime, by, allowed, observed } =
        cause
    else {
        return None;
    };
    (*by == By::Watchdog).then(|| Duration::from_micros(observed.saturating_sub(*allowed)))
}

/// A job goes back.
pub(crate) fn retried(retry: Retry) {
    counter!(RETRIED, "reason" => retry.as_str()).increment(1);
}

/// A message is among the dead letters.
pub(crate) fn dead_lettered(buried: Buried) {
    counter!(DEAD, "reason" => buried.as_str()).increment(1);
}

/// The broker did not take a verdict.
pub(crate) fn publish_failed() {
    counter!(PUBLISH_FAILURES).increment(1);
}

/// The broker did not answer a pull.
pub(crate) fn pull_failed() {
    counter!(PULL_FAILURES).increment(1);
}

/// A slot is replaced.
pub(crate) fn restarted(restart: Restart) {
    counter!(RESTARTS, "reason" => restart.as_str()).increment(1);
}

/// What the slots are doing.
pub(crate) fn slots(count: &Count) {
    for doing in Doing::ALL {
        gauge!(SLOTS, "state" => doing.as_str()).set(f64::from(count.of(doing)));
    }
    gauge!(IN_FLIGHT).set(f64::from(count.busy));
}

/// The state of the node, as readiness sees it.
pub(crate) fn node(ready: bool, draining: bool, connected: bool) {
    gauge!(READY).set(f64::from(u8::from(ready)));
    gauge!(DRAINING).set(f64::from(u8::from(draining)));
    gauge!(CONNECTED).set(f64::from(u8::from(connected)));
}

/// What the node holds back, and whether it can write.
pub(crate) fn holds(verdicts: u32, writable: bool, reconnects: u64) {
    gauge!(BUFFERED).set(f64::from(verdicts));
    gauge!(WRITABLE).set(f64::from(u8::from(writable)));
    counter!(RECONNECTS).absolute(reconnects);
}

/// Children that nobody has reaped.
pub(crate) fn zombies(number: u32) {
    gauge!(ZOMBIES).set(f64::from(number));
}

/// Ended orphans were reaped.
pub(crate) fn reaped(number: u32) {
    counter!(ZOMBIES_REAPED).increment(number.into());
}

/// What dead lives have left here, and what boxes of this life leave.
pub(crate) fn left(swept: Swept, lingering: usize, mounts: usize) {
    let number = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
    let gauged = |count: usize| f64::from(u32::try_from(count).unwrap_or(u32::MAX));
    counter!(ORPHANS_KILLED).absolute(number(swept.killed));
    counter!(GROUPS_SWEPT).absolute(number(swept.removed));
    gauge!(LEAKED_GROUPS).set(gauged(lingering + swept.refused));
    gauge!(LEAKED_MOUNTS).set(gauged(mounts));
}

/// How long boxes took since the last look, compilers' and checkers' as well.
pub(crate) fn boxes(times: &BoxTimes) {
    for (histogram, tallies) in
        [(histogram!(SETUP), &times.setup), (histogram!(CLEANUP), &times.cleanup)]
    {
        for tally in tallies {
            let count = usize::try_from(tally.count).unwrap_or(usize::MAX);
            histogram.record_many(tally.mean.as_secs_f64(), count);
        }
    }
}

/// CPU time that judging has cost beside the programs.
pub(crate) fn overhead(cpu: Duration) {
    counter!(OVERHEAD_CPU).absolute(cpu.as_secs());
}

/// What this process holds.
pub(crate) fn process(
    resident_bytes: u64,
    descriptors: u32,
    cpu: Duration,
    started: Option<Duration>,
) {
    counter!(PROCESS_CPU).absolute(cpu.as_secs());
    if let Some(started) = started {
        gauge!(PROCESS_START).set(started.as_secs_f64());
    }
    gauge!(PROCESS_RSS).set(whole_kib(resident_bytes));
    gauge!(PROCESS_FDS).set(f64::from(descriptors));
}

/// Bytes in whole KiB, which a float holds exactly up to 4 TiB; more counts as 4 TiB.
fn whole_kib(bytes: u64) -> f64 {
    f64::from(u32::try_from(bytes >> 10).unwrap_or(u32::MAX)) * 1024.0
}

/// A problem was on the disk, or had to be fetched.
pub(crate) fn package_looked_up(hit: bool) {
    counter!(if hit { PACKAGE_HITS } else { PACKAGE_MISSES }).increment(1);
}

/// A problem was removed for room.
pub(crate) fn package_evicted() {
    counter!(PACKAGE_EVICTIONS).increment(1);
}

/// A problem was to be made ready before a submission asked for it.
pub(crate) fn problem_ahead(result: &'static str) {
    counter!(AHEAD, "result" => result).increment(1);
}

/// The size of the package cache.
pub(crate) fn package_bytes(bytes: u64) {
    gauge!(PACKAGE_BYTES).set(whole_kib(bytes));
}
