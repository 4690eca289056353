//! Numbers of a run as floats and back.

/// Counts and microseconds of a run are far below 2^52, where a float is exact.
#[expect(clippy::cast_precision_loss, reason = "counts and microseconds below 2^52")]
pub(crate) const fn float(value: u64) -> f64 {
    value as f64
}

/// A length as a float.
pub(crate) fn float_len(value: usize) -> f64 {
    float(u64::try_from(value).unwrap_or(u64::MAX))
}

/// The nearest whole number; nothing below zero, and no more than a float holds exactly.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped to what both types hold"
)]
pub(crate) fn whole(value: f64) -> u64 {
    value.round().clamp(0.0, 9e15) as u64
}

/// The value below which a share of a sorted list lies; `None` for an empty one.
pub(crate) fn quantile(sorted: &[f64], share: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    let rank = whole((share.clamp(0.0, 1.0) * float_len(sorted.len())).ceil()).max(1) - 1;
    sorted.get(usize::try_from(rank).unwrap_or(last).min(last)).copied()
}

/// The mean; `None` for an empty list.
pub(crate) fn mean(values: &[f64]) -> Option<f64> {
    if values.is_empty() {
        None
    } else {
        Some(values.iter().sum::<f64>() / float_len(values.len()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_is_one_of_the_values() {
        let values = [1.0, 2.0, 3.0, 4.0];
        for (share, value) in [(0.0, 1.0), (0.25, 1.0), (0.5, 2.0), (0.51, 3.0), (1.0, 4.0)] {
            assert_eq!(quantile(&values, share), Some(value), "{share}");
        }
        assert_eq!(quantile(&[], 0.5), None);
        assert_eq!(mean(&values), Some(2.5));
    }

    #[test]
    fn what_is_no_count_becomes_the_nearest_that_is() {
        for (value, count) in [(-1.0, 0), (0.4, 0), (0.6, 1), (f64::NAN, 0)] {
            assert_eq!(whole(value), count, "{value}");
        }
    }
}
