//! Every mistake of a `cluster.toml` is told at once.

use super::*;

#[test]
fn the_built_in_file_is_read() {
    let topology = Topology::built_in();
    let lanes: Vec<_> = topology.lanes.iter().map(|lane| lane.lane.to_string()).collect();
    assert_eq!(lanes, ["contest", "practice", "rejudge"]);
    assert_eq!(topology.pools, ["any".parse().unwrap()]);
    assert_eq!(topology.ack_wait, Duration::from_secs(20));
    assert_eq!((topology.max_deliver, topology.max_waiting), (5, 8192));
}

#[test]
fn every_mistake_is_reported_at_once_with_its_key() {
    let text = BUILT_IN
        .replace("replicas = 1", "replicas = 2")
        .replace("ack_wait = \"20s\"", "ack_wait = \"20\"")
        .replace("tenant_shards = 16", "tenant_shards = 65")
        .replace("weight = 8", "weight = 0")
        .replace("name = \"practice\"", "name = \"contest\"")
        .replace("[streams.dead]", "[streams.dead]\nmax_bites = 1")
        .replace("\npools = ", "\ncolour = 1\npools = ");
    let error = Topology::parse("c.toml", &text).unwrap_err();
    for expected in [
        "replicas: 2 is none of 1, 3, 5",
        "delivery.ack_wait: `20` is not a time",
        "delivery.tenant_shards: not within 1 and 64",
        "lane[0].weight: 0 is less than 1",
        "the consumers `contest-any-N`",
        "streams.dead.max_bites: unknown field `max_bites`",
        "colour: unknown key",
    ] {
        let found = error.mistakes.iter().any(|mistake| mistake.contains(expected));
        assert!(found, "{expected} is not in {:#?}", error.mistakes);
    }
    assert!(error.to_string().starts_with("c.toml: "), "{error}");
}

#[test]
fn a_file_that_is_no_toml_or_empty_is_refused() {
    let error = Topology::parse("c.toml", "replicas = ").unwrap_err();
    assert_eq!(error.mistakes.len(), 1, "{error}");
    let error = Topology::parse("c.toml", "").unwrap_err();
    assert!(error.mistakes.len() >= 10, "{:#?}", error.mistakes);
}
