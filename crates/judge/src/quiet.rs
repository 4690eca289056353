//! Turns: most runs share the machine, and one that is to be measured without neighbours has it for
//! itself.
//!
//! A quiet turn waits until the runs that are going on have ended, and those that come after it wait
//! until it is over; both waits are bounded. Quiet turns take at most a quarter of the time, so that
//! programs made to need them cannot stop a node: what comes too early waits, as long as it has
//! patience, while the others go on, and then runs among them.
//!
//! A quiet turn also waits, while the others go on, until the machine is as fast as it usually is
//! ([`crate::pace`]), and is taken at any pace when four fifths of its patience are over.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::pace::Pace;

/// How long a quiet turn waits for the runs that are going on.
const GATHER: Duration = Duration::from_secs(5);
/// How long others wait for a quiet turn, gathering included.
const YIELD: Duration = Duration::from_secs(30);
/// How long a quiet turn that nobody disturbs any more waits for the usual pace, while the others
/// wait as well: gathering has taken time, and the pace may be another one.
const HOLD: Duration = Duration::from_millis(150);
/// After a quiet turn there is none for so many times as long.
const REST: u32 = 3;

/// What all slots of a node share.
#[derive(Debug, Default)]
pub struct Quiet {
    state: Mutex<State>,
    changed: Condvar,
    pace: Pace,
}

#[derive(Debug, Default)]
struct State {
    members: usize,
    running: usize,
    /// Somebody gathers, or has the machine for itself.
    claimed: bool,
    /// Before then there is no quiet turn.
    not_before: Option<Instant>,
}

/// A run that is going on; over when dropped.
#[derive(Debug)]
pub struct Turn<'a> {
    quiet: &'a Quiet,
    /// When its quiet began; `None` for one among others.
    since: Option<Instant>,
    usual_pace: bool,
}

impl Turn<'_> {
    /// Whether nothing else runs.
    #[must_use]
    pub const fn is_quiet(&self) -> bool {
        self.since.is_some()
    }

    /// Whether it is quiet, and the machine was as fast as it usually is when it began and is so now:
    /// to be asked at its end.
    #[must_use]
    pub fn was_steady(&self) -> bool {
        self.is_quiet() && self.usual_pace && self.quiet.is_at_usual_pace()
    }
}

/// A slot that takes turns with the others; it has left when dropped.
#[derive(Debug)]
pub(crate) struct Member(Arc<Quiet>);

impl Member {
    pub(crate) fn of(quiet: Arc<Quiet>) -> Self {
        quiet.lock().members += 1;
        Self(quiet)
    }

    /// Whether any other slot could run something now.
    pub(crate) fn has_others(&self) -> bool {
        self.0.lock().members > 1
    }

    pub(crate) fn turn(&self, patience: Option<Duration>) -> Turn<'_> {
        self.0.turn(patience)
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        self.0.lock().members -= 1;
    }
}

impl Quiet {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a turn: with patience, for a quiet one at the usual pace, which is not promised.
    pub fn turn(&self, patience: Option<Duration>) -> Turn<'_> {
        let Some(patience) = patience else {
            self.pace.sample();
            return self.join(self.lock());
        };
        let (begun, patience) = (Instant::now(), patience.min(YIELD));
        // At the end a quiet turn at any pace is better than none.
        let (until, steady_until) = (begun + patience, begun + patience * 4 / 5);
        loop {
            self.pace.settle(steady_until);
            let mut turn = self.quiet_turn(until);
            let hold = steady_until.min(Instant::now() + HOLD);
            turn.usual_pace = turn.is_quiet() && self.pace.settle(hold);
            if turn.usual_pace || !turn.is_quiet() || Instant::now() >= steady_until {
                return turn;
            }
        }
    }

    /// Whether the machine is as fast as it usually is, just now.
    #[must_use]
    pub fn is_at_usual_pace(&self) -> bool {
        self.pace.is_usual()
    }

    fn quiet_turn(&self, patient_until: Instant) -> Turn<'_> {
        let mut state = self.lock();
        let begun = Instant::now();
        loop {
            let now = Instant::now();
            let rested = state.not_before.unwrap_or(begun);
            if !state.claimed && rested <= now {
                return self.gather(state, now);
            }
            // While it is claimed, its end is what wakes.
            let until = if state.claimed { patient_until } else { rested.min(patient_until) };
            if patient_until <= now {
                return self.join(state);
            }
            let woken = self.changed.wait_timeout(state, until.saturating_duration_since(now));
            (state, _) = woken.unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn gather<'a>(&'a self, mut state: MutexGuard<'a, State>, now: Instant) -> Turn<'a> {
        state.claimed = true;
        let busy = |state: &mut State| state.running > 0;
        let waited = self.changed.wait_timeout_while(state, GATHER, busy);
        let (mut state, _timeout) = waited.unwrap_or_else(PoisonError::into_inner);
        let alone = state.running == 0;
        if !alone {
            state.claimed = false;
            self.changed.notify_all();
        }
        state.running += 1;
        Turn { quiet: self, since: alone.then_some(now), usual_pace: false }
    }

    fn join<'a>(&'a self, state: MutexGuard<'a, State>) -> Turn<'a> {
        let waited = self.changed.wait_timeout_while(state, YIELD, |state| state.claimed);
        let (mut state, _timeout) = waited.unwrap_or_else(PoisonError::into_inner);
        state.running += 1;
        Turn { quiet: self, since: None, usual_pace: false }
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut state = self.quiet.lock();
        state.running -= 1;
        if let Some(since) = self.since {
            let now = Instant::now();
            state.claimed = false;
            state.not_before = now.checked_add((now - since) * REST);
        }
        self.quiet.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    /// A quiet turn at any pace.
    fn patient(quiet: &Quiet) -> Turn<'_> {
        quiet.quiet_turn(Instant::now() + YIELD)
    }

    #[test]
    fn a_quiet_turn_waits_for_the_others_and_they_wait_for_it() {
        let quiet = Quiet::default();
        let (tell, told) = mpsc::channel();
        let other = quiet.turn(None);
        assert!(!other.is_quiet());
        std::thread::scope(|scope| {
            let (quiet, first, second) = (&quiet, tell.clone(), tell.clone());
            let alone = scope.spawn(move || {
                let turn = patient(quiet);
                first.send("quiet").unwrap();
                turn.is_quiet()
            });
            while !quiet.lock().claimed {
                std::thread::yield_now();
            }
            // It came after the claim, so it comes after the turn.
            scope.spawn(move || {
                let _turn = quiet.turn(None);
                second.send("after").unwrap();
            });
            tell.send("before").unwrap();
            drop(other);
            assert!(alone.join().unwrap());
        });
        assert_eq!(told.try_iter().collect::<Vec<_>>(), ["before", "quiet", "after"]);
    }

    #[test]
    fn a_slot_has_others_while_there_are_any() {
        let quiet: Arc<Quiet> = Arc::default();
        let one = Member::of(Arc::clone(&quiet));
        assert!(!one.has_others());
        let other = Member::of(quiet);
        assert!(one.has_others() && other.has_others());
        drop(other);
        assert!(!one.has_others());
    }

    #[test]
    fn after_a_quiet_turn_there_is_none_for_a_while() {
        let quiet = Quiet::default();
        assert!(quiet.turn(Some(Duration::ZERO)).is_quiet());
        let later = Instant::now() + Duration::from_secs(3_600);
        quiet.lock().not_before = Some(later);
        assert!(!quiet.turn(Some(Duration::ZERO)).is_quiet(), "it has no patience left");
        quiet.lock().not_before = Some(Instant::now() + Duration::from_millis(20));
        assert!(patient(&quiet).is_quiet(), "it waits for the moment");
    }

    #[test]
    fn of_two_that_want_it_quiet_the_second_waits_for_its_own_turn() {
        let quiet = Quiet::default();
        std::thread::scope(|scope| {
            let first = patient(&quiet);
            let second = scope.spawn(|| patient(&quiet).is_quiet());
            let third = scope.spawn(|| quiet.turn(Some(Duration::ZERO)).is_quiet());
            drop(first);
            assert!(second.join().unwrap());
            let _whatever_was_free = third.join().unwrap();
        });
        assert_eq!(quiet.lock().running, 0);
    }
}
