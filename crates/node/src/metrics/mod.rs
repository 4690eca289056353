//! Every metric of a node: names, labels, buckets. Nothing else in the repository names a metric.
//!
//! Labels come from closed sets (verdict, cause, limit, language, reason), never from a contestant.

#![expect(clippy::disallowed_macros, reason = "this is the one file that may name metrics")]

mod words;

use std::sync::OnceLock;
use std::time::{Duration, SystemTime};

use metrics::{
    Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram,
};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use minos_model::{By, Cause, Judgement, LimitKind, TestResult};

use crate::board::{Count, Doing};

pub(crate) use self::words::{Buried, Restart, Retry, Step};

/// Waiting is felt from a hundredth of a second to a quarter of an hour.
const WAIT_BUCKETS: &[f64] =
    &[0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 900.0];
/// Runs: from a millisecond to a hundred seconds.
const RUN_BUCKETS: &[f64] = &[
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 25.0, 50.0, 100.0,
];
/// How late the watchdog is: from a tenth of a millisecond to a quarter of a second.
const LAG_BUCKETS: &[f64] =
    &[0.000_1, 0.000_25, 0.000_5, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25];
/// Memory: from 64 KiB to 4 GiB, by factors of four.
const MEMORY_BUCKETS: &[f64] = &[
    65_536.0,
    262_144.0,
    1_048_576.0,
    4_194_304.0,
    16_777_216.0,
    67_108_864.0,
    268_435_456.0,
    1_073_741_824.0,
    4_294_967_296.0,
];

const RECEIVED: &str = "minos_jobs_received_total";
const FINISHED: &str = "minos_jobs_finished_total";
const RETRIED: &str = "minos_jobs_retried_total";
const DEAD: &str = "minos_jobs_dead_lettered_total";
const QUEUE_WAIT: &str = "minos_job_queue_wait_seconds";
const DURATION: &str = "minos_job_duration_seconds";
const END_TO_END: &str = "minos_job_end_to_end_seconds";
const IN_FLIGHT: &str = "minos_jobs_in_flight";
const RUNS: &str = "minos_runs_total";
const RUN_CPU: &str = "minos_run_cpu_seconds";
const RUN_WALL: &str = "minos_run_wall_seconds";
const RUN_MEMORY: &str = "minos_run_memory_bytes";
const WATCHDOG_LAG: &str = "minos_watchdog_lag_seconds";
const COMPILE_HITS: &str = "minos_compile_cache_hits_total";
const SLOTS: &str = "minos_slots";
const RESTARTS: &str = "minos_slot_restarts_total";
const ZOMBIES: &str = "minos_zombies";
const PACKAGE_HITS: &str = "minos_package_cache_hits_total";
const PACKAGE_MISSES: &str = "minos_package_cache_misses_total";
const PACKAGE_EVICTIONS: &str = "minos_package_cache_evictions_total";
const PACKAGE_BYTES: &str = "minos_package_cache_bytes";
const PUBLISH_FAILURES: &str = "minos_results_publish_failures_total";
const BUFFERED: &str = "minos_results_buffered";
const PULL_FAILURES: &str = "minos_pull_failures_total";
const CONNECTED: &str = "minos_broker_connected";
const RECONNECTS: &str = "minos_broker_reconnects_total";
const DRAINING: &str = "minos_node_draining";
const READY: &str = "minos_node_ready";
const WRITABLE: &str = "minos_state_writable";
const BUILD: &str = "minos_build_info";
const PROCESS_RSS: &str = "process_resident_memory_bytes";
const PROCESS_FDS: &str = "process_open_fds";
const PROCESS_CPU: &str = "process_cpu_seconds_total";
const PROCESS_START: &str = "process_start_time_seconds";

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
                .and_then(|b| b.set_buckets_for_metric(full(RUN_MEMORY), MEMORY_BUCKETS))
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

fn describe() {
    describe_counter!(RECEIVED, "Deliveries taken from the lanes, by first or repeated.");
    describe_counter!(FINISHED, "Verdicts stored by this node, by verdict and language.");
    describe_counter!(RETRIED, "Jobs handed back, by reason.");
    describe_counter!(DEAD, "Messages sent to the dead letters, by reason.");
    describe_histogram!(QUEUE_WAIT, Unit::Seconds, "From stored in the stream to taken.");
    describe_histogram!(DURATION, Unit::Seconds, "Parts of a job's way on this node, by stage.");
    describe_histogram!(END_TO_END, Unit::Seconds, "From stored in the stream to verdict stored.");
    describe_gauge!(IN_FLIGHT, "Submissions that are being judged here.");
    describe_histogram!(
        WATCHDOG_LAG,
        Unit::Seconds,
        "How far past its CPU or wall-clock limit a run was when the watchdog ended it."
    );
    describe_gauge!(BUFFERED, "Verdicts held here that the broker has not taken yet.");
    describe_counter!(RECONNECTS, "Times the connection to the broker was made again.");
    describe_gauge!(WRITABLE, "Whether the node's state directory takes files.");
    describe_counter!(PROCESS_CPU, "CPU time of this process, wardens not included, in seconds.");
    describe_gauge!(PROCESS_START, Unit::Seconds, "When this process started, since 1970.");
    describe_counter!(RUNS, "Runs of contestants' programs, by cause and by which limit ended it.");
    describe_histogram!(RUN_CPU, Unit::Seconds, "CPU time of contestants' runs, by language.");
    describe_histogram!(RUN_WALL, Unit::Seconds, "Wall-clock time of contestants' runs.");
    describe_histogram!(RUN_MEMORY, Unit::Bytes, "Peak memory of contestants' runs.");
    describe_counter!(COMPILE_HITS, "Compilations that were reused.");
    describe_gauge!(SLOTS, "Slots by state.");
    describe_counter!(RESTARTS, "Slots that were replaced, by reason.");
    describe_gauge!(ZOMBIES, "Children of this process that have ended and are not reaped.");
    describe_counter!(PACKAGE_HITS, "Problems found on this node's disk.");
    describe_counter!(PACKAGE_MISSES, "Problems fetched from the package store.");
    describe_counter!(PACKAGE_EVICTIONS, "Problems removed from this node's disk for room.");
    describe_gauge!(PACKAGE_BYTES, Unit::Bytes, "Problems on this node's disk.");
    describe_counter!(PUBLISH_FAILURES, "Attempts to store a verdict that failed.");
    describe_counter!(PULL_FAILURES, "Pulls that the broker did not answer.");
    describe_gauge!(CONNECTED, "Whether the broker took the last beat.");
    describe_gauge!(DRAINING, "Whether the node takes no new jobs.");
    describe_gauge!(READY, "Whether /readyz says yes.");
    describe_gauge!(PROCESS_RSS, Unit::Bytes, "Memory of this process, wardens not included.");
    describe_gauge!(PROCESS_FDS, "Open descriptors of this process.");
    describe_gauge!(BUILD, "Always 1; the labels tell the version and the isolation.");
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
    for restart in [Restart::Start, Restart::Failed] {
        counter!(RESTARTS, "reason" => restart.as_str()).absolute(0);
    }
    counter!(PUBLISH_FAILURES).absolute(0);
    counter!(PULL_FAILURES).absolute(0);
    counter!(RECONNECTS).absolute(0);
    for name in [PACKAGE_HITS, PACKAGE_MISSES, PACKAGE_EVICTIONS, COMPILE_HITS] {
        counter!(name).absolute(0);
    }
}

/// What this program is.
pub(crate) fn build(isolation: &'static str) {
    gauge!(BUILD, "version" => env!("CARGO_PKG_VERSION"), "isolation" => isolation).set(1.0);
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

/// The size of the package cache.
pub(crate) fn package_bytes(bytes: u64) {
    gauge!(PACKAGE_BYTES).set(whole_kib(bytes));
}
