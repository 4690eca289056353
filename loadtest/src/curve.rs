//! The shape of a rate over time, relative to its mean.

use std::path::Path;

use anyhow::{Context, Result, bail, ensure};

use crate::num::float_len;

/// The most pieces a curve has: more than seconds in a day.
const MOST_PIECES: usize = 100_000;

/// Consecutive pieces of equal length, each with a constant rate relative to the mean of all.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Curve {
    pieces: Vec<f64>,
}

impl Curve {
    /// The same rate all the time.
    pub(crate) fn flat() -> Self {
        Self { pieces: vec![1.0] }
    }

    /// From weights of consecutive pieces; only their proportions count.
    ///
    /// # Errors
    /// When there are none, one is negative or not a number, or all are zero.
    pub(crate) fn new(weights: Vec<f64>) -> Result<Self> {
        ensure!(!weights.is_empty(), "a curve needs at least one number");
        ensure!(weights.len() <= MOST_PIECES, "a curve has at most {MOST_PIECES} numbers");
        if let Some(bad) = weights.iter().find(|weight| !weight.is_finite() || **weight < 0.0) {
            bail!("`{bad}` is no rate (from 0 up)");
        }
        let mean = weights.iter().sum::<f64>() / float_len(weights.len());
        ensure!(mean > 0.0 && mean.is_finite(), "all rates of the curve are zero");
        Ok(Self { pieces: weights.into_iter().map(|weight| weight / mean).collect() })
    }

    /// Reads numbers between blanks and line ends; `#` begins a comment.
    ///
    /// # Errors
    /// Names the line that is no list of numbers.
    pub(crate) fn parse(text: &str, name: &str) -> Result<Self> {
        let mut weights = Vec::new();
        for (number, line) in text.lines().enumerate() {
            let line = line.split('#').next().unwrap_or_default();
            for word in line.split_whitespace() {
                let weight = word.parse::<f64>().ok();
                let weight = weight.filter(|weight| weight.is_finite() && *weight >= 0.0);
                weights.push(weight.with_context(|| {
                    format!("{name}:{}: `{word}` is no rate (a number from 0 up)", number + 1)
                })?);
            }
        }
        Self::new(weights).with_context(|| name.to_owned())
    }

    /// Reads a curve from a file.
    ///
    /// # Errors
    /// When it cannot be read, or names the line that does not parse.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let name = path.display().to_string();
        let text = std::fs::read_to_string(path).with_context(|| name.clone())?;
        Self::parse(&text, &name)
    }

    /// The last `share` (0 to 1) of it as a curve of its own.
    pub(crate) fn tail(&self, share: f64) -> Self {
        let keep = crate::num::whole(float_len(self.pieces.len()) * share).max(1);
        let skip = self.pieces.len().saturating_sub(usize::try_from(keep).unwrap_or(usize::MAX));
        let rest: Vec<f64> = self.pieces.iter().copied().skip(skip).collect();
        Self::new(rest).unwrap_or_else(|_all_zero| Self::flat())
    }

    /// The rates, relative to their mean.
    pub(crate) fn pieces(&self) -> &[f64] {
        &self.pieces
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_proportions_count_and_the_mean_is_one() {
        let curve = Curve::parse("# doubled\n2 2\n8 # a peak\n", "x").unwrap();
        assert_eq!(curve.pieces(), [0.5, 0.5, 2.0]);
        assert_eq!(curve.tail(0.5).pieces(), [0.4, 1.6]);
    }

    #[test]
    fn what_is_no_curve_is_refused_with_its_line() {
        for (text, words) in [
            ("", "at least one number"),
            ("0 0\n", "all rates of the curve are zero"),
            ("1 2\n3 x\n", "mine:2: `x` is no rate"),
            ("1\n-1\n", "mine:2: `-1` is no rate"),
            ("1\n2\nNaN\n", "mine:3: `NaN` is no rate"),
            ("inf", "mine:1: `inf` is no rate"),
            ("{\"rates\": [1]}", "mine:1: `{\"rates\":` is no rate"),
        ] {
            let error = format!("{:#}", Curve::parse(text, "mine").unwrap_err());
            assert!(error.contains(words), "{text}: {error}");
        }
    }
}
