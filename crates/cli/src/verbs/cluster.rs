//! `minos cluster init`: the shape of a cluster, created or updated at its broker.

use std::path::PathBuf;

use clap::Subcommand;
use minos_queue::{Broker, Change, Topology};

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
        for change in &compared {
            if args.dry_run {
                console.say(&change.before())?;
            } else if change.is_change() {
                console.note(&change.before());
            }
        }
        if !args.dry_run {
            for change in &broker.init(&topology).await.map_err(broker::failed)? {
                console.say(&change.to_string())?;
            }
        } else if compared.first().is_some_and(|jobs| matches!(jobs, Change::Created(_))) {
            return Ok(Exit::Yes);
        }
        misplaced(console, args, &broker).await?;
        Ok(Exit::Yes)
    })
}

/// Jobs that lie where no node looks are told of, or moved.
async fn misplaced(console: Console, args: &InitArgs, broker: &Broker) -> Result<(), Failure> {
    if args.move_jobs {
        let moved = broker.move_misplaced().await.map_err(broker::failed)?;
        console.say(&format!("moved {moved} jobs to where they are judged"))?;
        return Ok(());
    }
    let number = broker.misplaced().await.map_err(broker::failed)?;
    if number > 0 {
        console.note(&format!(
            "minos: warning: {number} jobs lie where no node looks, or wait to be buried; \
             if it stays so, type: minos cluster init --move-jobs (with the same --config)"
        ));
    }
    Ok(())
}
