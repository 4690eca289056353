//! The streams of a cluster, as its topology wants them.

use std::time::Duration;

use async_nats::jetstream::stream::{
    Config, DiscardPolicy, PersistenceMode, Republish, RetentionPolicy, StorageType,
    SubjectTransform,
};
use minos_model::Bytes;

use crate::subject::{
    ADVISORIES, BUILDS, CONTROL, DEAD, EVENTS, JOBS, NODES, PACKAGES, PROBLEMS, REJUDGES, RESULTS,
    SOURCES, SUBMISSIONS, TRIALS, WAKE, kept_subject, published_filter,
};
use crate::wire::{MAX_JOB, MAX_JUDGEMENT};
use crate::{LaneConfig, StreamConfig, Topology};

/// Room for headers beside the largest body, in bytes.
const HEADERS: usize = 16 * 1024;
/// How long a message id is remembered. Only a fast path: nothing rests on it.
const DUPLICATES: Duration = Duration::from_secs(120);

/// All of them.
pub(crate) fn streams(topology: &Topology) -> Vec<Config> {
    let named = |name: &str, subjects: Vec<String>, sizes: StreamConfig| Config {
        name: name.to_owned(),
        subjects,
        retention: RetentionPolicy::Limits,
        storage: StorageType::File,
        num_replicas: topology.replicas,
        discard: DiscardPolicy::Old,
        max_bytes: i64::try_from(sizes.max_bytes.get()).unwrap_or(i64::MAX),
        max_messages: i64::try_from(sizes.max_messages).unwrap_or(i64::MAX),
        max_age: sizes.max_age,
        allow_direct: true,
        duplicate_window: if sizes.max_age.is_zero() {
            DUPLICATES
        } else {
            DUPLICATES.min(sizes.max_age)
        },
        ..Config::default()
    };
    let message = |most: usize| i32::try_from(most + HEADERS).unwrap_or(i32::MAX);
    let advisory = |kind: &str| format!("$JS.EVENT.ADVISORY.CONSUMER.{kind}.{JOBS}.*");
    let small = |mib: u64, max_age: Duration| StreamConfig {
        max_bytes: Bytes::from_mib(mib),
        max_messages: 0,
        max_age,
    };
    let for_ever = Duration::ZERO;
    let mut all = vec![
        jobs(named, topology, message(MAX_JOB)),
        Config {
            // The first verdict wins, for ever: an atomic fact of the server.
            discard: DiscardPolicy::New,
            discard_new_per_subject: true,
            max_messages_per_subject: 1,
            max_message_size: message(MAX_JUDGEMENT),
            ..named(RESULTS, vec!["results.*.*.*".to_owned()], topology.results)
        },
        previews(named, topology.trials, message(MAX_JUDGEMENT)),
        Config {
            max_messages_per_subject: 1,
            max_message_size: message(MAX_JOB),
            ..named(SUBMISSIONS, vec!["submissions.*.*.*.*".to_owned()], topology.submissions)
        },
        Config {
            // Written behind, not before, the answer: progress may be lost. A stream in memory
            // would be gone, not only empty, after the server's restart.
            persist_mode: Some(PersistenceMode::Async),
            num_replicas: 1,
            max_messages_per_subject: 1,
            ..named(EVENTS, vec!["events.*.*.*".to_owned()], topology.events)
        },
        named(DEAD, vec!["dlq.*.*.*".to_owned()], topology.dead),
        named(
            ADVISORIES,
            vec![advisory("MAX_DELIVERIES")],
            small(64, Duration::from_secs(7 * 86_400)),
        ),
        Config { allow_message_ttl: true, ..bucket(CONTROL, named, small(64, for_ever)) },
        bucket(NODES, named, small(16, topology.beat_ttl)),
        bucket(PROBLEMS, named, small(64, for_ever)),
        bucket(REJUDGES, named, small(16, for_ever)),
    ];
    all.extend(stores(topology, named));
    all
}

/// The work queue.
fn jobs(
    named: impl Fn(&str, Vec<String>, StreamConfig) -> Config,
    topology: &Topology,
    max_message_size: i32,
) -> Config {
    let of_lane = |lane: &LaneConfig| {
        let pools = topology.pools.iter();
        pools.map(|pool| published_filter(&lane.lane, pool)).collect::<Vec<_>>()
    };
    Config {
        retention: RetentionPolicy::WorkQueue,
        // A full queue refuses; it never drops a job that nobody has seen.
        discard: DiscardPolicy::New,
        discard_new_per_subject: true,
        max_messages_per_subject: 1,
        max_message_size,
        subject_transform: Some(transform(topology.shards)),
        republish: Some(wake()),
        ..named(JOBS, topology.lanes.iter().flat_map(of_lane).collect(), topology.jobs)
    }
}

/// Each job into the shard of its tenant.
fn transform(shards: u32) -> SubjectTransform {
    let (source, destination) = kept_subject(shards);
    SubjectTransform { source: source.to_owned(), destination }
}

/// Of each job a word, without its body, to the nodes.
fn wake() -> Republish {
    Republish { source: "queue.>".to_owned(), destination: format!("{WAKE}.>"), headers_only: true }
}

/// Verdicts of trials. The stream makes room by itself: a preview never holds up a node.
fn previews(
    named: impl Fn(&str, Vec<String>, StreamConfig) -> Config,
    sizes: StreamConfig,
    max_message_size: i32,
) -> Config {
    Config {
        max_messages_per_subject: 1,
        max_message_size,
        ..named(TRIALS, vec!["trials.*.*.*".to_owned()], sizes)
    }
}

/// A key-value bucket is a stream of one message per key.
fn bucket(
    name: &str,
    named: impl Fn(&str, Vec<String>, StreamConfig) -> Config,
    sizes: StreamConfig,
) -> Config {
    Config {
        max_messages_per_subject: 1,
        discard: DiscardPolicy::New,
        allow_rollup: true,
        deny_delete: true,
        ..named(&format!("KV_{name}"), vec![format!("$KV.{name}.>")], sizes)
    }
}

/// An object store is a stream of chunks and one message of metadata per object.
fn objects(
    name: &str,
    named: impl Fn(&str, Vec<String>, StreamConfig) -> Config,
    sizes: StreamConfig,
) -> Config {
    let subjects = vec![format!("$O.{name}.C.>"), format!("$O.{name}.M.>")];
    Config {
        discard: DiscardPolicy::New,
        allow_rollup: true,
        ..named(&format!("OBJ_{name}"), subjects, sizes)
    }
}

/// The object stores. That of builds is a cache: it makes room by itself.
fn stores(
    topology: &Topology,
    named: impl Fn(&str, Vec<String>, StreamConfig) -> Config,
) -> [Config; 3] {
    let builds = objects(BUILDS, &named, topology.builds);
    [
        objects(PACKAGES, &named, topology.packages),
        objects(SOURCES, &named, topology.sources),
        Config { discard: DiscardPolicy::Old, ..builds },
    ]
}
