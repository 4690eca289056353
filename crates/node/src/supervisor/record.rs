//! How often a slot may fail, as a pure rule.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// The first pause before a restart; each further failure doubles it.
const FIRST_PAUSE_MS: u64 = 50;
/// The longest pause before a restart.
const LAST_PAUSE_MS: u64 = 10_000;
/// Failures within [`WINDOW`] that end in quarantine.
pub(crate) const FAILURES_MAX: usize = 5;
/// In which failures are counted.
pub(crate) const WINDOW: Duration = Duration::from_secs(60);
/// A slot that has lived this long starts over with the first pause.
pub(crate) const STABLE: Duration = Duration::from_secs(30);

/// The failures of one slot.
#[derive(Debug, Default)]
pub(crate) struct Record {
    failures: VecDeque<Instant>,
    doublings: u32,
    quarantined: bool,
}

/// What follows a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sentence {
    /// Another life after this pause (and some jitter).
    Restart(Duration),
    /// No more lives until an operator says so.
    Quarantine,
}

impl Record {
    /// Counts a failure at `now`.
    pub(crate) fn failed(&mut self, now: Instant) -> Sentence {
        self.failures.push_back(now);
        while self.failures.front().is_some_and(|then| now.duration_since(*then) >= WINDOW) {
            self.failures.pop_front();
        }
        if self.failures.len() >= FAILURES_MAX {
            self.quarantined = true;
            return Sentence::Quarantine;
        }
        let pause = (FIRST_PAUSE_MS << self.doublings.min(16)).min(LAST_PAUSE_MS);
        self.doublings = self.doublings.saturating_add(1);
        Sentence::Restart(Duration::from_millis(pause))
    }

    /// The slot has lived for [`STABLE`].
    pub(crate) const fn stable(&mut self) {
        self.doublings = 0;
    }

    /// An operator gives it another chance.
    pub(crate) fn pardon(&mut self) {
        *self = Self::default();
    }

    pub(crate) const fn quarantined(&self) -> bool {
        self.quarantined
    }
}

/// Whether so many quarantined slots are too many: half of them, rounded up.
pub(crate) const fn too_many(quarantined: usize, slots: usize) -> bool {
    quarantined > 0 && quarantined * 2 >= slots
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pause_doubles_from_50_ms_to_10_s() {
        let mut record = Record::default();
        let mut now = Instant::now();
        let pauses: Vec<u128> = (0..10)
            .map(|_| {
                now += WINDOW;
                match record.failed(now) {
                    Sentence::Restart(pause) => pause.as_millis(),
                    Sentence::Quarantine => panic!("one failure a minute is bearable"),
                }
            })
            .collect();
        assert_eq!(pauses, [50, 100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000]);
    }

    #[test]
    fn five_failures_within_a_minute_are_one_too_many() {
        let start = Instant::now();
        let mut record = Record::default();
        for failure in 0..4 {
            let now = start + Duration::from_secs(failure);
            assert!(matches!(record.failed(now), Sentence::Restart(_)), "failure {failure}");
        }
        assert!(!record.quarantined());
        assert_eq!(record.failed(start + Duration::from_secs(59)), Sentence::Quarantine);
        assert!(record.quarantined());

        let mut record = Record::default();
        for failure in 0..4 {
            record.failed(start + Duration::from_secs(failure));
        }
        let late = start + Duration::from_secs(60);
        assert!(matches!(record.failed(late), Sentence::Restart(_)), "the first is forgotten");
    }

    #[test]
    fn a_stable_life_starts_over_and_a_pardon_forgets() {
        let mut record = Record::default();
        let now = Instant::now();
        record.failed(now);
        record.failed(now);
        record.stable();
        assert_eq!(record.failed(now), Sentence::Restart(Duration::from_millis(50)));
        record.failed(now);
        assert_eq!(record.failed(now), Sentence::Quarantine);
        record.pardon();
        assert!(!record.quarantined());
        assert!(matches!(record.failed(now), Sentence::Restart(_)));
    }

    #[test]
    fn half_of_the_slots_in_quarantine_are_too_many() {
        for (quarantined, slots, expected) in
            [(0, 1, false), (1, 1, true), (1, 2, true), (1, 3, false), (2, 3, true), (4, 9, false)]
        {
            assert_eq!(too_many(quarantined, slots), expected, "{quarantined} of {slots}");
        }
    }
}
