//! When each submission is to be sent, drawn before the run: arrivals do not wait for answers.

use std::time::Duration;

use rand::Rng;
use rand::SeedableRng;
use rand_chacha::ChaCha12Rng;

use crate::rate::Rate;

/// The most submissions one plan holds.
pub(crate) const MOST: usize = 20_000_000;

/// Draws the arrivals of a Poisson process of constant rate: independent gaps, so that arrivals
/// inside a minute scatter as those of real contests do. The same seed gives the same plan.
pub(crate) fn poisson(rate: Rate, duration: Duration, seed: u64) -> Vec<Duration> {
    let mut draws = ChaCha12Rng::seed_from_u64(seed);
    let end = duration.as_secs_f64();
    let mut at = 0.0_f64;
    let mut plan = Vec::new();
    while plan.len() < MOST {
        // 1 - u lies in (0, 1], so its logarithm is finite.
        let u: f64 = draws.random();
        at -= (1.0 - u).ln() / rate.per_second();
        if at >= end {
            break;
        }
        plan.push(Duration::from_secs_f64(at));
    }
    plan
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(rate: &str, seconds: u64, seed: u64) -> Vec<Duration> {
        poisson(rate.parse().unwrap(), Duration::from_secs(seconds), seed)
    }

    #[test]
    fn the_same_seed_gives_the_same_plan_and_another_seed_another() {
        assert_eq!(plan("20/s", 30, 7), plan("20/s", 30, 7));
        assert_ne!(plan("20/s", 30, 7), plan("20/s", 30, 8));
    }

    #[test]
    fn a_plan_is_in_order_inside_its_duration_and_as_dense_as_asked() {
        let plan = plan("1M/h", 60, 1);
        assert!(plan.is_sorted());
        assert!(plan.last().is_some_and(|last| *last < Duration::from_secs(60)));
        // 16,667 expected; five standard deviations are 645.
        assert!(plan.len().abs_diff(16_667) < 645, "{}", plan.len());
    }

    #[test]
    fn seconds_scatter_as_a_poisson_process_does() {
        let plan = plan("100/s", 1_000, 3);
        let mut counts = vec![0.0_f64; 1_000];
        for at in &plan {
            counts[usize::try_from(at.as_secs()).unwrap()] += 1.0;
        }
        let mean = counts.iter().sum::<f64>() / 1_000.0;
        let variance = counts.iter().map(|count| (count - mean).powi(2)).sum::<f64>() / 999.0;
        let dispersion = variance / mean;
        assert!((0.8..1.2).contains(&dispersion), "{dispersion}");
    }
}
