//! The verdicts of the last minutes, counted where they are stored.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use minos_model::Verdict;
use minos_queue::RECENT;

/// Counts are kept by the part of this length in which they fell.
const PART: Duration = Duration::from_secs(10);

/// Counts of verdicts by part; parts older than [`RECENT`] are forgotten.
#[derive(Debug, Default)]
pub(crate) struct Recent(Mutex<VecDeque<(u64, BTreeMap<Verdict, u64>)>>);

impl Recent {
    /// A verdict was stored `at` after the start.
    pub(crate) fn add(&self, verdict: Verdict, at: Duration) {
        let mut parts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let part = at.as_secs() / PART.as_secs();
        forget(&mut parts, part);
        if parts.back().is_none_or(|(last, _)| *last != part) {
            parts.push_back((part, BTreeMap::new()));
        }
        if let Some((_, counts)) = parts.back_mut() {
            *counts.entry(verdict).or_default() += 1;
        }
    }

    /// What was stored within [`RECENT`] before `now`, by the verdict's name.
    pub(crate) fn within(&self, now: Duration) -> BTreeMap<String, u64> {
        let mut parts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        forget(&mut parts, now.as_secs() / PART.as_secs());
        let mut sum = BTreeMap::new();
        for (verdict, count) in parts.iter().flat_map(|(_, counts)| counts) {
            *sum.entry(verdict.as_str().to_owned()).or_default() += count;
        }
        sum
    }
}

fn forget(parts: &mut VecDeque<(u64, BTreeMap<Verdict, u64>)>, now: u64) {
    let kept = RECENT.as_secs() / PART.as_secs();
    while parts.front().is_some_and(|(part, _)| part + kept <= now) {
        parts.pop_front();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verdicts_are_counted_until_they_are_ten_minutes_old() {
        let recent = Recent::default();
        let at = Duration::from_secs;
        recent.add(Verdict::Accepted, at(1));
        recent.add(Verdict::WrongAnswer, at(2));
        recent.add(Verdict::Accepted, at(300));
        let counts = |now| {
            let counts = recent.within(at(now));
            (counts.get("AC").copied(), counts.get("WA").copied())
        };
        assert_eq!(counts(599), (Some(2), Some(1)));
        assert_eq!(counts(600), (Some(1), None));
        assert_eq!(counts(900), (None, None));
    }
}
