//! The network between a node and its broker, cut in both directions or in one.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;

use crate::namespace::{Cut, Network};
use crate::world::{NAP, World};

/// Cuts a node off while it judges; another one takes its jobs; the cut is mended.
fn cut_off(name: &str, cut: Cut) {
    let network = Network::new();
    let mut world = World::at(name, &network.here.to_string());
    let far = world.node_in(&network, "far", 0);
    world.nodes(1);
    world.submit("held", NAP, "AC");
    world.until_testing("held");
    network.cut(cut);
    world.submit_some("s", 5);
    let near = world.node("near", 1);
    let held = world.judged("held");
    // What a node sends that hears nothing may arrive, and is its verdict then.
    let by = (held["node"].as_str().expect("a node"), held["attempt"].as_u64().expect("a number"));
    let right: &[_] = if cut == Cut::ToNode { &[("near", 2), ("far", 1)] } else { &[("near", 2)] };
    assert!(right.contains(&by), "{held}");
    for index in 0..5 {
        assert_eq!(world.judged(&format!("s{index}"))["node"], "near");
    }
    network.mend();
    world.nodes(2);
    world.submit_some("late", 5);
    world.audit();
    assert_eq!(world.judged("held"), held, "a stale node has changed a verdict");
    far.end();
    near.end();
    assert_eq!(world.judged("held"), held);
}

#[test]
fn a_node_that_is_cut_off_both_ways_changes_nothing_when_it_comes_back() {
    cut_off("cut-both", Cut::BothWays);
}

#[test]
fn a_node_that_hears_and_is_not_heard_changes_nothing_when_it_is() {
    cut_off("cut-up", Cut::FromNode);
}

/// Nothing that it sends is confirmed to it, so that little more than what was under way arrives.
#[test]
fn a_node_whose_packets_alone_arrive_changes_nothing_when_it_hears_again() {
    cut_off("cut-down", Cut::ToNode);
}

/// A relay that confirms every byte, as a proxy does, and does not pass on what the broker says
/// while it is held.
struct Relay {
    address: String,
    held: Arc<(Mutex<bool>, Condvar)>,
}

impl Relay {
    /// Its threads end with the connections they carry.
    fn to(broker: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        let held: Arc<(Mutex<bool>, Condvar)> = Arc::default();
        let (broker, shared) = (broker.to_owned(), Arc::clone(&held));
        thread::spawn(move || {
            for node in listener.incoming() {
                let (Ok(node), Ok(broker)) = (node, TcpStream::connect(&broker)) else { continue };
                let (Ok(node_too), Ok(broker_too)) = (node.try_clone(), broker.try_clone()) else {
                    continue;
                };
                let shared = Arc::clone(&shared);
                thread::spawn(move || carry(node, broker, || ()));
                thread::spawn(move || {
                    carry(broker_too, node_too, || {
                        let held = shared.0.lock().expect("nobody panics with it");
                        drop(shared.1.wait_while(held, |held| *held));
                    });
                });
            }
        });
        Self { address, held }
    }

    fn hold(&self, held: bool) {
        *self.held.0.lock().expect("nobody panics with it") = held;
        self.held.1.notify_all();
    }
}

fn carry(mut from: TcpStream, mut to: TcpStream, wait: impl Fn()) {
    let mut bytes = [0; 16 * 1024];
    while let Ok(read @ 1..) = from.read(&mut bytes) {
        wait();
        if to.write_all(&bytes[..read]).is_err() {
            break;
        }
    }
    from.shutdown(Shutdown::Both).ok();
    to.shutdown(Shutdown::Both).ok();
}

#[test]
fn a_node_that_is_heard_and_does_not_hear_has_its_verdict_counted_once() {
    let mut world = World::new("cut-relay");
    let relay = Relay::to(&world.broker.address);
    let far = world.node_at("far", 0, &format!("nats://{}", relay.address));
    world.nodes(1);
    world.submit("held", NAP, "AC");
    world.until_testing("held");
    relay.hold(true);
    // Its verdict arrives, and it does not know: it tries again and keeps its lease meanwhile.
    let held = world.judged("held");
    assert_eq!((&held["node"], &held["attempt"]), (&"far".into(), &1.into()), "{held}");
    world.submit_some("s", 5);
    let near = world.node("near", 1);
    for index in 0..5 {
        world.judged(&format!("s{index}"));
    }
    relay.hold(false);
    world.submit_some("late", 5);
    world.audit();
    assert_eq!(world.judged("held"), held);
    far.end();
    near.end();
}
