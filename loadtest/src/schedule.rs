//! When each submission is to be sent, drawn before the run: arrivals do not wait for answers.

use std::time::Duration;

use rand::Rng;
use rand::SeedableRng;
use rand_chacha::ChaCha12Rng;

use crate::curve::Curve;
use crate::num::float_len;

/// The most submissions one plan holds.
pub(crate) const MOST: usize = 20_000_000;

/// Draws the arrivals of a Poisson process whose rate follows a curve with the mean `per_second`:
/// independent gaps, so that arrivals inside a minute scatter as those of real contests do. The
/// same seed gives the same plan.
pub(crate) fn poisson(
    per_second: f64,
    curve: &Curve,
    duration: Duration,
    seed: u64,
) -> Vec<Duration> {
    let mut draws = ChaCha12Rng::seed_from_u64(seed);
    let length = duration.as_secs_f64() / float_len(curve.pieces().len());
    let mut plan = Vec::new();
    // What is left of the gap that was drawn, in arrivals of a process of rate one.
    let mut gap = exponential(&mut draws);
    for (piece, relative) in curve.pieces().iter().enumerate() {
        let (start, rate) = (float_len(piece) * length, relative * per_second);
        let mut at = 0.0;
        loop {
            let holds = (length - at) * rate;
            if holds <= gap {
                gap -= holds;
                break;
            }
            at += gap / rate;
            gap = exponential(&mut draws);
            plan.push(Duration::from_secs_f64((start + at).min(duration.as_secs_f64())));
            if plan.len() >= MOST {
                return plan;
            }
        }
    }
    plan
}

fn exponential(draws: &mut ChaCha12Rng) -> f64 {
    // 1 - u lies in (0, 1], so its logarithm is finite.
    let u: f64 = draws.random();
    -(1.0 - u).ln()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::Profile;

    fn plan(per_second: f64, seconds: u64, seed: u64) -> Vec<Duration> {
        poisson(per_second, &Curve::flat(), Duration::from_secs(seconds), seed)
    }

    #[test]
    fn the_same_seed_gives_the_same_plan_and_another_seed_another() {
        assert_eq!(plan(20.0, 30, 7), plan(20.0, 30, 7));
        assert_ne!(plan(20.0, 30, 7), plan(20.0, 30, 8));
    }

    #[test]
    fn a_plan_is_in_order_inside_its_duration_and_as_dense_as_asked() {
        let plan = plan(1e6 / 3_600.0, 60, 1);
        assert!(plan.is_sorted());
        assert!(plan.last().is_some_and(|last| *last < Duration::from_secs(60)));
        // 16,667 expected; five standard deviations are 645.
        assert!(plan.len().abs_diff(16_667) < 645, "{}", plan.len());
    }

    #[test]
    fn a_curve_is_followed_minute_by_minute() {
        let hour = Duration::from_secs(3_600);
        let curve = Profile::LastHour.curve(hour).unwrap();
        let plan = poisson(100.0, &curve, hour, 5);
        assert!(plan.is_sorted());
        for minute in [0, 30, 58, 59] {
            let count = plan.iter().filter(|at| at.as_secs() / 60 == minute).count();
            let expected = 6_000.0 * curve.pieces()[usize::try_from(minute).unwrap()];
            let five = 5.0 * expected.sqrt();
            assert!((float_len(count) - expected).abs() < five, "minute {minute}: {count}");
        }
    }

    #[test]
    fn a_silent_piece_of_a_curve_stays_silent() {
        let curve = Curve::new(vec![1.0, 0.0, 1.0]).unwrap();
        let plan = poisson(100.0, &curve, Duration::from_secs(30), 2);
        assert_eq!(plan.iter().filter(|at| (10..20).contains(&at.as_secs())).count(), 0);
        assert!(plan.len() > 2_500, "{}", plan.len());
    }

    #[test]
    fn seconds_scatter_as_a_poisson_process_does() {
        let plan = plan(100.0, 1_000, 3);
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
