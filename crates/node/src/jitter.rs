//! Randomness for delays only: nothing here has to be unpredictable, only spread out.

use std::hash::{BuildHasher, Hasher, RandomState};

/// A number from `least` to `most`, both included; `least` when they are the wrong way round.
pub(crate) fn between(least: u64, most: u64) -> u64 {
    let span = most.saturating_sub(least).saturating_add(1);
    // Every `RandomState` has keys of its own.
    least + RandomState::new().build_hasher().finish() % span
}

#[cfg(test)]
mod tests {
    use super::between;

    #[test]
    fn a_number_lies_between_its_bounds() {
        for _ in 0..1_000 {
            assert!((5..=9).contains(&between(5, 9)));
        }
        assert_eq!(between(7, 7), 7);
        assert_eq!(between(7, 3), 7);
    }
}
