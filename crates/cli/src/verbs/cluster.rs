//! `minos cluster init`: the shape of a cluster, created or updated at its broker.

use std::path::PathBuf;

use clap::Subcommand;
use minos_queue::{Broker, Change, Topology};
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
        if args.json {
            console.json(&document(args, &changes, &jobs))?;
        } else {
            for change in &changes {
                console.say(&if args.dry_run { change.before() } else { change.to_string() })?;
            }
            if let Some(moved) = jobs.moved {
                console.say(&format!("moved {moved} jobs to where they are judged"))?;
            }
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

fn document<'a>(args: &InitArgs, changes: &'a [Change], jobs: &Jobs) -> InitDocument<'a> {
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
    }
}
