use super::*;

fn read(text: &str) -> Result<NodeConfig, ConfigError> {
    NodeConfig::read(text, Path::new("node.toml"))
}

#[test]
fn an_empty_file_is_a_node_with_the_defaults() {
    let config = read("").unwrap();
    assert_eq!(config.pools().map(Pool::as_str).collect::<Vec<_>>(), ["any"]);
    assert!(config.slots >= 1);
    assert!(config.lanes.is_empty(), "the cluster's lanes");
    assert_eq!(config.health, None);
    assert_eq!(config.grace, Duration::from_secs(60));
}

#[test]
fn the_annotated_file_loads_and_says_what_the_defaults_are() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../cluster-config/node.toml");
    let config = NodeConfig::load(&file).unwrap();
    let defaults = read("").unwrap();
    assert!(config.pools().eq(defaults.pools()));
    assert_eq!(config.state, defaults.state);
    assert_eq!(config.broker.url, defaults.broker.url);
    assert_eq!(config.packages_max, defaults.packages_max);
    assert_eq!(config.builds_max, defaults.builds_max);
    assert_eq!(config.sources_max, defaults.sources_max);
    assert_eq!(config.memory_max, defaults.memory_max);
    assert_eq!(config.judging, defaults.judging);
    assert_eq!(config.storing, defaults.storing);
    assert_eq!(config.grace, defaults.grace);
    assert_eq!(config.sandbox.first_uid, defaults.sandbox.first_uid);
    assert_eq!(config.sandbox.cores, defaults.sandbox.cores);
    assert!(config.health.is_some(), "a production node is watched");
}

#[test]
fn every_mistake_is_told_at_once_with_the_path_to_its_key() {
    let error = read(
        "name = 'a b'\nslots = 0\nsolts = 2\n[broker]\nurl = 'http://x'\n[lanes]\ncontest = 0\n\
         [cache]\npackages = '20'\n[judging]\nlongest = '2 parsecs'\n[sandbox]\ncores = 'some'\n\
         first_uid = 'x'\nallow_rootless = 1\n[health]\nlisten = 'nowhere'\nport = 1\n\
         [log]\nlevel = 'a=b=c'",
    )
    .unwrap_err();
    let expected = [
        "name: node `a b` is not 1 to 64",
        "slots: must be a whole number from 1 to 512",
        "solts: unknown key; there are name, pool, slots",
        "broker.url: `http://x`: expected `nats://HOST:PORT`",
        "lanes.contest: must be a weight from 1 to 1000",
        "cache.packages: must be at least 64 MiB",
        "judging.longest: `2 parsecs` is not a time (write it like `2s`",
        "sandbox.cores: `some` is neither `pinned` nor `floating`",
        "sandbox.first_uid: must be a whole number from 1000",
        "sandbox.allow_rootless: expected true or false, not the number 1",
        "health.listen: invalid socket address",
        "health.port: unknown key; there are listen",
        "log.level: `a=b=c`",
    ];
    for mistake in expected {
        assert!(error.mistakes.iter().any(|m| m.starts_with(mistake)), "{mistake}: {error:#?}");
    }
    assert_eq!(error.mistakes.len(), expected.len(), "{error:#?}");
    assert!(error.to_string().starts_with("node.toml: "), "{error}");
}

#[test]
fn bounds_come_in_pairs() {
    for (key, good, bad) in [
        ("slots = ", "1", "0"),
        ("slots = ", "512", "513"),
        ("[judging]\nlongest = ", "'60s'", "'59s'"),
        ("[judging]\ndrain_grace = ", "'24h'", "'86401s'"),
        ("[cache]\nbuilds = ", "'64MiB'", "'63MiB'"),
        ("[cache]\nsources = ", "'64MiB'", "'63MiB'"),
        ("[cache]\nmemory = ", "'64MiB'", "'63MiB'"),
        ("[lanes]\nx = ", "1000", "1001"),
        ("pool = ", "['any', 'gpu']", "[]"),
        ("pool = ", "['any', 'gpu']", "['any', 'any']"),
        ("pool = ", "'gpu'", "['any', 1]"),
    ] {
        assert!(read(&format!("{key}{good}")).is_ok(), "{key}{good}");
        assert!(read(&format!("{key}{bad}")).is_err(), "{key}{bad}");
    }
}

#[test]
fn a_file_that_is_no_toml_is_refused_with_its_line() {
    let error = read("name = 'x'\nslots = = 2").unwrap_err();
    assert!(error.mistakes[0].starts_with("line 2: "), "{error}");
    let error = NodeConfig::load(Path::new("/nowhere/node.toml")).unwrap_err();
    assert!(error.to_string().starts_with("/nowhere/node.toml: cannot be read"), "{error}");
}
