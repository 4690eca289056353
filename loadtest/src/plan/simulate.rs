//! A cluster on paper: submissions arrive as drawn, a free slot takes the oldest one, and keeps it as
//! long as measured submissions kept theirs, by the pace of the second it is: the measured seconds come
//! in their order, from one that is drawn.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use rand::Rng;
use rand::SeedableRng;
use rand_chacha::ChaCha12Rng;

use crate::num::{float, float_len, quantile, whole};
use crate::report::{Costs, Distribution};

/// What a simulated cluster did.
#[derive(Debug, Clone)]
pub(super) struct Outcome {
    /// Waits in milliseconds, the least first.
    waits: Vec<f64>,
    /// From the start to the last verdict, in seconds.
    seconds: f64,
    /// The slots' time that was used, as a share.
    pub(super) busy: f64,
}

impl Outcome {
    /// A percentile of the wait in milliseconds.
    pub(super) fn wait(&self, percentile: f64) -> f64 {
        quantile(&self.waits, percentile / 100.0).unwrap_or(0.0)
    }

    /// Submissions judged per second.
    pub(super) fn per_second(&self) -> f64 {
        float_len(self.waits.len()) / self.seconds.max(1e-9)
    }
}

/// Plays arrivals (in order) on so many slots.
pub(super) fn play(arrivals: &[Duration], slots: u32, costs: &Costs, seed: u64) -> Outcome {
    let mut draws = ChaCha12Rng::seed_from_u64(seed);
    draws.set_stream(7);
    let mut heap = Slots::new(slots);
    let pace = Pace { seconds: &costs.pace, from: draws.random() };
    let mut waits = Vec::with_capacity(arrivals.len());
    let (mut used, mut last) = (0.0, 0.0_f64);
    for at in arrivals {
        let at = at.as_secs_f64() * 1_000.0;
        let dispatch = costs.dispatch_ms.as_ref();
        let dispatch = dispatch.map_or(0.0, |dispatch| dispatch.at(draws.random()));
        let (begin, busy) = heap.begin(at, dispatch);
        let crowded = busy * 2 > u64::from(slots);
        let seen = service(costs, crowded).map_or(0.0, |service| service.at(draws.random()));
        let seen = seen * pace.at(begin);
        let holds = (seen + costs.turnaround_ms.unwrap_or(0.0)).max(0.0);
        heap.hold_until(begin + holds);
        waits.push(begin - at);
        used += holds;
        last = last.max(begin + seen);
    }
    waits.sort_by(f64::total_cmp);
    let capacity = last * f64::from(slots);
    let busy = if capacity > 0.0 { used / capacity } else { 0.0 };
    Outcome { waits, seconds: last / 1_000.0, busy }
}

/// The times of judging on a machine as full as that.
fn service(costs: &Costs, crowded: bool) -> Option<&Distribution> {
    let (first, second) =
        if crowded { (&costs.full_ms, &costs.alone_ms) } else { (&costs.alone_ms, &costs.full_ms) };
    first.as_ref().or(second.as_ref())
}

/// The pace of the machine over time.
#[derive(Debug)]
struct Pace<'a> {
    seconds: &'a [f64],
    /// Where it begins, as a share of the whole.
    from: f64,
}

impl Pace<'_> {
    fn at(&self, ms: f64) -> f64 {
        let length = float_len(self.seconds.len());
        let second = (self.from * length + ms / 1_000.0) % length.max(1.0);
        let second = usize::try_from(whole(second.floor())).unwrap_or(0);
        self.seconds.get(second).copied().unwrap_or(1.0)
    }
}

/// When each busy slot is free again, in microseconds: whole numbers have an order.
#[derive(Debug)]
struct Slots {
    all: usize,
    busy: BinaryHeap<Reverse<u64>>,
}

impl Slots {
    fn new(slots: u32) -> Self {
        Self { all: usize::try_from(slots).unwrap_or(1).max(1), busy: BinaryHeap::new() }
    }

    /// When a submission that comes at `at` is taken, and how many slots are busy then, its own
    /// included. An idle slot takes it after `dispatch`; one that was waited for takes it at once,
    /// for what is between two submissions is part of what they hold it.
    fn begin(&mut self, at: f64, dispatch: f64) -> (f64, u64) {
        while let Some(Reverse(free)) = self.busy.peek() {
            if float(*free) / 1_000.0 > at {
                break;
            }
            self.busy.pop();
        }
        let begin = if self.busy.len() < self.all {
            at + dispatch
        } else {
            self.busy.pop().map_or(at, |Reverse(free)| float(free) / 1_000.0)
        };
        (begin, u64::try_from(self.busy.len()).unwrap_or(0) + 1)
    }

    fn hold_until(&mut self, ms: f64) {
        self.busy.push(Reverse(whole(ms * 1_000.0)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::testing::costs;

    fn poisson(per_second: f64, seconds: u64) -> Vec<Duration> {
        let curve = crate::curve::Curve::flat();
        crate::schedule::poisson(per_second, &curve, Duration::from_secs(seconds), 3)
    }

    #[test]
    fn a_slot_that_is_never_needed_twice_never_makes_anybody_wait() {
        let arrivals: Vec<Duration> = (0..100).map(Duration::from_secs).collect();
        let outcome = play(&arrivals, 1, &costs(10.0, None), 1);
        assert!(outcome.wait(100.0) < 1e-9, "{}", outcome.wait(100.0));
    }

    #[test]
    fn the_wait_of_one_slot_is_that_of_the_books() {
        // M/D/1 at a load of 0.8: the mean wait is ρ / (2 (1 − ρ)) services, which is 20 ms here.
        let outcome = play(&poisson(80.0, 2_000), 1, &costs(10.0, None), 1);
        let mean = crate::num::mean(&outcome.waits).unwrap();
        assert!((18.0..22.0).contains(&mean), "{mean}");
        assert!((0.79..0.81).contains(&outcome.busy), "{}", outcome.busy);
    }

    #[test]
    fn slow_seconds_make_long_waits_that_their_mean_does_not() {
        let arrivals = poisson(60.0, 1_000);
        let steady = play(&arrivals, 1, &costs(10.0, None), 1);
        let mut slow = costs(10.0, None);
        slow.pace = [vec![0.9; 9], vec![1.9]].concat();
        let slow = play(&arrivals, 1, &slow, 1);
        assert!((slow.busy - steady.busy).abs() < 0.02, "{} {}", slow.busy, steady.busy);
        let (slow, steady) = (slow.wait(99.0), steady.wait(99.0));
        assert!(slow > 2.0 * steady, "{slow} {steady}");
    }

    #[test]
    fn the_pace_begins_anywhere_and_goes_round() {
        let seconds = [1.0, 2.0, 3.0, 4.0];
        let pace = Pace { seconds: &seconds, from: 0.5 };
        for (ms, expected) in
            [(0.0, 3.0), (999.0, 3.0), (1_000.0, 4.0), (2_000.0, 1.0), (9_500.0, 4.0)]
        {
            assert!((pace.at(ms) - expected).abs() < 1e-9, "{ms}");
        }
        assert!((Pace { seconds: &[], from: 0.3 }.at(5.0) - 1.0).abs() < 1e-9);
    }

    #[test]
    fn more_than_the_slots_carry_is_judged_at_their_rate() {
        // 8 ms seen and 2 ms between two: two slots judge 200 a second.
        let outcome = play(&poisson(300.0, 60), 2, &costs(8.0, Some(2.0)), 1);
        assert!((198.0..202.0).contains(&outcome.per_second()), "{}", outcome.per_second());
    }
}
