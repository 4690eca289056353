//! A run that climbs until the promise breaks.

use std::time::Duration;

use super::plan::Promise;
use crate::journal::micros;
use crate::num::{float, quantile};

/// A step is judged so long after its end: what was sent last must have had time to be taken.
const GRACE: Duration = Duration::from_secs(1);

/// The waits of a climbing run, step by step.
#[derive(Debug)]
pub(super) struct Climb {
    promise: Promise,
    planned: Vec<Duration>,
    received: Vec<Option<Duration>>,
    /// The next step to judge, from 0.
    step: u32,
    why: String,
}

impl Climb {
    /// A climb with these planned times of sending.
    pub(super) fn new(promise: Promise, planned: &[Duration]) -> Self {
        let received = vec![None; planned.len()];
        Self { promise, planned: planned.to_vec(), received, step: 0, why: String::new() }
    }

    /// A slot took it.
    pub(super) fn received(&mut self, index: usize, at: Duration) {
        if let Some(received) = self.received.get_mut(index) {
            received.get_or_insert(at);
        }
    }

    /// Whether the promise is broken: looks at the steps that have ended.
    pub(super) fn broke(&mut self, now: Duration) -> bool {
        let end = self.promise.step * (self.step + 1);
        if !self.why.is_empty() || now < end + GRACE {
            return false;
        }
        let begin = self.promise.step * self.step;
        self.step += 1;
        let from = self.planned.partition_point(|at| *at < begin);
        let to = self.planned.partition_point(|at| *at < end);
        let both = self.planned.iter().zip(&self.received).skip(from).take(to - from);
        // What nobody has taken yet has waited at least until now.
        let mut waits: Vec<f64> = both
            .map(|(planned, received)| micros(received.unwrap_or(now).saturating_sub(*planned)))
            .map(|wait| float(wait) / 1_000.0)
            .collect();
        waits.sort_by(f64::total_cmp);
        let observed = quantile(&waits, self.promise.percentile / 100.0);
        if observed.is_none_or(|_| self.promise.threshold.holds(observed)) {
            return false;
        }
        let seconds = end.as_secs_f64() - begin.as_secs_f64();
        let rate = crate::num::float_len(to - from) / seconds;
        self.why = format!(
            "{} broke at {rate:.1}/s (observed {:.0} ms in step {})",
            self.promise.threshold,
            observed.unwrap_or_default(),
            self.step
        );
        true
    }

    /// Why the climb ended.
    pub(super) fn why(&self) -> &str {
        &self.why
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_climb_ends_with_the_first_step_whose_wait_breaks_the_promise() {
        let ms = Duration::from_millis;
        let promise = Promise {
            threshold: "wait.p50<100ms".parse().unwrap(),
            percentile: 50.0,
            step: Duration::from_secs(1),
        };
        let planned: Vec<Duration> = (0..30).map(|at| ms(at * 100)).collect();
        let mut climb = Climb::new(promise, &planned);
        for (index, at) in planned.iter().enumerate().take(20) {
            climb.received(index, *at + ms(50));
        }
        assert!(!climb.broke(ms(1_999)), "the first step is not judged yet");
        assert!(!climb.broke(ms(2_000)) && !climb.broke(ms(3_000)));
        assert!(climb.broke(ms(4_000)), "nobody took what was sent in the third");
        assert!(climb.why().contains("wait.p50<100ms broke at 10.0/s"), "{}", climb.why());
        assert!(!climb.broke(ms(9_000)), "it is told once");
    }
}
