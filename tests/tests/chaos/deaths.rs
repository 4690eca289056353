//! Processes that die, freeze and come back.

use std::process::Command;
use std::time::Duration;

use crate::left;
use crate::node::alive;
use crate::support::eventually;
use crate::world::{NAP, SLEEP, World};

#[test]
fn a_node_that_is_killed_costs_one_delivery_and_leaves_nothing_behind() {
    let mut world = World::new("kill-node");
    let first = world.node("first", 0);
    world.nodes(1);
    world.submit("held", NAP, "AC");
    world.until_testing("held");
    let life = first.life();
    assert!(!left::groups(&life).is_empty(), "a node has groups, and they carry its number");
    let left = first.kill();
    assert!(left.len() >= 3, "node, warden and program: {left:?}");
    eventually(Duration::from_secs(20), "nothing of it runs", || {
        alive(&left).is_empty().then_some(())
    });
    world.submit_some("s", 4);
    let second = world.node("second", 1);
    let held = world.judged("held");
    assert_eq!((&held["node"], &held["attempt"]), (&"second".into(), &2.into()), "{held}");
    // The same node again, over what its last life has left.
    let first = world.node("first", 0);
    world.nodes(2);
    eventually(Duration::from_secs(20), "the groups of its last life are swept", || {
        left::groups(&life).is_empty().then_some(())
    });
    assert_eq!(left::mounts(), [""; 0], "mounts of boxes go with the warden they belong to");
    world.submit_some("again", 4);
    world.audit();
    first.end();
    second.end();
}

#[test]
fn sigterm_lets_what_runs_end_within_the_configured_time_and_hands_back_what_does_not() {
    let mut world = World::new("sigterm");
    let patient = world.node("patient", 0);
    world.nodes(1);
    world.submit("ends", NAP, "AC");
    world.until_testing("ends");
    patient.end();
    let ends = world.judged("ends");
    assert_eq!((&ends["node"], &ends["attempt"]), (&"patient".into(), &1.into()), "{ends}");

    let hasty = world.node_with_grace("hasty", 1, "1s");
    world.submit("lasts", SLEEP, "AC");
    world.until_testing("lasts");
    world.submit_some("s", 3);
    hasty.end();
    assert_eq!(world.verdict("lasts"), None, "it was handed back");
    let other = world.node("other", 2);
    let lasts = world.judged("lasts");
    assert_eq!((&lasts["node"], &lasts["attempt"]), (&"other".into(), &2.into()), "{lasts}");
    world.audit();
    other.end();
}

/// As in a container without an init of its own.
#[test]
fn a_node_that_is_the_first_process_of_its_namespace_reaps_the_orphans_that_come_to_it() {
    let mut world = World::new("first-process");
    let node = world.node_as_first_process("first", 0);
    world.nodes(1);
    let first = node.first_child();
    let namespace = [format!("--target={first}"), "--pid".to_owned(), "--mount".to_owned()];
    // Its child outlives it, and ends.
    let orphan = ["--", "sh", "-c", "sleep 0.1 &"].map(str::to_owned);
    let made = Command::new("nsenter").args(namespace).args(orphan).status();
    assert!(made.is_ok_and(|made| made.success()));
    eventually(Duration::from_secs(30), "the orphan is reaped", || {
        node.log().contains("orphans that came to this process were reaped").then_some(())
    });
    world.submit_some("s", 3);
    world.audit();
    node.end_by(first);
}

#[test]
fn a_broker_that_is_killed_twice_loses_nothing_it_acknowledged() {
    let mut world = World::new("kill-broker");
    let node = world.node("first", 0);
    world.nodes(1);
    for round in 0..2 {
        world.submit(&format!("held{round}"), NAP, "AC");
        world.submit_some(&format!("s{round}-"), 6);
        world.until_testing(&format!("held{round}"));
        world.broker.kill();
        world.broker.restart();
        world.submit_some(&format!("t{round}-"), 3);
    }
    world.audit();
    node.end();
}

#[test]
fn a_node_that_freezes_past_its_lease_changes_nothing_when_it_comes_back() {
    let mut world = World::new("freeze");
    let frozen = world.node("frozen", 0);
    world.nodes(1);
    world.submit("held", NAP, "AC");
    world.until_testing("held");
    frozen.signal_all("STOP");
    let other = world.node("other", 1);
    let held = world.judged("held");
    assert_eq!((&held["node"], &held["attempt"]), (&"other".into(), &2.into()), "{held}");
    frozen.signal_all("CONT");
    world.nodes(2);
    // Its late verdict is refused and its late acknowledgement meets a job that is done; whoever
    // takes these, both nodes work.
    world.submit_some("s", 6);
    world.audit();
    assert_eq!(world.judged("held"), held, "a stale node has changed a verdict");
    frozen.end();
    other.end();
    assert_eq!(world.judged("held"), held);
}

#[test]
fn the_same_submission_sent_again_and_again_is_judged_once_whoever_listens() {
    let mut world = World::new("again");
    // Somebody follows the results and never reads a byte of them.
    let deaf = std::net::TcpStream::connect(&world.broker.address).expect("the broker");
    let listen = b"CONNECT {\"verbose\":false}\r\nSUB results.> 1\r\n";
    std::io::Write::write_all(&mut &deaf, listen).expect("the broker");
    world.submit("twice", NAP, "AC");
    world.submit("twice", NAP, "AC");
    let node = world.node("first", 0);
    world.until_testing("twice");
    world.submit("twice", NAP, "AC");
    let verdict = world.judged("twice");
    // After its end the subject is free again: it is judged again, and its second verdict refused.
    eventually(Duration::from_secs(20), "it is done", || {
        (world.broker.messages("JOBS")? == 0).then_some(())
    });
    world.submit("twice", NAP, "AC");
    world.submit_some("s", 6);
    world.audit();
    assert_eq!(world.judged("twice"), verdict);
    node.end();
}
