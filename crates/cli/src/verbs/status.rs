//! `minos status`: nodes, slots, lanes, dead letters.

use minos_queue::{ClusterStatus, LaneStatus, NodeState};
use serde::Serialize;

use crate::broker::{self, BrokerArgs};
use crate::console::{Colour, Console};
use crate::exit::{Exit, Failure, Outcome};

/// Nodes, slots, lanes (pending, in flight, oldest) and dead letters.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  minos status\n  minos status --json\n\n\
    Exit codes: 0 broker and at least one node answer, 3 not yet.")]
pub(crate) struct Args {
    /// Print one JSON document on stdout and nothing else there.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    broker: BrokerArgs,
}

#[derive(Serialize)]
struct StatusDocument {
    schema: &'static str,
    nodes: Vec<NodeDocument>,
    lanes: Vec<LaneDocument>,
    dead: u64,
}

#[derive(Serialize)]
struct NodeDocument {
    node: String,
    pool: String,
    slots: u32,
    busy: u32,
    quarantined: u32,
    draining: bool,
    isolation: &'static str,
    version: String,
    judged: u64,
    started_ms: u64,
    beat_ms: u64,
}

#[derive(Serialize)]
struct LaneDocument {
    lane: String,
    pool: String,
    pending: u64,
    in_flight: u64,
    idle_slots_waiting: u64,
    oldest_ms: Option<u64>,
}

pub(crate) fn run(console: Console, args: &Args) -> Outcome {
    broker::block_on(async {
        let broker = args.broker.connect().await?;
        let status = broker.status().await.map_err(broker::failed)?;
        if args.json {
            console.json(&document(&status))?;
        } else {
            console.say(&in_words(console, &status))?;
        }
        if status.nodes.is_empty() {
            return Err(Failure::environment(
                "the broker answers, but no node does yet (type: minos up, or minos node --config FILE)",
            ));
        }
        Ok(Exit::Yes)
    })
}

fn document(status: &ClusterStatus) -> StatusDocument {
    let node = |state: &NodeState| NodeDocument {
        node: state.node.to_string(),
        pool: state.pool.to_string(),
        slots: state.slots,
        busy: state.busy,
        quarantined: state.quarantined,
        draining: state.draining,
        isolation: state.isolation.as_str(),
        version: state.version.clone(),
        judged: state.judged,
        started_ms: state.started_ms,
        beat_ms: state.beat_ms,
    };
    let lane = |lane: &LaneStatus| LaneDocument {
        lane: lane.lane.to_string(),
        pool: lane.pool.to_string(),
        pending: lane.pending,
        in_flight: lane.in_flight,
        idle_slots_waiting: lane.waiting,
        oldest_ms: lane.oldest.map(|age| u64::try_from(age.as_millis()).unwrap_or(u64::MAX)),
    };
    StatusDocument {
        schema: "minos.status/1",
        nodes: status.nodes.iter().map(node).collect(),
        lanes: status.lanes.iter().map(lane).collect(),
        dead: status.dead,
    }
}

fn in_words(console: Console, status: &ClusterStatus) -> String {
    let mut lines = vec![format!(
        "{:<20} {:<10} {:>6} {:>5} {:>8}  {}",
        "node", "pool", "slots", "busy", "judged", "isolation"
    )];
    for node in &status.nodes {
        let mut line = format!(
            "{:<20} {:<10} {:>6} {:>5} {:>8}  {}",
            node.node.as_str(),
            node.pool.as_str(),
            node.slots,
            node.busy,
            node.judged,
            node.isolation
        );
        if node.draining {
            line.push_str(&console.paint(Colour::Yellow, "  draining"));
        }
        if node.quarantined > 0 {
            let text = format!("  {} slots quarantined", node.quarantined);
            line.push_str(&console.paint(Colour::Red, &text));
        }
        lines.push(line);
    }
    lines.push(format!(
        "{:<20} {:<10} {:>7} {:>9}  {}",
        "lane", "pool", "pending", "in flight", "oldest"
    ));
    for lane in &status.lanes {
        let oldest =
            lane.oldest.map_or_else(|| "-".to_owned(), |age| format!("{:.1} s", age.as_secs_f64()));
        lines.push(format!(
            "{:<20} {:<10} {:>7} {:>9}  {oldest}",
            lane.lane.as_str(),
            lane.pool.as_str(),
            lane.pending,
            lane.in_flight
        ));
    }
    let colour = if status.dead == 0 { Colour::Dim } else { Colour::Red };
    lines.push(console.paint(colour, &format!("dead letters: {}", status.dead)));
    lines.join("\n")
}
