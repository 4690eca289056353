//! `minos status`: nodes, slots, lanes, verdicts, dead letters, at one moment.

use std::collections::BTreeMap;
use std::time::Duration;

use minos_queue::{ClusterStatus, LaneStatus, NodeState, RECENT};
use serde::Serialize;

use crate::broker::{self, BrokerArgs};
use crate::console::{Colour, Console};
use crate::exit::{Exit, Failure, Outcome};

/// Nodes, slots, lanes (pending, in flight, oldest), verdicts of the last minutes, dead letters.
///
/// Slot by slot: # judges, . is idle, s starts, Q is quarantined, - has left. `idle` are the slots of
/// the pool that wait for work.
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

/// Slots that are drawn one by one.
const SLOTS_SHOWN: usize = 64;

#[derive(Serialize)]
struct StatusDocument {
    schema: &'static str,
    nodes: Vec<NodeDocument>,
    lanes: Vec<LaneDocument>,
    /// Verdicts stored by these nodes within the last `recent_s` seconds, by name.
    recent: BTreeMap<String, u64>,
    recent_s: u64,
    dead: u64,
}

#[derive(Serialize)]
struct NodeDocument {
    node: String,
    pool: String,
    slots: u32,
    busy: u32,
    quarantined: u32,
    states: Vec<String>,
    ready: bool,
    unready: Vec<String>,
    draining: bool,
    restarts: u64,
    recent: BTreeMap<String, u64>,
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
        states: state.states.clone(),
        ready: state.unready.is_empty(),
        unready: state.unready.clone(),
        draining: state.draining,
        restarts: state.restarts,
        recent: state.recent.clone(),
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
        recent: recent(status),
        recent_s: RECENT.as_secs(),
        dead: status.dead,
    }
}

/// The verdicts of the last minutes over all nodes.
pub(super) fn recent(status: &ClusterStatus) -> BTreeMap<String, u64> {
    let mut sum = BTreeMap::new();
    for (verdict, count) in status.nodes.iter().flat_map(|node| &node.recent) {
        *sum.entry(verdict.clone()).or_default() += count;
    }
    sum
}

/// The page for people; also a frame of `minos top`.
pub(super) fn in_words(console: Console, status: &ClusterStatus) -> String {
    let mut lines = vec![format!(
        "{:<20} {:<8} {:<14} {:>5} {:>8} {:>8}  {}",
        "node", "pool", "isolation", "slots", "judged", "restarts", "slot by slot"
    )];
    for node in &status.nodes {
        lines.push(format!(
            "{:<20} {:<8} {:<14} {:>5} {:>8} {:>8}  {}",
            node.node.as_str(),
            node.pool.as_str(),
            node.isolation.as_str(),
            node.slots,
            node.judged,
            node.restarts,
            slots(console, node),
        ));
        for why in &node.unready {
            lines.push(console.paint(Colour::Yellow, &format!("  not ready: {why}")));
        }
    }
    if status.nodes.is_empty() {
        lines.push(console.paint(Colour::Red, "no node beats"));
    }
    lines.push(format!(
        "{:<20} {:<8} {:>9} {:>9} {:>9} {:>6}",
        "lane", "pool", "pending", "in flight", "oldest", "idle"
    ));
    for lane in &status.lanes {
        let oldest = lane.oldest.map_or_else(|| "-".to_owned(), age);
        lines.push(format!(
            "{:<20} {:<8} {:>9} {:>9} {oldest:>9} {:>6}",
            lane.lane.as_str(),
            lane.pool.as_str(),
            lane.pending,
            lane.in_flight,
            lane.waiting
        ));
    }
    let counts: Vec<String> =
        recent(status).into_iter().map(|(verdict, count)| format!("{verdict} {count}")).collect();
    let counts = if counts.is_empty() { "none".to_owned() } else { counts.join("  ") };
    lines.push(format!("verdicts of the last {} min: {counts}", RECENT.as_secs() / 60));
    let colour = if status.dead == 0 { Colour::Dim } else { Colour::Red };
    lines.push(console.paint(colour, &format!("dead letters: {}", status.dead)));
    lines.join("\n")
}

/// A letter for each slot; after a few dozen only the numbers.
fn slots(console: Console, node: &NodeState) -> String {
    let mut text = String::new();
    for state in node.states.iter().take(SLOTS_SHOWN) {
        let letter = match state.as_str() {
            "busy" => console.paint(Colour::Green, "#"),
            "idle" => ".".to_owned(),
            "starting" => console.paint(Colour::Yellow, "s"),
            "quarantined" => console.paint(Colour::Red, "Q"),
            _ => "-".to_owned(),
        };
        text.push_str(&letter);
    }
    text.extend([format!(" {} busy", node.busy)]);
    if node.quarantined > 0 {
        let quarantined = format!(", {} quarantined", node.quarantined);
        text.push_str(&console.paint(Colour::Red, &quarantined));
    }
    if node.draining {
        text.push_str(&console.paint(Colour::Yellow, ", draining"));
    }
    text
}

/// How long ago, short.
fn age(age: Duration) -> String {
    match age.as_secs() {
        0..60 => format!("{:.1} s", age.as_secs_f64()),
        60..7_200 => format!("{} min", age.as_secs() / 60),
        seconds => format!("{} h", seconds / 3_600),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_short() {
        for (seconds, text) in
            [(0, "0.0 s"), (59, "59.0 s"), (60, "1 min"), (7_199, "119 min"), (7_200, "2 h")]
        {
            assert_eq!(age(Duration::from_secs(seconds)), text);
        }
    }
}
