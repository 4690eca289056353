//! The network between a node and its broker, cut in both directions or in one.
//!
//! The node reaches its broker through a relay of the test. While a direction is cut its bytes lie
//! still, as they do in a network that drops every packet; when it is mended they arrive late.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;

use crate::world::{NAP, World};

/// Which directions are cut.
#[derive(Debug, Clone, Copy, Default)]
struct Cut {
    to_broker: bool,
    to_node: bool,
}

/// The relay; its threads end with the connections they carry.
struct Relay {
    address: String,
    cut: Arc<(Mutex<Cut>, Condvar)>,
}

impl Relay {
    fn to(broker: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        let cut: Arc<(Mutex<Cut>, Condvar)> = Arc::default();
        let (broker, shared) = (broker.to_owned(), Arc::clone(&cut));
        thread::spawn(move || {
            for node in listener.incoming() {
                let (Ok(node), Ok(broker)) = (node, TcpStream::connect(&broker)) else { continue };
                let (Ok(node_too), Ok(broker_too)) = (node.try_clone(), broker.try_clone()) else {
                    continue;
                };
                let (up, down) = (Arc::clone(&shared), Arc::clone(&shared));
                thread::spawn(move || carry(node, broker, &up, |cut| cut.to_broker));
                thread::spawn(move || carry(broker_too, node_too, &down, |cut| cut.to_node));
            }
        });
        Self { address, cut }
    }

    fn set(&self, cut: Cut) {
        *self.cut.0.lock().expect("nobody panics with it") = cut;
        self.cut.1.notify_all();
    }
}

fn carry(
    mut from: TcpStream,
    mut to: TcpStream,
    cut: &(Mutex<Cut>, Condvar),
    is_cut: fn(&Cut) -> bool,
) {
    let mut bytes = [0; 16 * 1024];
    while let Ok(read @ 1..) = from.read(&mut bytes) {
        let held = cut.0.lock().expect("nobody panics with it");
        drop(cut.1.wait_while(held, |cut| is_cut(cut)).expect("nobody panics with it"));
        if to.write_all(&bytes[..read]).is_err() {
            break;
        }
    }
    from.shutdown(Shutdown::Both).ok();
    to.shutdown(Shutdown::Both).ok();
}

/// Cuts a node off while it judges; another one takes its job; the cut is mended.
fn cut_off(name: &str, cut: Cut) {
    let mut world = World::new(name);
    let relay = Relay::to(&world.broker.address);
    let far = world.node_at("far", 0, &format!("nats://{}", relay.address));
    world.nodes(1);
    world.submit("held", NAP, "AC");
    world.until_testing("held");
    relay.set(cut);
    world.submit_some("s", 5);
    let near = world.node("near", 1);
    let held = world.judged("held");
    assert_eq!((&held["node"], &held["attempt"]), (&"near".into(), &2.into()), "{held}");
    for index in 0..5 {
        assert_eq!(world.judged(&format!("s{index}"))["node"], "near");
    }
    relay.set(Cut::default());
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
    cut_off("cut-both", Cut { to_broker: true, to_node: true });
}

#[test]
fn a_node_that_hears_and_is_not_heard_changes_nothing_when_it_is() {
    cut_off("cut-up", Cut { to_broker: true, to_node: false });
}

#[test]
fn a_node_that_is_heard_and_does_not_hear_has_its_verdict_counted_once() {
    let mut world = World::new("cut-down");
    let relay = Relay::to(&world.broker.address);
    let far = world.node_at("far", 0, &format!("nats://{}", relay.address));
    world.nodes(1);
    world.submit("held", NAP, "AC");
    world.until_testing("held");
    relay.set(Cut { to_broker: false, to_node: true });
    // Its verdict arrives, and it does not know: it tries again and keeps its lease meanwhile.
    let held = world.judged("held");
    assert_eq!((&held["node"], &held["attempt"]), (&"far".into(), &1.into()), "{held}");
    world.submit_some("s", 5);
    let near = world.node("near", 1);
    for index in 0..5 {
        world.judged(&format!("s{index}"));
    }
    relay.set(Cut::default());
    world.submit_some("late", 5);
    world.audit();
    assert_eq!(world.judged("held"), held);
    far.end();
    near.end();
}
