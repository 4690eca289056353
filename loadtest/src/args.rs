//! The command line of `minos-load`.

use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};
use minos_model::WallTime;

use crate::profile::{Profile, TimeScale};
use crate::rate::{Rate, Share};
use crate::threshold::{Target, Threshold};

/// Open-loop replay of contest-sized bursts against a running minos, with a ledger.
#[derive(Debug, Parser)]
#[command(
    name = "minos-load",
    version,
    arg_required_else_help = true,
    after_help = "Example:\n  minos up --slots 2 &\n  minos-load run --rate 20/s --duration 30s"
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    Run(RunArgs),
    Report(ReportArgs),
    Verify(VerifyArgs),
    Plan(PlanArgs),
}

/// Which broker.
#[derive(Debug, clap::Args)]
pub(crate) struct Common {
    /// The broker's address.
    #[arg(long, value_name = "URL", env = "MINOS_NATS_URL", help_heading = "Broker")]
    pub(crate) nats: Option<String>,
    /// A file with credentials for it.
    #[arg(long, value_name = "FILE", help_heading = "Broker")]
    pub(crate) creds: Option<PathBuf>,
    /// The directory of a running `minos up`, where no --nats is given.
    #[arg(
        long,
        value_name = "DIR",
        env = "MINOS_DIR",
        default_value = "./.minos",
        help_heading = "Broker"
    )]
    pub(crate) dir: PathBuf,
}

/// Send submissions at a rate, whatever the cluster does, and account for every one.
///
/// Every time of sending is drawn before the run, from the seed; latencies count from that time,
/// so that a stall hides nothing. After the last send the verdicts still missing are waited for.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    minos-load run --rate 20/s --duration 30s\n  \
    minos-load run --rate 1M/h --mix warm --duration 10m --threshold 'wait.p99<1s' --json\n  \
    minos-load run --rate 2/s --profile icpc-5h --mix icpc --time-scale 30\n  \
    minos-load run --rate 400/s --profile breakpoint --mix warm --threshold 'wait.p99<1s'\n\n\
    Profiles: steady; flash (all in the first 60 s); last-hour and icpc-5h (real contests: the last\n\
    minute is the busiest); spike-start; rejudge (steady, and a storm in the lane of rejudgings);\n\
    soak (70 % of the rate, 8 h); breakpoint (climbs to the rate in 12 steps, ends when the promise\n\
    breaks); or a FILE with one number for each piece of the time.\n\n\
    Mixes: demo (small, builds reused); warm (256 C programs whose builds are made before the clock\n\
    starts, three tests each, no hostile ones); icpc and practice (verdicts, languages and run times\n\
    of real contests, no build reused); or a FILE (loadtest/mixes has examples).\n\n\
    Measures of --threshold: wait.pN and wait.max (until a slot takes it), total.pN and total.max\n\
    (until the verdict), lost, duplicated, wrong, judge_errors, late_sends, achieved.\n\n\
    Exit codes: 0 every threshold held and every submission got its one right verdict; 1 not so;\n\
    2 wrong usage; 3 no broker, or the problem could not be pushed.\n\n\
    cpu_ms_per_submission counts compilers (a reused build costs nothing) and the contestants'\n\
    programs as their judgements report them; `judge` is what else the processes of a `minos up`\n\
    on this machine used, and null for any other cluster.")]
pub(crate) struct RunArgs {
    /// Submissions per second, minute or hour: 20/s, 600/m, 1M/h. The mean of the profile; of
    /// `breakpoint` the top.
    #[arg(long)]
    pub(crate) rate: Rate,
    /// How long submissions are sent [default: as long as the profile is by nature].
    #[arg(long, value_name = "TIME")]
    pub(crate) duration: Option<WallTime>,
    /// The shape of the rate over time: a name, or a FILE.
    #[arg(long, default_value = "steady")]
    pub(crate) profile: Profile,
    /// Plays the duration so many times faster, at the same rate.
    #[arg(long, value_name = "FACTOR")]
    pub(crate) time_scale: Option<TimeScale>,
    /// Which programs: demo, warm, icpc, practice, or a FILE [default: demo].
    #[arg(long)]
    pub(crate) mix: Option<String>,
    /// The share of programs that attack or exhaust [default: the mix's: 20%, for warm 0%].
    #[arg(long, value_name = "SHARE")]
    pub(crate) hostile: Option<Share>,
    /// Rejudgings that the profile `rejudge` sends at once.
    #[arg(long, value_name = "N", default_value = "100000",
          value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    pub(crate) storm: u32,
    /// A promise this run is held to; may be given several times.
    #[arg(long, value_name = "PROMISE")]
    pub(crate) threshold: Vec<Threshold>,
    /// What the times and the programs are drawn from.
    #[arg(long, default_value = "1")]
    pub(crate) seed: u64,
    /// How long verdicts are waited for after the last send.
    #[arg(long, value_name = "TIME", default_value = "10m")]
    pub(crate) drain: WallTime,
    /// Where the journal goes [default: a new directory for temporary files].
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Print minos.load/1 on stdout and nothing else there.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) common: Common,
}

/// How a report is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// One page with pictures, which needs nothing else.
    Html,
    /// minos.load/1.
    Json,
    /// A few lines for a terminal.
    Text,
}

/// Make the report of a run from its journal.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    minos-load report /tmp/load-1 -o report.html\n  \
    minos-load report /tmp/load-1 --format json\n\n\
    Without -o, html goes to DIR/report.html, and the rest to stdout.\n\
    Exit codes: 0 it is written; 2 DIR is not the directory of a run, or its journal is damaged.")]
pub(crate) struct ReportArgs {
    /// The directory that `run` wrote its journal to.
    pub(crate) dir: PathBuf,
    /// What to write.
    #[arg(long, value_enum, default_value = "html")]
    pub(crate) format: Format,
    /// Where to; `-` is stdout.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

/// Finish the accounting of a run whose generator was killed.
///
/// Nothing is sent. Every submission of the journal is looked for; what the broker has of this run,
/// though its word never reached the journal, is counted as recovered.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  minos-load verify /tmp/load-1\n\n\
    Exit codes: 0 every threshold held and every submission got its one right verdict; 1 not so;\n\
    2 DIR is not the directory of a run; 3 no broker.")]
pub(crate) struct VerifyArgs {
    /// The directory that `run` wrote its journal to.
    pub(crate) run: PathBuf,
    /// How long missing verdicts are waited for.
    #[arg(long, value_name = "TIME", default_value = "10m")]
    pub(crate) drain: WallTime,
    /// Print minos.load/1 on stdout and nothing else there.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) common: Common,
}

/// Say how many nodes and cores a load needs, from measured costs.
///
/// Arrivals are drawn from the profile, service times from what a run measured; the number of slots
/// is searched for which the wait keeps the promise with every seed.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    minos-load run --rate 400/s --profile breakpoint --mix warm --out /tmp/load-1\n  \
    minos-load plan --rate 1M/h --profile last-hour --wait 'p99<10s' --costs /tmp/load-1\n  \
    minos-load plan --rate 100/s --slots 2 --costs /tmp/load-1   # what two slots would do\n\n\
    FILE is a run's report.json, the output of `report --format json`, or the run's directory.\n\
    Exit codes: 0 there is a plan; 1 not even the most slots keep the promise; 2 wrong usage.")]
pub(crate) struct PlanArgs {
    /// Submissions per second, minute or hour: the mean of the profile.
    #[arg(long)]
    pub(crate) rate: Rate,
    /// The shape of the rate over time.
    #[arg(long, default_value = "steady")]
    pub(crate) profile: Profile,
    /// How long [default: as long as the profile is by nature].
    #[arg(long, value_name = "TIME")]
    pub(crate) duration: Option<WallTime>,
    /// What the wait must be: p99<10s, max<=1m.
    #[arg(long, value_name = "PROMISE", default_value = "p99<10s")]
    pub(crate) wait: Target,
    /// Measured costs.
    #[arg(long, value_name = "FILE")]
    pub(crate) costs: PathBuf,
    /// So many slots, instead of searching for their number.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(crate) slots: Option<u32>,
    /// Slots of one node [default: as measured].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=4_096))]
    pub(crate) slots_per_node: Option<u32>,
    /// Different draws that must all keep the promise.
    #[arg(long, value_name = "N", default_value = "5",
          value_parser = clap::value_parser!(u32).range(1..=100))]
    pub(crate) seeds: u32,
    /// Print minos.load-plan/1 on stdout and nothing else there.
    #[arg(long)]
    pub(crate) json: bool,
}
