//! How often a slot may fail, as a pure rule.
//!
//! A slot that is broken fails again and again and judges nothing. So failures count only while no
//! submission is judged in between, and a failure over a job that had failed before is the job's: a
//! node that meets poison, or whose wardens are killed under it, goes on.

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
    standing: Standing,
    /// Quarantines in a row.
    terms: u32,
    /// What the slot had judged when it failed last.
    judged: u64,
}

/// Whether a slot may live.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Standing {
    #[default]
    Free,
    Quarantined,
    /// It lives again, and has not shown yet that it can open.
    OnParole,
}

/// What follows a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sentence {
    /// Another life after this pause (and some jitter).
    Restart(Duration),
    /// No life before parole, which comes after the first term doubled so many times.
    Quarantine(u32),
}

impl Record {
    /// Counts a failure at `now` of a slot that has `judged` so many submissions in all its lives.
    pub(crate) fn failed(&mut self, now: Instant, judged: u64, blamed: bool) -> Sentence {
        if judged != self.judged {
            self.judged = judged;
            self.failures.clear();
            self.doublings = 0;
            self.terms = 0;
        }
        if blamed {
            self.failures.push_back(now);
        }
        while self.failures.front().is_some_and(|then| now.duration_since(*then) >= WINDOW) {
            self.failures.pop_front();
        }
        if self.failures.len() >= FAILURES_MAX || self.standing == Standing::OnParole {
            self.standing = Standing::Quarantined;
            self.terms = self.terms.saturating_add(1);
            return Sentence::Quarantine(self.terms - 1);
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

    /// The term is over: one more life, which counts as quarantined until it has opened. Says
    /// whether there was a term.
    pub(crate) fn parole(&mut self) -> bool {
        let due = self.standing == Standing::Quarantined;
        if due {
            self.standing = Standing::OnParole;
        }
        due
    }

    /// The slot has opened. Says whether that ends a parole; how many terms it had is not
    /// forgotten before it has judged something.
    pub(crate) fn opened(&mut self) -> bool {
        let ended = self.standing == Standing::OnParole;
        if ended {
            self.standing = Standing::Free;
            self.failures.clear();
            self.doublings = 0;
        }
        ended
    }

    /// Whether no life may begin.
    pub(crate) fn quarantined(&self) -> bool {
        self.standing == Standing::Quarantined
    }

    /// Whether it cannot be counted on: quarantined, or on parole.
    pub(crate) fn distrusted(&self) -> bool {
        self.standing != Standing::Free
    }
}

/// Whether so many quarantined slots are too many: half of them, rounded up.
pub(crate) const fn too_many(quarantined: usize, slots: usize) -> bool {
    quarantined > 0 && quarantined * 2 >= slots
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pause(ms: u64) -> Sentence {
        Sentence::Restart(Duration::from_millis(ms))
    }

    #[test]
    fn the_pause_doubles_from_50_ms_to_10_s() {
        let mut record = Record::default();
        let mut now = Instant::now();
        for ms in [50, 100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000] {
            now += WINDOW;
            assert_eq!(record.failed(now, 0, true), pause(ms), "one failure a minute is bearable");
        }
    }

    #[test]
    fn five_failures_within_a_minute_are_one_too_many() {
        let start = Instant::now();
        let mut record = Record::default();
        for failure in 0..4 {
            let now = start + Duration::from_secs(failure);
            assert_ne!(record.failed(now, 0, true), Sentence::Quarantine(0), "failure {failure}");
        }
        assert!(!record.quarantined());
        let fifth = start + Duration::from_secs(59);
        assert_eq!(record.failed(fifth, 0, true), Sentence::Quarantine(0));
        assert!(record.quarantined());

        let mut record = Record::default();
        for failure in 0..4 {
            record.failed(start + Duration::from_secs(failure), 0, true);
        }
        let late = start + Duration::from_secs(60);
        assert_ne!(record.failed(late, 0, true), Sentence::Quarantine(0), "the first is forgotten");
    }

    #[test]
    fn a_slot_that_judges_between_its_failures_is_not_broken() {
        let mut record = Record::default();
        let now = Instant::now();
        for judged in 1..50 {
            assert_eq!(record.failed(now, judged, true), pause(50), "kill {judged}");
        }
    }

    #[test]
    fn what_is_the_jobs_fault_is_not_held_against_the_slot() {
        let mut record = Record::default();
        let now = Instant::now();
        for _ in 0..4 {
            record.failed(now, 0, true);
        }
        for _ in 0..20 {
            assert_ne!(record.failed(now, 0, false), Sentence::Quarantine(0));
        }
        assert_eq!(record.failed(now, 0, true), Sentence::Quarantine(0));
    }

    #[test]
    fn a_stable_life_starts_over_and_a_pardon_forgets() {
        let mut record = Record::default();
        let now = Instant::now();
        record.failed(now, 0, true);
        record.failed(now, 0, true);
        record.stable();
        assert_eq!(record.failed(now, 0, true), pause(50));
        record.failed(now, 0, true);
        assert_eq!(record.failed(now, 0, true), Sentence::Quarantine(0));
        record.pardon();
        assert!(!record.quarantined());
        assert_eq!(record.failed(now, 0, true), pause(50));
    }

    #[test]
    fn half_of_the_slots_in_quarantine_are_too_many() {
        for (quarantined, slots, expected) in
            [(0, 1, false), (1, 1, true), (1, 2, true), (1, 3, false), (2, 3, true), (4, 9, false)]
        {
            assert_eq!(too_many(quarantined, slots), expected, "{quarantined} of {slots}");
        }
    }

    #[test]
    fn terms_get_longer_until_the_slot_has_judged() {
        let mut record = Record::default();
        let now = Instant::now();
        let doomed = |record: &mut Record, judged| {
            (0..FAILURES_MAX).map(|_| record.failed(now, judged, true)).last()
        };
        assert_eq!(doomed(&mut record, 0), Some(Sentence::Quarantine(0)));
        assert!(record.parole() && !record.parole(), "one parole for each term");
        assert!(record.distrusted() && !record.quarantined());
        assert_eq!(record.failed(now, 0, false), Sentence::Quarantine(1), "whoever is to blame");
        assert!(record.parole() && record.opened() && !record.opened());
        assert!(!record.distrusted());
        assert_eq!(doomed(&mut record, 0), Some(Sentence::Quarantine(2)), "it has judged nothing");
        record.parole();
        record.opened();
        assert_eq!(doomed(&mut record, 1), Some(Sentence::Quarantine(0)));
    }
}
