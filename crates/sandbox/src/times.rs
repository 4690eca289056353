//! How long making and clearing boxes takes, counted for whoever asks: a few counters, so that it costs
//! a run two additions and no memory, whether anybody asks or not.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The classes durations are counted in, by their upper bounds in seconds; what is longer than the last
/// has a class of its own.
pub const BOUNDS: [f64; 9] = [0.000_5, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25];

/// The same in nanoseconds.
const NANOS: [u64; BOUNDS.len()] = [
    500_000,
    1_000_000,
    2_000_000,
    5_000_000,
    10_000_000,
    25_000_000,
    50_000_000,
    100_000_000,
    250_000_000,
];

/// So many durations of one class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tally {
    /// How many, at least one.
    pub count: u64,
    /// Their mean, which is of the same class.
    pub mean: Duration,
}

/// What has been counted since the last look.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BoxTimes {
    /// From the request of a run until its program's exec: taking a box that is ready, or waiting for
    /// one, and giving it its job.
    pub setup: Vec<Tally>,
    /// Clearing a box away after its end: its mounts, its control group made as new. It happens beside
    /// the runs.
    pub cleanup: Vec<Tally>,
}

/// Both, as they are counted.
#[derive(Debug, Default)]
pub(crate) struct Times {
    pub(crate) setup: Counters,
    pub(crate) cleanup: Counters,
}

impl Times {
    /// What has been counted since the last call.
    pub(crate) fn take(&self) -> BoxTimes {
        BoxTimes { setup: self.setup.take(), cleanup: self.cleanup.take() }
    }
}

/// Durations by class.
#[derive(Debug, Default)]
pub(crate) struct Counters([Counter; BOUNDS.len() + 1]);

#[derive(Debug, Default)]
struct Counter {
    count: AtomicU64,
    nanos: AtomicU64,
}

impl Counters {
    pub(crate) fn add(&self, duration: Duration) {
        let nanos = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        let class = NANOS.iter().position(|bound| nanos <= *bound).unwrap_or(NANOS.len());
        if let Some(counter) = self.0.get(class) {
            counter.nanos.fetch_add(nanos, Ordering::Relaxed);
            counter.count.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn take(&self) -> Vec<Tally> {
        let mut least = 0;
        let mut tallies = Vec::new();
        for (counter, most) in self.0.iter().zip(NANOS.iter().copied().chain([u64::MAX])) {
            let count = counter.count.swap(0, Ordering::Relaxed);
            let nanos = (count > 0).then(|| counter.nanos.swap(0, Ordering::Relaxed));
            // Of one that is being added just now only half may be seen.
            let mean = nanos.and_then(|nanos| Some(nanos.checked_div(count)?.clamp(least, most)));
            tallies.extend(mean.map(|mean| Tally { count, mean: Duration::from_nanos(mean) }));
            least = most.saturating_add(1);
        }
        tallies
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_in_the_class_of_its_bound_and_one_more_is_in_the_next() {
        for (index, bound) in NANOS.iter().enumerate() {
            assert_eq!(Duration::from_nanos(*bound), Duration::from_secs_f64(BOUNDS[index]));
            let counters = Counters::default();
            counters.add(Duration::from_nanos(*bound));
            counters.add(Duration::from_nanos(bound + 1));
            let means: Vec<_> = counters.take().iter().map(|tally| tally.mean).collect();
            assert_eq!(means, [Duration::from_nanos(*bound), Duration::from_nanos(bound + 1)]);
        }
    }

    #[test]
    fn what_was_counted_is_told_once_with_its_exact_sum() {
        let counters = Counters::default();
        for micros in [100, 200, 600, 300_000] {
            counters.add(Duration::from_micros(micros));
        }
        let tally = |count, micros| Tally { count, mean: Duration::from_micros(micros) };
        assert_eq!(counters.take(), [tally(2, 150), tally(1, 600), tally(1, 300_000)]);
        assert_eq!(counters.take(), []);
    }
}
