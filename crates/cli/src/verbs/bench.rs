//! `minos bench`: what this machine can do.

use std::collections::BTreeMap;

use minos_sandbox::SandboxConfig;
use minos_sandbox::bench::{self, BenchOptions, BenchReport, PerSecond, Percentiles};
use minos_sandbox::soak::{self, Held};
use serde::Serialize;

use super::{bench_cost, bench_fair};
use crate::console::Console;
use crate::exit::{Exit, Failure, Outcome, with_causes};

/// What this machine can do: bare spawn against boxed run.
///
/// Bare is `posix_spawn` and wait of a static program that does nothing; boxed is the same program
/// in a fresh box each time. Both are measured in turn, in one run.
/// `--judge` measures what judging costs beside the programs themselves, `--fair` whether verdicts
/// close to a limit hold on a busy machine.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  minos bench\n  minos bench --json\n  minos bench --runs 200\n  \
    minos bench --soak 100000\n  minos bench --judge --runs 20\n  minos bench --fair --runs 200\n\n\
    Exit codes: 0 measured (and nothing grew), 1 something grew in a soak or a verdict flipped, 3 no box can be made."
)]
pub(crate) struct Args {
    /// Judge a problem of 50 tests that take 20 ms each, and say where the CPU time goes.
    #[arg(long, conflicts_with = "fair")]
    judge: bool,
    /// Judge programs that need 5 % less and 15 % more than their limit, with every slot busy and
    /// the memory's bandwidth used up beside them. The answer is no when a verdict flips.
    #[arg(long)]
    fair: bool,
    /// Pairs of runs that are measured; with --judge and --fair: judgings.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(10..=1_000_000))]
    runs: Option<u32>,
    /// Instead, run an empty program N times on two slots and show that nothing grows: processes,
    /// mounts, control groups, descriptors, memory.
    #[arg(long, value_name = "N", conflicts_with = "runs", value_parser = clap::value_parser!(u32).range(10..))]
    soak: Option<u32>,
    /// Print minos.bench/1 on stdout and nothing else there.
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct BenchDocument {
    schema: &'static str,
    bare_us: PercentilesDocument,
    boxed_us: PercentilesDocument,
    ratio_p50: f64,
    sparse: SparseDocument,
    bare_per_second: BTreeMap<&'static str, f64>,
    boxed_per_second: BTreeMap<&'static str, f64>,
    cpu_overshoot_us: PercentilesDocument,
    isolation: &'static str,
}

#[derive(Serialize)]
struct SparseDocument {
    bare_us: PercentilesDocument,
    boxed_us: PercentilesDocument,
}

#[derive(Serialize)]
struct PercentilesDocument {
    p50: u64,
    p95: u64,
    p99: u64,
}

impl From<Percentiles> for PercentilesDocument {
    fn from(percentiles: Percentiles) -> Self {
        let Percentiles { p50, p95, p99 } = percentiles;
        Self { p50, p95, p99 }
    }
}

pub(crate) fn run(console: Console, args: &Args) -> Outcome {
    if let Some(runs) = args.soak {
        return soak(console, usize::try_from(runs).map_err(Failure::input)?, args.json);
    }
    if args.judge {
        return bench_cost::run(console, args.runs.unwrap_or(20), args.json);
    }
    if args.fair {
        return bench_fair::run(console, args.runs.unwrap_or(200), args.json);
    }
    let mut options = BenchOptions::default();
    if let Some(runs) = args.runs {
        options.samples = usize::try_from(runs).map_err(Failure::input)?;
    }
    let bar = console.progress("benchmark");
    let mut tell = |what: &str| bar.set_message(what.to_owned());
    let report = bench::run(&options, SandboxConfig::default(), &mut tell)
        .map_err(|error| Failure::environment(with_causes(&error)))?;
    bar.finish_and_clear();
    if args.json {
        console.json(&document(&report))?;
    } else {
        console.say(&in_words(&report))?;
    }
    Ok(Exit::Yes)
}

#[derive(Serialize)]
struct SoakDocument {
    schema: &'static str,
    held: Vec<HeldDocument>,
    per_second: usize,
    grown: Vec<String>,
    isolation: &'static str,
}

#[derive(Serialize)]
struct HeldDocument {
    runs: usize,
    processes: usize,
    mounts: usize,
    groups: usize,
    dying: usize,
    descriptors: usize,
    resident_kib: usize,
}

impl From<&Held> for HeldDocument {
    fn from(held: &Held) -> Self {
        let Held { runs, processes, mounts, groups, dying, descriptors, resident_kib } = *held;
        Self { runs, processes, mounts, groups, dying, descriptors, resident_kib }
    }
}

/// A long series, and what it leaves behind.
fn soak(console: Console, runs: usize, json: bool) -> Outcome {
    let title = ["runs", "processes", "mounts", "groups", "dying", "fds", "KiB"];
    let row = |cells: [String; 7]| cells.map(|cell| format!("{cell:>12}")).concat();
    console.note(&row(title.map(str::to_owned)));
    let mut tell = |held: &Held| {
        let cells = [
            held.runs,
            held.processes,
            held.mounts,
            held.groups,
            held.dying,
            held.descriptors,
            held.resident_kib,
        ];
        console.note(&row(cells.map(|cell| cell.to_string())));
    };
    let report = soak::run(runs, SandboxConfig::default(), &mut tell)
        .map_err(|error| Failure::environment(with_causes(&error)))?;
    let flat = report.grown.is_empty();
    if json {
        console.json(&SoakDocument {
            schema: "minos.soak/1",
            held: report.held.iter().map(HeldDocument::from).collect(),
            per_second: report.per_second,
            isolation: report.isolation.as_str(),
            grown: report.grown,
        })?;
    } else {
        let told = if flat {
            "nothing grew".to_owned()
        } else {
            format!("grew: {}", report.grown.join(", "))
        };
        console.say(&format!(
            "{runs} runs, {} a second ({}): {told}",
            report.per_second, report.isolation
        ))?;
    }
    Ok(Exit::of(flat))
}

fn document(report: &BenchReport) -> BenchDocument {
    let by_parallelism = |rate: PerSecond| BTreeMap::from([("1", rate.one), ("2", rate.two)]);
    BenchDocument {
        schema: "minos.bench/1",
        bare_us: report.bare.into(),
        boxed_us: report.boxed.into(),
        ratio_p50: report.ratio_p50,
        sparse: SparseDocument {
            bare_us: report.sparse_bare.into(),
            boxed_us: report.sparse_boxed.into(),
        },
        bare_per_second: by_parallelism(report.bare_per_second),
        boxed_per_second: by_parallelism(report.boxed_per_second),
        cpu_overshoot_us: report.cpu_overshoot.into(),
        isolation: report.isolation.as_str(),
    }
}

fn in_words(report: &BenchReport) -> String {
    let line = |name: &str, values: Percentiles| {
        format!(
            "{name:<22} p50 {:>7} us   p95 {:>7} us   p99 {:>7} us",
            values.p50, values.p95, values.p99
        )
    };
    let rate = |name: &str, values: PerSecond| {
        format!("{name:<22} {:>8.0}/s alone   {:>8.0}/s two at once", values.one, values.two)
    };
    [
        line("bare spawn", report.bare),
        line("boxed run", report.boxed),
        format!("{:<22} {:.2}", "ratio of the medians", report.ratio_p50),
        line("bare, after a pause", report.sparse_bare),
        line("boxed, after a pause", report.sparse_boxed),
        rate("bare spawns", report.bare_per_second),
        rate("boxed runs", report.boxed_per_second),
        line("past a CPU limit", report.cpu_overshoot),
        format!("{:<22} {}", "isolation", report.isolation),
    ]
    .join("\n")
}
