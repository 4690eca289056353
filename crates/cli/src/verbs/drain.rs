//! `minos drain` and `minos resume`: whether a node pulls.

use minos_model::NodeId;

use crate::broker::{self, BrokerArgs};
use crate::console::Console;
use crate::exit::{Exit, Failure, Outcome};

/// Stop a node from pulling; what it holds is finished.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  minos drain judge-07")]
pub(crate) struct DrainArgs {
    /// The node, as `minos status` names it.
    node: NodeId,
    #[command(flatten)]
    broker: BrokerArgs,
}

/// Let a drained node pull again.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  minos resume judge-07")]
pub(crate) struct ResumeArgs {
    /// The node, as `minos status` names it.
    node: NodeId,
    #[command(flatten)]
    broker: BrokerArgs,
}

pub(crate) fn drain(console: Console, args: &DrainArgs) -> Outcome {
    set(console, &args.broker, &args.node, true)
}

pub(crate) fn resume(console: Console, args: &ResumeArgs) -> Outcome {
    set(console, &args.broker, &args.node, false)
}

fn set(console: Console, broker: &BrokerArgs, node: &NodeId, drained: bool) -> Outcome {
    broker::block_on(async {
        let broker = broker.connect().await?;
        let nodes = broker.nodes().await.map_err(broker::failed)?;
        if !nodes.iter().any(|state| state.node == *node) {
            let known: Vec<&str> = nodes.iter().map(|state| state.node.as_str()).collect();
            let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            return Err(Failure::input(format!(
                "node {node} does not beat; those that do: {known}"
            )));
        }
        broker.set_drain(node, drained).await.map_err(broker::failed)?;
        let word = if drained { "drains: it finishes what it holds" } else { "pulls again" };
        console.say(&format!("node {node} {word}"))?;
        Ok(Exit::Yes)
    })
}
