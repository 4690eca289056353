//! Rates as people write them: `20/s`, `500k/h`, `1M/h`.

use std::fmt;
use std::str::FromStr;

/// Submissions per second; positive and at most a million.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Rate {
    per_second: f64,
}

impl Rate {
    /// Above this a plan does not fit memory.
    const MOST_PER_SECOND: f64 = 1_000_000.0;

    /// Submissions per second.
    pub(crate) const fn per_second(self) -> f64 {
        self.per_second
    }
}

impl FromStr for Rate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let refused =
            || format!("`{text}` is not a rate (write it like 20/s, 600/m, 500k/h or 1M/h)");
        let (number, unit) = text.trim().split_once('/').ok_or_else(refused)?;
        let seconds = match unit.trim() {
            "s" | "sec" => 1.0,
            "m" | "min" => 60.0,
            "h" | "hour" => 3_600.0,
            _ => return Err(refused()),
        };
        let number = number.trim();
        let (digits, scale) = match number.strip_suffix(['k', 'K']) {
            Some(digits) => (digits, 1e3),
            None => match number.strip_suffix('M') {
                Some(digits) => (digits, 1e6),
                None => (number, 1.0),
            },
        };
        let plain = digits.bytes().all(|b| b.is_ascii_digit() || b == b'.');
        let value: f64 = if plain {
            digits.parse().map_err(|_no_number| refused())?
        } else {
            return Err(refused());
        };
        let per_second = value * scale / seconds;
        if per_second <= 0.0 {
            return Err(format!("`{text}`: the rate must be above zero"));
        }
        if per_second > Self::MOST_PER_SECOND {
            return Err(format!("`{text}`: the highest rate is 1M/s"));
        }
        Ok(Self { per_second })
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.1}/s", self.per_second)
    }
}

/// A share as people write it: `20%`, or `0.2`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Share(f64);

impl Share {
    /// From 0 to 1.
    pub(crate) const fn get(self) -> f64 {
        self.0
    }
}

impl FromStr for Share {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let refused = || format!("`{text}` is not a share (write it like 20%, from 0% to 100%)");
        let (digits, scale) = match text.trim().strip_suffix('%') {
            Some(digits) => (digits, 100.0),
            None => (text.trim(), 1.0),
        };
        let plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit() || b == b'.');
        let value: f64 = if plain {
            digits.parse().map_err(|_no_number| refused())?
        } else {
            return Err(refused());
        };
        let share = value / scale;
        if (0.0..=1.0).contains(&share) { Ok(Self(share)) } else { Err(refused()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_a_number_per_second_minute_or_hour() {
        for (text, per_second) in [
            ("20/s", 20.0),
            ("1M/h", 1e6 / 3_600.0),
            ("500k/h", 5e5 / 3_600.0),
            ("600/m", 10.0),
            ("0.5/s", 0.5),
        ] {
            let rate: Rate = text.parse().unwrap();
            assert!((rate.per_second() - per_second).abs() < 1e-9, "{text}");
        }
        for text in ["", "20", "20/d", "-1/s", "0/s", "x/s", "1e3/s", "2M/s", "/s", "1.2.3/s"] {
            assert!(text.parse::<Rate>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_share_lies_between_nothing_and_all() {
        for (text, share) in [("20%", 0.2), ("0%", 0.0), ("100%", 1.0), ("0.25", 0.25)] {
            assert!((text.parse::<Share>().unwrap().get() - share).abs() < 1e-9, "{text}");
        }
        for text in ["", "%", "101%", "-1%", "x%", "2"] {
            assert!(text.parse::<Share>().is_err(), "{text}");
        }
    }
}
