//! Control groups that break under a node while it works.

use std::fs;
use std::time::Duration;

use serde_json::Value;

use crate::left;
use crate::node::Node;
use crate::support::eventually;
use crate::world::{NAP, World};

/// Freezes whatever is in the groups of a node's boxes, or thaws it: no box can be made any more, and
/// none that is ready takes its job.
fn freeze(node: &Node, frozen: bool) {
    let groups = left::groups(&node.life());
    let switches: Vec<_> = groups.iter().map(|group| group.join("cgroup.freeze")).collect();
    let switches: Vec<_> = switches.iter().filter(|switch| switch.exists()).collect();
    assert!(!switches.is_empty(), "no tree of version 2 on this machine: {groups:?}");
    for switch in switches {
        fs::write(switch, if frozen { "1" } else { "0" }).expect("the switch is ours");
    }
}

#[test]
fn a_node_whose_groups_break_hands_out_no_verdicts_and_takes_no_jobs_until_they_are_mended() {
    let mut world = World::new("groups");
    let broken = world.node("broken", 0);
    world.nodes(1);
    world.submit_some("before", 3);
    for index in 0..3 {
        world.judged(&format!("before{index}"));
    }
    freeze(&broken, true);
    world.submit("held", NAP, "AC");
    eventually(Duration::from_secs(60), "it is taken", || {
        let status = world.broker.status();
        let lanes = status["lanes"].as_array().expect("lanes").iter();
        let in_flight: u64 = lanes.filter_map(|lane| lane["in_flight"].as_u64()).sum();
        (in_flight > 0).then_some(())
    });
    let sound = world.node("sound", 1);
    let held = world.judged("held");
    assert_eq!((&held["node"], &held["verdict"]), (&"sound".into(), &"AC".into()), "{held}");
    assert!(held["attempt"].as_u64().is_some_and(|attempt| attempt >= 2), "{held}");
    let state = |name: &str, is: &dyn Fn(&Value) -> bool| {
        eventually(Duration::from_secs(120), &format!("the state of {name}"), || {
            let status = world.broker.status();
            let nodes = status["nodes"].as_array().expect("nodes").iter();
            nodes.filter(|node| node["node"] == name).any(is).then_some(())
        });
    };
    state("broken", &|node| node["ready"] == false && node["busy"] == 0);
    state("sound", &|node| node["ready"] == true);
    freeze(&broken, false);
    state("broken", &|node| node["ready"] == true);
    world.submit_some("after", 6);
    world.audit();
    broken.end();
    sound.end();
}
