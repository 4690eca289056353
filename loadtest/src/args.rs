//! The command line of `minos-load`.

use std::path::PathBuf;

use clap::{Parser, Subcommand};
use minos_model::WallTime;

use crate::rate::{Rate, Share};
use crate::threshold::Threshold;

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
    /// Send submissions at a rate, whatever the cluster does, and account for every one.
    Run(RunArgs),
}

/// Send submissions at a rate, whatever the cluster does, and account for every one.
///
/// Every time of sending is drawn before the run, from the seed; latencies count from that time,
/// so that a stall hides nothing. After the last send the verdicts still missing are waited for.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    minos-load run --rate 20/s --duration 30s\n  \
    minos-load run --rate 50k/h --duration 10m --hostile 20% --threshold 'wait.p99<5s' --json\n\n\
    Measures of --threshold: wait.pN and wait.max (until a slot takes it), total.pN and total.max\n\
    (until the verdict), lost, duplicated, wrong, judge_errors, late_sends, achieved.\n\n\
    Exit codes: 0 every threshold held and nothing was lost, doubled or wrong; 1 not so;\n\
    2 wrong usage; 3 no broker, or the problem could not be pushed.\n\n\
    cpu_ms_per_submission counts compilers (a reused build costs nothing) and the contestants'\n\
    programs as their judgements report them; `judge` is what else the processes of a `minos up`\n\
    on this machine used, and null for any other cluster.")]
pub(crate) struct RunArgs {
    /// Submissions per second, minute or hour: 20/s, 600/m, 1M/h.
    #[arg(long)]
    pub(crate) rate: Rate,
    /// How long submissions are sent.
    #[arg(long, value_name = "TIME")]
    pub(crate) duration: WallTime,
    /// The shape of the rate over time; there is `steady`.
    #[arg(long, default_value = "steady")]
    pub(crate) profile: String,
    /// Which programs: `demo`, or a FILE of weights [default: demo].
    #[arg(long)]
    pub(crate) mix: Option<String>,
    /// The share of programs that attack or exhaust.
    #[arg(long, value_name = "SHARE", default_value = "20%")]
    pub(crate) hostile: Share,
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
