//! How fast this machine is just now.
//!
//! On a machine that is alone with itself a program takes the same time again and again; on one that
//! shares its cores with other machines it does not, and no slot of this one can make those wait. An
//! idle machine of two virtual cores was seen to change between two paces every few seconds: a
//! program that sorts took 98 ms at one and 114 ms at the other, while arithmetic took the same. So a
//! yardstick is laid beside: a short sort, whose time moves with the caches and the branch predictor
//! three times as much as that of most programs (0.38 and 0.54 ms in the same two paces). The usual
//! pace is the best of the last minutes, and some more.
//!
//! How well it tells (60 moments for each way, in turns, in minutes of which a fifth was slow, in phases
//! of about half a second; a sort of 97 ms at one pace and 113 ms at the other, and the same yardstick
//! in C++): after three looks 40 ms apart, which came by within 1.1 s in 68 of 100 cases and took half a
//! second, 63 of 100 sorts were quick; after two looks 10 ms apart, in all cases and within 0.12 s, 87
//! of 100; without a look 80 of 100. The rest were overtaken by the next phase, which a look after the
//! run tells.

use std::hint::black_box;
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Numbers that the yardstick sorts: they fit into the caches that belong to a core.
const NUMBERS: usize = 30_000;
/// The least of so many is one look, so that an interruption is none, nor a core that has slept: its
/// first three took up to 20 % more than the next.
const SORTS: usize = 6;
/// A look may take so much more than the best, in percent: of 240, four were between 3 and 10 % above
/// it, four between 10 and 25 %, and all others below or above.
const USUAL_PERCENT: u32 = 10;
/// So many usual looks in a row are the usual pace ...
const LOOKS: u32 = 2;
/// ... so far apart.
const APART: Duration = Duration::from_millis(10);
/// The best of a window this long counts until the next window is over: a machine that has become
/// slower for good is at its usual pace again after two.
const WINDOW: Duration = Duration::from_secs(300);
/// So often a look is taken where nobody asks, so that the best is known when somebody does.
const SAMPLED: Duration = Duration::from_secs(2);

/// What one machine remembers of its looks.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    seen: Mutex<Seen>,
    /// Told at each look.
    looked: Condvar,
}

#[derive(Debug, Default)]
struct Seen {
    window: Option<Instant>,
    best: Option<Duration>,
    best_before: Option<Duration>,
    last: Option<Instant>,
}

impl Seen {
    /// Remembers a look; whether it was a usual one.
    fn saw(&mut self, now: Instant, took: Duration) -> bool {
        match self.window {
            Some(since) if now.saturating_duration_since(since) < WINDOW => {}
            _ => {
                self.window = Some(now);
                self.best_before = self.best.take();
            }
        }
        self.last = Some(now);
        let best = self.best.map_or(took, |best| best.min(took));
        self.best = Some(best);
        let best = self.best_before.map_or(best, |before| best.min(before));
        took * 100 <= best * (100 + USUAL_PERCENT)
    }

    fn is_due(&self, now: Instant) -> bool {
        self.last.is_none_or(|last| now.saturating_duration_since(last) >= SAMPLED)
    }
}

impl Pace {
    /// Takes a look: whether this core, just now, is about as fast as it has been.
    pub(crate) fn is_usual(&self) -> bool {
        let took = look();
        let usual = self.lock().saw(Instant::now(), took);
        self.looked.notify_all();
        usual
    }

    /// Takes a look if there was none for a while.
    pub(crate) fn sample(&self) {
        if self.lock().is_due(Instant::now()) {
            self.is_usual();
        }
    }

    /// Waits until the pace has been usual for a moment, and not longer than until then; whether it
    /// has been.
    pub(crate) fn settle(&self, until: Instant) -> bool {
        let mut usual = 0;
        loop {
            usual = if self.is_usual() { usual + 1 } else { 0 };
            let left = until.saturating_duration_since(Instant::now());
            if usual == LOOKS || left.is_zero() {
                return usual == LOOKS;
            }
            // Until the last look, whoever took it, is long enough ago.
            let recent = |seen: &mut Seen| seen.last.is_some_and(|last| last.elapsed() < APART);
            drop(self.looked.wait_timeout_while(self.lock(), APART.min(left), recent));
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How long the yardstick takes.
fn look() -> Duration {
    let mut numbers = Vec::with_capacity(NUMBERS);
    let times = (0..SORTS).map(|_sort| {
        let begun = Instant::now();
        numbers.clear();
        let mut number = 1_u32;
        numbers.extend(
            std::iter::repeat_with(|| {
                number = number.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                number
            })
            .take(NUMBERS),
        );
        numbers.sort_unstable();
        black_box(&numbers);
        begun.elapsed()
    });
    times.min().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_look_is_usual_up_to_ten_percent_above_the_best_of_two_windows() {
        let begun = Instant::now();
        let mut seen = Seen::default();
        for (second, micros, usual) in [
            (0, 1_000, true),
            (1, 1_100, true),
            (2, 1_101, false),
            (3, 500, true),
            (4, 551, false),
            // The best of the window before still counts ...
            (303, 551, false),
            (304, 550, true),
            // ... and that of the one before it does not.
            (604, 605, true),
            (605, 606, false),
        ] {
            let now = begun + Duration::from_secs(second);
            assert_eq!(seen.saw(now, Duration::from_micros(micros)), usual, "{second} s");
        }
    }

    #[test]
    fn a_look_is_due_at_first_and_then_now_and_then() {
        let begun = Instant::now();
        let mut seen = Seen::default();
        assert!(seen.is_due(begun));
        seen.saw(begun, Duration::from_millis(1));
        assert!(!seen.is_due(begun + SAMPLED - Duration::from_nanos(1)));
        assert!(seen.is_due(begun + SAMPLED));
    }

    #[test]
    fn waiting_for_the_usual_pace_ends_with_patience() {
        let pace = Pace::default();
        // A best that nothing reaches.
        pace.lock().saw(Instant::now(), Duration::from_nanos(1));
        let until = Instant::now() + Duration::from_millis(100);
        assert!(!pace.settle(until));
        assert!(Instant::now() >= until);
    }
}
