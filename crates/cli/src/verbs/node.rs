//! `minos node`: a production node.

use std::path::PathBuf;

use minos_node::{Node, NodeConfig, logs};
use minos_queue::Broker;

use super::serve::{self, Signals};
use crate::broker;
use crate::console::Console;
use crate::exit::{Exit, Failure, Outcome};

/// A production node; SIGTERM drains, a second SIGTERM stops at once.
///
/// The cluster must have been created with `minos cluster init`; nodes only bind to it.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    minos node --config /etc/minos/node.toml\n  \
    minos node --config node.toml --nats nats://node:secret@broker:4222\n  \
    minos node --config node.toml --check      only read the file, and exit\n\n\
    Exit codes: 0 it was told to end and has, 2 the file is wrong, 3 broker or boxes are not to be had.")]
pub(crate) struct Args {
    /// The annotated example is cluster-config/node.toml.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// The broker's address, in the place of the file's.
    #[arg(long, value_name = "URL", env = "MINOS_NATS_URL")]
    nats: Option<String>,
    /// The file with this node's credentials, in the place of the file's.
    #[arg(long, value_name = "FILE")]
    creds: Option<PathBuf>,
    /// Only read the file, and exit.
    #[arg(long)]
    check: bool,
}

pub(crate) fn run(console: Console, args: &Args) -> Outcome {
    // A variable that is set to nothing is not set.
    let nats = args.nats.as_deref().filter(|url| !url.is_empty());
    let config = NodeConfig::load(&args.config)
        .and_then(|config| config.with_broker(nats, args.creds.as_deref()))
        .map_err(Failure::input)?;
    if args.check {
        config.languages().map_err(Failure::input)?;
        console.say("the file is valid")?;
        return Ok(Exit::Yes);
    }
    let people = (config.logs().format == logs::Format::Text).then_some(console);
    logs::init(config.logs()).map_err(Failure::input)?;
    broker::block_on(async {
        let mut signals = Signals::catch()?;
        let broker = Broker::connect(config.broker()).await.map_err(broker::failed)?;
        let mut node = Node::start(config, broker).await.map_err(|error| serve::failed(&error))?;
        serve::until_stopped(people, &mut node, &mut signals).await
    })
}
