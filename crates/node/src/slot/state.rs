//! The slot's states and the one table of what may follow what. Pure: no clock, no message box.

/// What the node wants of a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wish {
    /// Pull and judge.
    Take,
    /// Finish what is in hand, then wait for another wish.
    Rest,
    /// Finish what is in hand, then stop.
    Leave,
    /// Hand back what is in hand, then stop.
    LeaveNow,
}

impl Wish {
    /// A slot that was told to leave does not come back, and the hurry does not end either.
    fn then(self, next: Self) -> Self {
        match (self, next) {
            (Self::LeaveNow, _) | (_, Self::LeaveNow) => Self::LeaveNow,
            (Self::Leave, _) | (_, Self::Leave) => Self::Leave,
            (Self::Take | Self::Rest, wish) => wish,
        }
    }
}

/// Where a slot stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// Its thread makes the warden.
    Opening(Wish),
    /// It waits for a job, in a pull or between two.
    Pulling(Wish),
    /// It has a job in hand.
    Judging(Wish),
    /// Free, and told not to pull.
    Resting,
    /// Nothing follows.
    Stopped,
}

/// What can happen to a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Event {
    /// The warden stands.
    Opened,
    /// The lanes were empty, or the broker did not answer.
    Empty,
    /// A job came.
    Taken,
    /// The job is out of hand: acknowledged, handed back or buried.
    Settled,
    /// The node wants something else.
    Wished(Wish),
}

/// What the slot does on its way into the new state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Act {
    /// Nothing: the event changes nothing that runs.
    Stay,
    /// Start a pull.
    Pull,
    /// Start the walk of the job that came.
    Walk,
    /// Tell the walk to hand its job back.
    GiveUp,
    /// Stop the actor.
    Stop,
}

/// A pair that the table does not know: the slot is broken and is replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a slot in state {state:?} cannot meet {event:?}")]
pub(crate) struct Impossible {
    state: State,
    event: Event,
}

/// The table.
pub(crate) fn step(state: State, event: Event) -> Result<(State, Act), Impossible> {
    match (state, event) {
        (State::Opening(wish), Event::Opened)
        | (State::Pulling(wish), Event::Empty)
        | (State::Judging(wish), Event::Settled) => Ok(free(wish)),
        (State::Pulling(wish), Event::Taken) => Ok((State::Judging(wish), Act::Walk)),
        (State::Opening(_), Event::Wished(Wish::Leave | Wish::LeaveNow))
        | (State::Resting, Event::Wished(Wish::Leave | Wish::LeaveNow)) => {
            Ok((State::Stopped, Act::Stop))
        }
        (State::Opening(wish), Event::Wished(next)) => {
            Ok((State::Opening(wish.then(next)), Act::Stay))
        }
        (State::Pulling(wish), Event::Wished(next)) => {
            Ok((State::Pulling(wish.then(next)), Act::Stay))
        }
        (State::Judging(wish), Event::Wished(next)) => {
            let wish = wish.then(next);
            let act = if wish == Wish::LeaveNow { Act::GiveUp } else { Act::Stay };
            Ok((State::Judging(wish), act))
        }
        (State::Resting, Event::Wished(Wish::Take)) => Ok(free(Wish::Take)),
        (State::Resting, Event::Wished(Wish::Rest)) => Ok((State::Resting, Act::Stay)),
        (State::Stopped, Event::Wished(_)) => Ok((State::Stopped, Act::Stay)),
        (
            State::Opening(_)
            | State::Pulling(_)
            | State::Judging(_)
            | State::Resting
            | State::Stopped,
            Event::Opened | Event::Empty | Event::Taken | Event::Settled,
        ) => Err(Impossible { state, event }),
    }
}

/// What a slot without a job does.
const fn free(wish: Wish) -> (State, Act) {
    match wish {
        Wish::Take => (State::Pulling(wish), Act::Pull),
        Wish::Rest => (State::Resting, Act::Stay),
        Wish::Leave | Wish::LeaveNow => (State::Stopped, Act::Stop),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn walk(events: &[Event]) -> State {
        let mut state = State::Opening(Wish::Take);
        for event in events {
            state = step(state, *event).unwrap().0;
        }
        state
    }

    #[test]
    fn a_free_slot_pulls_and_a_busy_one_does_not() {
        assert_eq!(
            step(State::Opening(Wish::Take), Event::Opened),
            Ok((State::Pulling(Wish::Take), Act::Pull))
        );
        assert_eq!(
            step(State::Pulling(Wish::Take), Event::Taken),
            Ok((State::Judging(Wish::Take), Act::Walk))
        );
        for event in [Event::Taken, Event::Empty] {
            let state = State::Judging(Wish::Take);
            assert_eq!(step(state, event), Err(Impossible { state, event }));
        }
    }

    #[test]
    fn a_draining_slot_finishes_its_submission_and_then_stops() {
        use Event::{Opened, Settled, Taken, Wished};
        let judging = [Opened, Taken, Wished(Wish::Leave)];
        assert_eq!(walk(&judging), State::Judging(Wish::Leave));
        let done = [Opened, Taken, Wished(Wish::Leave), Settled];
        assert_eq!(walk(&done), State::Stopped);
    }

    #[test]
    fn a_job_that_comes_while_draining_is_judged() {
        use Event::{Opened, Settled, Taken, Wished};
        let events = [Opened, Wished(Wish::Leave), Taken];
        assert_eq!(walk(&events), State::Judging(Wish::Leave));
        assert_eq!(walk(&[Opened, Wished(Wish::Leave), Taken, Settled]), State::Stopped);
    }

    #[test]
    fn a_resting_slot_takes_nothing_until_it_is_told_to() {
        use Event::{Empty, Opened, Wished};
        let events = [Opened, Wished(Wish::Rest), Empty];
        assert_eq!(walk(&events), State::Resting);
        assert_eq!(
            step(State::Resting, Wished(Wish::Take)),
            Ok((State::Pulling(Wish::Take), Act::Pull))
        );
    }

    #[test]
    fn a_slot_that_must_stop_at_once_gives_its_job_up() {
        assert_eq!(
            step(State::Judging(Wish::Leave), Event::Wished(Wish::LeaveNow)),
            Ok((State::Judging(Wish::LeaveNow), Act::GiveUp))
        );
        assert_eq!(
            step(State::Judging(Wish::LeaveNow), Event::Wished(Wish::Take)),
            Ok((State::Judging(Wish::LeaveNow), Act::GiveUp)),
            "leaving cannot be taken back"
        );
    }

    fn wishes() -> impl Strategy<Value = Wish> {
        prop_oneof![Just(Wish::Take), Just(Wish::Rest), Just(Wish::Leave), Just(Wish::LeaveNow)]
    }

    fn events() -> impl Strategy<Value = Event> {
        prop_oneof![
            Just(Event::Opened),
            Just(Event::Empty),
            Just(Event::Taken),
            Just(Event::Settled),
            wishes().prop_map(Event::Wished)
        ]
    }

    /// The model: what runs beside the slot, counted.
    #[derive(Debug, Default, Clone, Copy)]
    struct Beside {
        pulls: u32,
        walks: u32,
    }

    proptest! {
        #[test]
        fn at_most_one_pull_or_walk_runs_and_a_wish_is_never_refused(
            script in prop::collection::vec(events(), 0..64)
        ) {
            let mut state = State::Opening(Wish::Take);
            let mut beside = Beside::default();
            let mut left = false;
            for event in script {
                // Only what runs can report.
                let possible = match event {
                    Event::Opened => matches!(state, State::Opening(_)),
                    Event::Empty | Event::Taken => beside.pulls == 1,
                    Event::Settled => beside.walks == 1,
                    Event::Wished(_) => true,
                };
                let Ok((next, act)) = step(state, event) else {
                    prop_assert!(!possible, "{state:?} refused {event:?}");
                    continue;
                };
                prop_assert!(possible, "{state:?} accepted {event:?} out of nothing");
                match event {
                    Event::Empty | Event::Taken => beside.pulls -= 1,
                    Event::Settled => beside.walks -= 1,
                    Event::Opened | Event::Wished(_) => {}
                }
                match act {
                    Act::Pull => beside.pulls += 1,
                    Act::Walk => beside.walks += 1,
                    Act::Stay | Act::GiveUp | Act::Stop => {}
                }
                left |= matches!(event, Event::Wished(Wish::Leave | Wish::LeaveNow));
                prop_assert!(beside.pulls + beside.walks <= 1, "{beside:?}");
                prop_assert!(!left || act != Act::Pull, "a leaving slot pulled");
                prop_assert!(
                    next != State::Stopped || beside.pulls + beside.walks == 0,
                    "stopped with {beside:?}"
                );
                state = next;
            }
        }
    }
}
