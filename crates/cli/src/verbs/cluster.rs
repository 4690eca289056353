//! `minos cluster init`: the shape of a cluster, created or updated at its broker.

use std::path::PathBuf;

use clap::Subcommand;
use minos_queue::Topology;

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
    minos cluster init                 the built-in shape, at the broker of ./.minos")]
struct InitArgs {
    /// The lanes, pools and bounds [default: the built-in file].
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Only read the file, and exit.
    #[arg(long, requires = "config")]
    check: bool,
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
        let changes = broker.init(&topology).await.map_err(broker::failed)?;
        for change in &changes {
            console.say(&change.to_string())?;
        }
        Ok(Exit::Yes)
    })
}
