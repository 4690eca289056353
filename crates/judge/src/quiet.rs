//! Turns: most runs share the machine, and one that is to be measured without neighbours has it for
//! itself.
//!
//! A quiet turn waits until the runs that are going on have ended, and those that come after it wait
//! until it is over; both waits are bounded. Quiet turns take at most a tenth of the time, so that
//! programs made to need them cannot stop a node: what comes too early runs among the others.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long a quiet turn waits for the runs that are going on.
const GATHER: Duration = Duration::from_secs(5);
/// How long others wait for a quiet turn, gathering included.
const YIELD: Duration = Duration::from_secs(30);
/// After a quiet turn there is none for so many times as long.
const REST: u32 = 9;

/// What all slots of a node share.
#[derive(Debug, Default)]
pub struct Quiet {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
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
}

impl Turn<'_> {
    /// Whether nothing else runs.
    #[must_use]
    pub const fn is_quiet(&self) -> bool {
        self.since.is_some()
    }
}

impl Quiet {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a turn; a quiet one is not promised.
    pub fn turn(&self, quiet: bool) -> Turn<'_> {
        let state = self.lock();
        let now = Instant::now();
        let may = quiet && !state.claimed && state.not_before.is_none_or(|then| then <= now);
        if may { self.gather(state, now) } else { self.join(state) }
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
        Turn { quiet: self, since: alone.then_some(now) }
    }

    fn join<'a>(&'a self, state: MutexGuard<'a, State>) -> Turn<'a> {
        let waited = self.changed.wait_timeout_while(state, YIELD, |state| state.claimed);
        let (mut state, _timeout) = waited.unwrap_or_else(PoisonError::into_inner);
        state.running += 1;
        Turn { quiet: self, since: None }
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

    #[test]
    fn a_quiet_turn_waits_for_the_others_and_they_wait_for_it() {
        let quiet = Quiet::default();
        let (tell, told) = mpsc::channel();
        let other = quiet.turn(false);
        assert!(!other.is_quiet());
        std::thread::scope(|scope| {
            let (quiet, first, second) = (&quiet, tell.clone(), tell.clone());
            let alone = scope.spawn(move || {
                let turn = quiet.turn(true);
                first.send("quiet").unwrap();
                turn.is_quiet()
            });
            while !quiet.lock().claimed {
                std::thread::yield_now();
            }
            // It came after the claim, so it comes after the turn.
            scope.spawn(move || {
                let _turn = quiet.turn(false);
                second.send("after").unwrap();
            });
            tell.send("before").unwrap();
            drop(other);
            assert!(alone.join().unwrap());
        });
        assert_eq!(told.try_iter().collect::<Vec<_>>(), ["before", "quiet", "after"]);
    }

    #[test]
    fn after_a_quiet_turn_there_is_none_for_a_while() {
        let quiet = Quiet::default();
        assert!(quiet.turn(true).is_quiet());
        let later = Instant::now() + Duration::from_secs(3_600);
        quiet.lock().not_before = Some(later);
        assert!(!quiet.turn(true).is_quiet());
        quiet.lock().not_before = None;
        assert!(quiet.turn(true).is_quiet());
    }

    #[test]
    fn of_two_that_want_it_quiet_one_runs_among_others() {
        let quiet = Quiet::default();
        quiet.lock().claimed = true;
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| quiet.turn(true).is_quiet());
            let mut state = quiet.lock();
            state.claimed = false;
            drop(state);
            quiet.changed.notify_all();
            // Whoever comes first: it had its turn, and nobody waits for ever.
            let _either = waiting.join().unwrap();
        });
        assert_eq!(quiet.lock().running, 0);
    }
}
