//! `minos cluster init`: the shape of a cluster, created or updated at its broker.

use std::path::PathBuf;

use clap::Subcommand;
use minos_queue::{Broker, Change, Leftover, Topology};
use serde::Serialize;

use crate::broker::{self, BrokerArgs};
use crate::console::Console;
use crate::exit::{Exit, Failure, Outcome};

/// Create or update streams, consumers and buckets.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  minos cluster init --config cluster.toml --nats nats://broker:4222"
)]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Create what is missing and update what differs; nodes only bind to it.
    Init(InitArgs),
}

#[derive(Debug, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch that is typed")]
#[command(after_help = "Examples:\n  \
    minos cluster init --config cluster.toml --nats nats://broker:4222 --creds admin.creds\n  \
    minos cluster init --config cluster.toml --dry-run    what would change\n  \
    minos cluster init                 the built-in shape, at the broker of ./.minos")]
struct InitArgs {
    /// The lanes, pools and bounds [default: the built-in file].
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Only read the file, and exit.
    #[arg(long, requires = "config")]
    check: bool,
    /// Only tell what would be created and updated.
    #[arg(long)]
    dry_run: bool,
    /// Move jobs that lie where no node looks to where they are judged: those of a time before
    /// lanes had shards, and those whose consumer somebody has deleted.
    #[arg(long, conflicts_with = "dry_run")]
    move_jobs: bool,
    /// Remove consumers of lanes, pools and shards that the file has no more, where no job is left
    /// in them; restart the nodes afterwards.
    #[arg(long, conflicts_with = "dry_run")]
    remove_unused: bool,
    /// Print one JSON document on stdout and nothing else there.
    #[arg(long, conflicts_with = "check")]
    json: bool,
    #[command(flatten)]
    broker: BrokerArgs,
}

pub(crate) fn run(console: Console, args: &Args) -> Outcome {
    let Verb::Init(args) = &args.verb;
    let topology = match &args.config {
        Some(path) => Topology::load(path).map_err(Failure::input)?,
        None => Topology::built_in(),
    };
    if args.check {
        console.say("the file is valid")?;
        return Ok(Exit::Yes);
    }
    broker::block_on(async {
        let broker = args.broker.connect().await?;
        let compared = broker.compare(&topology).await.map_err(broker::failed)?;
        // It is said before it is done.
        for change in compared.iter().filter(|change| !args.dry_run && change.is_change()) {
            console.note(&change.before());
        }
        let changes = if args.dry_run {
            compared
        } else {
            broker.init(&topology).await.map_err(broker::failed)?
        };
        // Where there is no queue yet, no job lies anywhere.
        let to_make = args.dry_run && matches!(changes.first(), Some(Change::Created(_)));
        let jobs = if to_make { Jobs::default() } else { jobs(args, &broker).await? };
        let unused = if to_make { Vec::new() } else { unused(args, &topology, &broker).await? };
        if args.json {
            console.json(&document(args, &changes, &jobs, &unused))?;
        } else {
            for change in &changes {
                console.say(&if args.dry_run { change.before() } else { change.to_string() })?;
            }
            for one in unused.iter().filter(|one| one.removed) {
                let (lane, pool) = (&one.leftover.lane, &one.leftover.pool);
                console.say(&format!("removed consumers of lane {lane}, pool {pool}"))?;
            }
            if let Some(moved) = jobs.moved {
                console.say(&format!("moved {moved} jobs to where they are judged"))?;
            }
        }
        for one in unused.iter().filter(|one| !one.removed) {
            let Leftover { lane, pool, consumers, jobs } = &one.leftover;
            console.note(&format!(
                "minos: warning: {} consumers of lane {lane}, pool {pool} are in the file no more, \
                 with {jobs} jobs; where none is left, type: minos cluster init --remove-unused \
                 (with the same --config)",
                consumers.len()
            ));
        }
        if let Some(number) = jobs.misplaced.filter(|number| *number > 0) {
            console.note(&format!(
                "minos: warning: {number} jobs lie where no node looks, or wait to be buried; \
                 if it stays so, type: minos cluster init --move-jobs (with the same --config)"
            ));
        }
        Ok(Exit::Yes)
    })
}

/// What the file has no more.
struct Unused {
    leftover: Leftover,
    removed: bool,
}

/// It is told of, or removed.
async fn unused(
    args: &InitArgs,
    topology: &Topology,
    broker: &Broker,
) -> Result<Vec<Unused>, Failure> {
    let mut all = Vec::new();
    if args.remove_unused {
        let removed = broker.remove_leftovers(topology).await.map_err(broker::failed)?;
        all.extend(removed.into_iter().map(|leftover| Unused { leftover, removed: true }));
    }
    let left = broker.leftovers(topology).await.map_err(broker::failed)?;
    all.extend(left.into_iter().map(|leftover| Unused { leftover, removed: false }));
    Ok(all)
}

/// Jobs that lie where no node looks.
#[derive(Default)]
struct Jobs {
    misplaced: Option<u64>,
    moved: Option<u64>,
}

/// They are counted, or moved.
async fn jobs(args: &InitArgs, broker: &Broker) -> Result<Jobs, Failure> {
    if args.move_jobs {
        let moved = broker.move_misplaced().await.map_err(broker::failed)?;
        return Ok(Jobs { misplaced: None, moved: Some(moved) });
    }
    let misplaced = broker.misplaced().await.map_err(broker::failed)?;
    Ok(Jobs { misplaced: Some(misplaced), moved: None })
}

#[derive(Serialize)]
struct InitDocument<'a> {
    schema: &'static str,
    /// Whether it was done, or (`--dry-run`) only told.
    applied: bool,
    changes: Vec<ChangeDocument<'a>>,
    /// Jobs that lie where no node looks; null when they were moved, or there is no queue yet.
    misplaced_jobs: Option<u64>,
    moved_jobs: Option<u64>,
    /// Consumers that the file has no more.
    unused: Vec<UnusedDocument<'a>>,
}

#[derive(Serialize)]
struct UnusedDocument<'a> {
    lane: &'a str,
    pool: &'a str,
    consumers: &'a [String],
    jobs: u64,
    removed: bool,
}

#[derive(Serialize)]
struct ChangeDocument<'a> {
    what: &'a str,
    change: &'static str,
    settings: Vec<SettingDocument<'a>>,
}

#[derive(Serialize)]
struct SettingDocument<'a> {
    setting: &'static str,
    old: &'a str,
    new: &'a str,
}

fn document<'a>(
    args: &InitArgs,
    changes: &'a [Change],
    jobs: &Jobs,
    unused: &'a [Unused],
) -> InitDocument<'a> {
    let unused = unused.iter().map(|one| UnusedDocument {
        lane: one.leftover.lane.as_str(),
        pool: one.leftover.pool.as_str(),
        consumers: &one.leftover.consumers,
        jobs: one.leftover.jobs,
        removed: one.removed,
    });
    let change = |change: &'a Change| ChangeDocument {
        what: change.what(),
        change: match change {
            Change::Created(_) => "create",
            Change::Updated(..) => "update",
            Change::Unchanged(_) => "none",
        },
        settings: change
            .differences()
            .iter()
            .map(|one| SettingDocument { setting: one.setting, old: &one.old, new: &one.new })
            .collect(),
    };
    InitDocument {
        schema: "minos.cluster-init/1",
        applied: !args.dry_run,
        changes: changes.iter().map(change).collect(),
        misplaced_jobs: jobs.misplaced,
        moved_jobs: jobs.moved,
        unused: unused.collect(),
    }
}
