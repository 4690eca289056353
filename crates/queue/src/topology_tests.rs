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
        .replace("pools = [\"any\"]", "pools = [\"any\", 5, \"a b\"]\ncolour = 1")
        .replace("weight = 8", "weight = 0\nheavy = 1")
        .replace("name = \"practice\"", "name = \"contest\"")
        .replace("name = \"rejudge\"", "name = true")
        .replace("ack_wait = \"20s\"", "ack_wait = 20")
        .replace("max_deliver = 5", "max_deliver = \"five\"")
        .replace("max_in_flight = 20000", "")
        .replace("max_waiting = 8192", "max_waiting = 0")
        .replace("tenant_shards = 16", "tenant_shards = 65")
        .replace("beat_ttl = \"15s\"", "beat_ttl = \"15 parsecs\"")
        .replace("max_bytes = \"64MiB\"", "max_bytes = \"64\"\nmax_bites = 1")
        .replace("max_messages = 100000", "max_messages = -1")
        .replace("max_age = \"10m\"", "max_age = 10")
        .replace("max_bytes = \"512MiB\"", "max_bytes = \"1023KiB\"")
        .replace("[streams.builds]", "[streams.built]");
    let error = Topology::parse("c.toml", &text).unwrap_err();
    let expected = [
        "replicas: 2 is none of 1, 3, 5",
        "pools[1]: expected names such as [\"any\"], not a whole number",
        "pools[2]: pool `a b`",
        "lane[0].weight: expected a whole number from 1 to 1000000, not 0",
        "lane[0].heavy: unknown key; there are name, weight",
        "lane[2].name: expected a name, not true or false",
        "lane: two lanes or pools make the consumers `contest-any-N`",
        "delivery.ack_wait: expected a time such as `20s`, not a whole number",
        "delivery.max_deliver: expected a whole number from 2 to 1000, not a text",
        "delivery.max_in_flight: missing",
        "delivery.max_waiting: expected a whole number from 1 to",
        "delivery.tenant_shards: expected a whole number from 1 to 64, not 65",
        "nodes.beat_ttl: `15 parsecs` is not a time (write it like `2s`",
        "streams.events.max_bites: unknown key; there are max_bytes, max_messages, max_age",
        "streams.events.max_messages: expected a whole number from 0 to 4294967295, not -1",
        "streams.events.max_age: expected a time such as `20s`, not a whole number",
        "streams.events.max_bytes: 64 B is less than 1 MiB",
        "streams.dead.max_bytes: 1023 KiB is less than 1 MiB",
        "streams.builds.max_bytes: missing",
        "streams.built: unknown key; there are jobs, results",
        "colour: unknown key; there are replicas, pools, lane, delivery, nodes, streams",
    ];
    for expected in expected {
        let found = error.mistakes.iter().any(|mistake| mistake.starts_with(expected));
        assert!(found, "{expected} is not in {:#?}", error.mistakes);
    }
    assert_eq!(error.mistakes.len(), expected.len(), "{:#?}", error.mistakes);
    assert!(error.to_string().starts_with("c.toml: "), "{error}");
}

#[test]
fn bounds_come_in_pairs() {
    for (key, good, bad) in [
        ("replicas = 1", "replicas = 5", "replicas = 6"),
        ("ack_wait = \"20s\"", "ack_wait = \"300ms\"", "ack_wait = \"299ms\""),
        ("max_deliver = 5", "max_deliver = 2", "max_deliver = 1"),
        ("max_in_flight = 20000", "max_in_flight = 1", "max_in_flight = 0"),
        ("tenant_shards = 16", "tenant_shards = 64", "tenant_shards = 65"),
        ("beat_ttl = \"15s\"", "beat_ttl = \"1s\"", "beat_ttl = \"999ms\""),
        ("max_bytes = \"64MiB\"", "max_bytes = \"1MiB\"", "max_bytes = \"1023KiB\""),
    ] {
        assert!(BUILT_IN.contains(key), "{key}");
        let read = |with| Topology::parse("c.toml", &BUILT_IN.replace(key, with));
        assert!(read(good).is_ok(), "{good}");
        let error = read(bad).unwrap_err();
        assert_eq!(error.mistakes.len(), 1, "{bad}: {error}");
    }
}

#[test]
fn a_file_that_is_no_toml_or_empty_or_has_no_sections_is_refused() {
    let error = Topology::parse("c.toml", "replicas = ").unwrap_err();
    assert_eq!(error.mistakes.len(), 1, "{error}");
    let error = Topology::parse("c.toml", "").unwrap_err();
    assert!(error.mistakes.len() >= 10, "{:#?}", error.mistakes);
    let text = "lane = 1\ndelivery = 2\nstreams = [3]\npools = []";
    let error = Topology::parse("c.toml", text).unwrap_err();
    for expected in [
        "lane: expected [[lane]] sections, not a whole number",
        "delivery: expected a section, not a whole number",
        "streams: expected a section, not a list",
        "pools: expected a list of names such as [\"any\"], not an empty list",
    ] {
        assert!(error.mistakes.iter().any(|m| m == expected), "{expected}: {:#?}", error.mistakes);
    }
}
