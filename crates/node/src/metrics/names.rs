//! Every metric by name, with its buckets and what it means. Nothing else in the repository names one.

use metrics::{Unit, describe_counter, describe_gauge, describe_histogram};

/// Waiting is felt from a hundredth of a second to a quarter of an hour.
pub(super) const WAIT_BUCKETS: &[f64] =
    &[0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 900.0];
/// Runs: from a millisecond to a hundred seconds.
pub(super) const RUN_BUCKETS: &[f64] = &[
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 25.0, 50.0, 100.0,
];
/// How late the watchdog is: from a tenth of a millisecond to a quarter of a second.
pub(super) const LAG_BUCKETS: &[f64] =
    &[0.000_1, 0.000_25, 0.000_5, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25];
/// Memory: from 64 KiB to 4 GiB, by factors of four.
pub(super) const MEMORY_BUCKETS: &[f64] = &[
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

pub(super) const RECEIVED: &str = "minos_jobs_received_total";
pub(super) const FINISHED: &str = "minos_jobs_finished_total";
pub(super) const RETRIED: &str = "minos_jobs_retried_total";
pub(super) const DEAD: &str = "minos_jobs_dead_lettered_total";
pub(super) const QUEUE_WAIT: &str = "minos_job_queue_wait_seconds";
pub(super) const DURATION: &str = "minos_job_duration_seconds";
pub(super) const END_TO_END: &str = "minos_job_end_to_end_seconds";
pub(super) const IN_FLIGHT: &str = "minos_jobs_in_flight";
pub(super) const RUNS: &str = "minos_runs_total";
pub(super) const RUN_CPU: &str = "minos_run_cpu_seconds";
pub(super) const RUN_WALL: &str = "minos_run_wall_seconds";
pub(super) const RUN_MEMORY: &str = "minos_run_memory_bytes";
pub(super) const WATCHDOG_LAG: &str = "minos_watchdog_lag_seconds";
pub(super) const COMPILE_HITS: &str = "minos_compile_cache_hits_total";
pub(super) const SLOTS: &str = "minos_slots";
pub(super) const RESTARTS: &str = "minos_slot_restarts_total";
pub(super) const ZOMBIES: &str = "minos_zombies";
pub(super) const ZOMBIES_REAPED: &str = "minos_zombies_reaped_total";
pub(super) const ORPHANS_KILLED: &str = "minos_orphans_killed_total";
pub(super) const GROUPS_SWEPT: &str = "minos_groups_swept_total";
pub(super) const LEAKED_GROUPS: &str = "minos_leaked_cgroups";
pub(super) const LEAKED_MOUNTS: &str = "minos_leaked_mounts";
pub(super) const SETUP: &str = "minos_sandbox_setup_seconds";
pub(super) const CLEANUP: &str = "minos_sandbox_cleanup_seconds";
pub(super) const OVERHEAD_CPU: &str = "minos_sandbox_overhead_cpu_seconds_total";
pub(super) const CANARIES: &str = "minos_canaries_total";
pub(super) const CANARY_DURATION: &str = "minos_canary_duration_seconds";
pub(super) const CANARY_CPU: &str = "minos_canary_cpu_seconds";
pub(super) const CANARY_SUCCESS: &str = "minos_canary_last_success_timestamp_seconds";
pub(super) const PACKAGE_HITS: &str = "minos_package_cache_hits_total";
pub(super) const PACKAGE_MISSES: &str = "minos_package_cache_misses_total";
pub(super) const PACKAGE_EVICTIONS: &str = "minos_package_cache_evictions_total";
pub(super) const AHEAD: &str = "minos_problems_ahead_total";
pub(super) const PACKAGE_BYTES: &str = "minos_package_cache_bytes";
pub(super) const PUBLISH_FAILURES: &str = "minos_results_publish_failures_total";
pub(super) const BUFFERED: &str = "minos_results_buffered";
pub(super) const PULL_FAILURES: &str = "minos_pull_failures_total";
pub(super) const CONNECTED: &str = "minos_broker_connected";
pub(super) const RECONNECTS: &str = "minos_broker_reconnects_total";
pub(super) const DRAINING: &str = "minos_node_draining";
pub(super) const READY: &str = "minos_node_ready";
pub(super) const WRITABLE: &str = "minos_state_writable";
pub(super) const BUILD: &str = "minos_build_info";
pub(super) const PROCESS_RSS: &str = "process_resident_memory_bytes";
pub(super) const PROCESS_FDS: &str = "process_open_fds";
pub(super) const PROCESS_CPU: &str = "process_cpu_seconds_total";
pub(super) const PROCESS_START: &str = "process_start_time_seconds";

/// Tells the recorder what each means.
pub(super) fn describe() {
    describe_jobs();
    describe_runs();
    describe_node();
}

fn describe_jobs() {
    describe_counter!(RECEIVED, "Deliveries taken from the lanes, by first or repeated.");
    describe_counter!(FINISHED, "Verdicts stored by this node, by verdict and language.");
    describe_counter!(RETRIED, "Jobs handed back, by reason.");
    describe_counter!(DEAD, "Messages sent to the dead letters, by reason.");
    describe_histogram!(QUEUE_WAIT, Unit::Seconds, "From stored in the stream to taken.");
    describe_histogram!(
        DURATION,
        Unit::Seconds,
        "Parts of a job's way on this node, by stage; of the jury's programs (`jury`: compiling them, \
         `check`: running them) the CPU time."
    );
    describe_histogram!(END_TO_END, Unit::Seconds, "From stored in the stream to verdict stored.");
    describe_gauge!(IN_FLIGHT, "Submissions that are being judged here.");
    describe_gauge!(BUFFERED, "Verdicts held here that the broker has not taken yet.");
    describe_counter!(PUBLISH_FAILURES, "Attempts to store a verdict that failed.");
    describe_counter!(PULL_FAILURES, "Pulls that the broker did not answer.");
    describe_gauge!(CONNECTED, "Whether the broker took the last beat.");
    describe_counter!(RECONNECTS, "Times the connection to the broker was made again.");
    describe_counter!(COMPILE_HITS, "Compilations that were reused.");
    describe_counter!(PACKAGE_HITS, "Problems found on this node's disk.");
    describe_counter!(PACKAGE_MISSES, "Problems fetched from the package store.");
    describe_counter!(PACKAGE_EVICTIONS, "Problems removed from this node's disk for room.");
    describe_counter!(
        AHEAD,
        "Problems whose jury's programs were made ready before a submission asked, by result."
    );
    describe_gauge!(PACKAGE_BYTES, Unit::Bytes, "Problems on this node's disk.");
}

fn describe_runs() {
    describe_counter!(RUNS, "Runs of contestants' programs, by cause and by which limit ended it.");
    describe_histogram!(RUN_CPU, Unit::Seconds, "CPU time of contestants' runs, by language.");
    describe_histogram!(RUN_WALL, Unit::Seconds, "Wall-clock time of contestants' runs.");
    describe_histogram!(RUN_MEMORY, Unit::Bytes, "Peak memory of contestants' runs.");
    describe_histogram!(
        WATCHDOG_LAG,
        Unit::Seconds,
        "How far past its CPU or wall-clock limit a run was when the watchdog ended it."
    );
    describe_histogram!(
        SETUP,
        Unit::Seconds,
        "From the request of a run until its program starts: taking a box, or waiting for one."
    );
    describe_histogram!(
        CLEANUP,
        Unit::Seconds,
        "Clearing a box away after its end, beside the runs: mounts, control group."
    );
    describe_counter!(
        OVERHEAD_CPU,
        "CPU time of this process and its wardens: what comes on top of the programs, in seconds."
    );
    describe_counter!(
        ORPHANS_KILLED,
        "Processes of a dead life of a node here, killed at the start."
    );
    describe_counter!(GROUPS_SWEPT, "Directories of control groups a dead life has left, removed.");
    describe_gauge!(LEAKED_GROUPS, "Control groups whose removal the kernel refuses so far.");
    describe_gauge!(LEAKED_MOUNTS, "Mounts of boxes outside of boxes.");
}

fn describe_node() {
    describe_gauge!(WRITABLE, "Whether the node's state directory takes files.");
    describe_counter!(PROCESS_CPU, "CPU time of this process, wardens not included, in seconds.");
    describe_gauge!(PROCESS_START, Unit::Seconds, "When this process started, since 1970.");
    describe_gauge!(SLOTS, "Slots by state.");
    describe_counter!(RESTARTS, "Slots that were replaced, by reason.");
    describe_gauge!(ZOMBIES, "Children of this process that have ended and are not reaped.");
    describe_counter!(ZOMBIES_REAPED, "Ended orphans that came to this process and were reaped.");
    describe_counter!(CANARIES, "Canaries compiled afresh and judged, by result.");
    describe_histogram!(CANARY_DURATION, Unit::Seconds, "A canary's whole judging, by language.");
    describe_histogram!(
        CANARY_CPU,
        Unit::Seconds,
        "CPU time of a canary's compiler and program, by language: the same work on every node."
    );
    describe_gauge!(CANARY_SUCCESS, Unit::Seconds, "When a canary was last accepted, since 1970.");
    describe_gauge!(DRAINING, "Whether the node takes no new jobs.");
    describe_gauge!(READY, "Whether /readyz says yes.");
    describe_gauge!(PROCESS_RSS, Unit::Bytes, "Memory of this process, wardens not included.");
    describe_gauge!(PROCESS_FDS, "Open descriptors of this process.");
    describe_gauge!(BUILD, "Always 1; the labels tell version, commit and what isolates runs.");
}
