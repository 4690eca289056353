//! What `minos cluster init` changes, or would change: each stream and consumer with the settings in
//! which it differs, as they are and as they are to be.

use std::fmt;
use std::time::Duration;

use async_nats::jetstream::consumer;
use async_nats::jetstream::stream::{Config, DiscardPolicy};

use crate::lanes::WEIGHT;

/// What `init` did to one thing, or would do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// It was not there.
    Created(String),
    /// It was there and differed in these settings.
    Updated(String, Vec<Difference>),
    /// It was there as it should be.
    Unchanged(String),
}

/// A setting that is not what it should be. Sizes and times are written as `cluster.toml` has them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Its name.
    pub setting: &'static str,
    /// What the broker has.
    pub old: String,
    /// What the file wants.
    pub new: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} -> {}", self.setting, self.old, self.new)
    }
}

impl Change {
    /// Whether anything was done.
    #[must_use]
    pub const fn is_change(&self) -> bool {
        !matches!(self, Self::Unchanged(_))
    }

    /// The stream or the consumers, by name.
    #[must_use]
    pub fn what(&self) -> &str {
        match self {
            Self::Created(what) | Self::Updated(what, _) | Self::Unchanged(what) => what,
        }
    }

    /// What differed; empty for what was not there and for what is as it should be.
    #[must_use]
    pub fn differences(&self) -> &[Difference] {
        match self {
            Self::Updated(_, differences) => differences,
            Self::Created(_) | Self::Unchanged(_) => &[],
        }
    }

    /// The same before it is done.
    #[must_use]
    pub fn before(&self) -> String {
        self.told(["to create:", "to update:", "as it is:"])
    }

    fn told(&self, [created, updated, unchanged]: [&str; 3]) -> String {
        match self {
            Self::Created(what) => format!("{created} {what}"),
            Self::Updated(what, differences) => {
                let differences: Vec<String> =
                    differences.iter().map(ToString::to_string).collect();
                format!("{updated} {what}: {}", differences.join(", "))
            }
            Self::Unchanged(what) => format!("{unchanged} {what}"),
        }
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.told(["created", "updated", "unchanged"]))
    }
}

/// The settings of ours in which a stream differs; the server fills in the others.
pub(crate) fn of_stream(now: &Config, wanted: &Config) -> Vec<Difference> {
    let all = |config: &Config| -> [(&'static str, String); 11] {
        [
            ("subjects", subjects(config)),
            ("subject_transform", transform(config)),
            ("republish", republish(config)),
            ("replicas", config.num_replicas.to_string()),
            ("max_bytes", size(config.max_bytes)),
            ("max_messages", count(config.max_messages)),
            ("max_age", time(config.max_age)),
            ("max_message_size", size(config.max_message_size.into())),
            ("max_messages_per_subject", count(config.max_messages_per_subject)),
            ("discard", discard(config.discard).to_owned()),
            ("discard_new_per_subject", config.discard_new_per_subject.to_string()),
        ]
    };
    differing(all(now), all(wanted))
}

/// The settings of ours in which a consumer differs.
pub(crate) fn of_consumer(now: &consumer::Config, wanted: &consumer::Config) -> Vec<Difference> {
    let weight = |config: &consumer::Config| {
        config.metadata.get(WEIGHT).cloned().unwrap_or_else(|| NONE.to_owned())
    };
    let all = |config: &consumer::Config| -> [(&'static str, String); 2] {
        [("filter_subject", config.filter_subject.clone()), ("ack_wait", time(config.ack_wait))]
    };
    let mut differences = differing(all(now), all(wanted));
    if wanted.metadata.contains_key(WEIGHT) {
        // A consumer that no slot judges from has none of these.
        let all = |config: &consumer::Config| -> [(&'static str, String); 4] {
            [
                ("max_deliver", config.max_deliver.to_string()),
                ("max_in_flight", config.max_ack_pending.to_string()),
                ("max_waiting", config.max_waiting.to_string()),
                ("weight", weight(config)),
            ]
        };
        differences.extend(differing(all(now), all(wanted)));
    }
    differences
}

fn differing<const N: usize>(
    now: [(&'static str, String); N],
    wanted: [(&'static str, String); N],
) -> Vec<Difference> {
    let both = now.into_iter().zip(wanted).filter(|((_, old), (_, new))| old != new);
    both.map(|((setting, old), (_, new))| Difference { setting, old, new }).collect()
}

/// What is not set.
const NONE: &str = "none";

fn subjects(config: &Config) -> String {
    let mut subjects = config.subjects.clone();
    subjects.sort();
    subjects.join(" ")
}

fn transform(config: &Config) -> String {
    let transform = config.subject_transform.as_ref();
    transform.map_or_else(|| NONE.to_owned(), |to| format!("{} to {}", to.source, to.destination))
}

fn republish(config: &Config) -> String {
    let republish = config.republish.as_ref();
    republish.map_or_else(
        || NONE.to_owned(),
        |to| {
            let what = if to.headers_only { ", headers only" } else { "" };
            format!("{} to {}{what}", to.source, to.destination)
        },
    )
}

const fn discard(policy: DiscardPolicy) -> &'static str {
    match policy {
        DiscardPolicy::Old => "old",
        DiscardPolicy::New => "new",
    }
}

/// A bound; the server writes -1 where we write 0.
fn bound(value: i64) -> Option<u64> {
    u64::try_from(value).ok().filter(|value| *value > 0)
}

fn count(value: i64) -> String {
    bound(value).map_or_else(|| NONE.to_owned(), |value| value.to_string())
}

/// In the largest unit that keeps it exact.
fn size(value: i64) -> String {
    let Some(bytes) = bound(value) else { return NONE.to_owned() };
    let units = [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
    let whole = units.into_iter().find(|(scale, _)| bytes.is_multiple_of(*scale));
    whole.map_or_else(|| format!("{bytes}B"), |(scale, unit)| format!("{}{unit}", bytes / scale))
}

/// In the largest unit that keeps it exact.
fn time(value: Duration) -> String {
    let ms = value.as_millis();
    if ms == 0 {
        return NONE.to_owned();
    }
    let units = [(3_600_000, "h"), (60_000, "min"), (1_000, "s")];
    let whole = units.into_iter().find(|(scale, _)| ms.is_multiple_of(*scale));
    whole.map_or_else(|| format!("{ms}ms"), |(scale, unit)| format!("{}{unit}", ms / scale))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_times_are_told_as_the_file_has_them() {
        for (bytes, text) in
            [(-1, "none"), (0, "none"), (1, "1B"), (1_536, "1536B"), (4 << 30, "4GiB")]
        {
            assert_eq!(size(bytes), text);
        }
        for (ms, text) in
            [(0, "none"), (300, "300ms"), (20_000, "20s"), (90_000, "90s"), (604_800_000, "168h")]
        {
            let duration = Duration::from_millis(ms);
            assert_eq!(time(duration), text);
            let read = text.parse::<minos_model::WallTime>().map(minos_model::WallTime::duration);
            assert!(text == "none" || read == Ok(duration), "{text}");
        }
        assert_eq!(size(4 << 30).parse(), Ok(minos_model::Bytes::new(4 << 30)));
    }

    #[test]
    fn a_difference_is_told_once_with_both_values_before_and_after() {
        let old = Config { max_bytes: 1 << 30, max_messages: -1, ..Config::default() };
        let new = Config {
            max_bytes: 2 << 30,
            max_messages: 0,
            discard: DiscardPolicy::New,
            max_age: Duration::from_secs(60),
            ..Config::default()
        };
        let change = Change::Updated("stream X".to_owned(), of_stream(&old, &new));
        let told = "max_bytes: 1GiB -> 2GiB, max_age: none -> 1min, discard: old -> new";
        assert_eq!(change.to_string(), format!("updated stream X: {told}"));
        assert_eq!(change.before(), format!("to update: stream X: {told}"));
        assert_eq!(of_stream(&old, &old), []);
    }
}
