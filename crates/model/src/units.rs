//! Quantities with their units in the type: microseconds of CPU, microseconds of wall clock, bytes.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// A quantity that was not written as a number with a unit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnitError {
    /// Not `<number><unit>` with a unit of time.
    #[error("`{0}` is not a time (write it like `2s`, `1.5s`, `500ms` or `250us`)")]
    Time(String),
    /// Not `<number><unit>` with a unit of size.
    #[error("`{0}` is not a size (write it like `256MiB`, `64K` or `1048576`)")]
    Size(String),
    /// The number does not fit 64 bits of its smallest unit.
    #[error("`{0}` is too large")]
    TooLarge(String),
}

macro_rules! time_unit {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
        pub struct $name(u64);

        impl $name {
            /// Zero.
            pub const ZERO: Self = Self(0);

            /// From microseconds.
            #[must_use]
            pub const fn from_micros(micros: u64) -> Self {
                Self(micros)
            }

            /// From milliseconds; saturates at 2^64 microseconds.
            #[must_use]
            pub const fn from_ms(ms: u64) -> Self {
                Self(ms.saturating_mul(1_000))
            }

            /// From seconds; saturates at 2^64 microseconds.
            #[must_use]
            pub const fn from_secs(secs: u64) -> Self {
                Self(secs.saturating_mul(1_000_000))
            }

            /// In microseconds.
            #[must_use]
            pub const fn micros(self) -> u64 {
                self.0
            }

            /// As a standard duration.
            #[must_use]
            pub const fn duration(self) -> Duration {
                Duration::from_micros(self.0)
            }

            /// The sum, or the largest value.
            #[must_use]
            pub const fn saturating_add(self, other: Self) -> Self {
                Self(self.0.saturating_add(other.0))
            }

            /// The difference, or zero.
            #[must_use]
            pub const fn saturating_sub(self, other: Self) -> Self {
                Self(self.0.saturating_sub(other.0))
            }
        }

        impl FromStr for $name {
            type Err = UnitError;

            fn from_str(text: &str) -> Result<Self, UnitError> {
                parse_micros(text).map(Self)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write_micros(self.0, f)
            }
        }
    };
}

time_unit! {
    /// CPU time, user and system together, of every process of a run.
    CpuTime
}
time_unit! {
    /// Wall-clock time on the monotonic clock.
    WallTime
}

/// A size in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Bytes(u64);

impl Bytes {
    /// Zero.
    pub const ZERO: Self = Self(0);

    /// From bytes.
    #[must_use]
    pub const fn new(bytes: u64) -> Self {
        Self(bytes)
    }

    /// From KiB; saturates.
    #[must_use]
    pub const fn from_kib(kib: u64) -> Self {
        Self(kib.saturating_mul(1 << 10))
    }

    /// From MiB; saturates.
    #[must_use]
    pub const fn from_mib(mib: u64) -> Self {
        Self(mib.saturating_mul(1 << 20))
    }

    /// In bytes.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The sum, or the largest value.
    #[must_use]
    pub const fn saturating_add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl FromStr for Bytes {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        let (digits, unit) = split_number(text);
        let scale: u64 = match unit.to_ascii_lowercase().as_str() {
            "" | "b" => 1,
            "k" | "kb" | "kib" => 1 << 10,
            "m" | "mb" | "mib" => 1 << 20,
            "g" | "gb" | "gib" => 1 << 30,
            _ => return Err(UnitError::Size(text.to_owned())),
        };
        scaled(digits, scale)
            .ok_or_else(|| UnitError::Size(text.to_owned()))?
            .map_or_else(|| Err(UnitError::TooLarge(text.to_owned())), |bytes| Ok(Self(bytes)))
    }
}

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const UNITS: [(u64, &str); 3] = [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
        for (scale, name) in UNITS {
            if self.0 >= scale {
                return if self.0.is_multiple_of(scale) {
                    write!(f, "{} {name}", self.0 / scale)
                } else {
                    // The tenth of a unit, rounded down; in 128 bits, since a size may be near 2^64.
                    let tenths = u128::from(self.0) * 10 / u128::from(scale);
                    write!(f, "{}.{} {name}", tenths / 10, tenths % 10)
                };
            }
        }
        write!(f, "{} B", self.0)
    }
}

fn parse_micros(text: &str) -> Result<u64, UnitError> {
    let (digits, unit) = split_number(text);
    let scale = match unit {
        "us" => 1,
        "ms" => 1_000,
        "s" => 1_000_000,
        "m" | "min" => 60_000_000,
        "h" => 3_600_000_000,
        _ => return Err(UnitError::Time(text.to_owned())),
    };
    match scaled(digits, scale) {
        None => Err(UnitError::Time(text.to_owned())),
        Some(None) => Err(UnitError::TooLarge(text.to_owned())),
        Some(Some(micros)) => Ok(micros),
    }
}

fn write_micros(micros: u64, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    if micros < 1_000 {
        write!(f, "{micros} us")
    } else if micros < 1_000_000 {
        write!(f, "{}.{} ms", micros / 1_000, micros % 1_000 / 100)
    } else {
        write!(f, "{}.{:03} s", micros / 1_000_000, micros % 1_000_000 / 1_000)
    }
}

/// Splits `1.5s` into `1.5` and `s`.
fn split_number(text: &str) -> (&str, &str) {
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (digits, unit) = text.split_at(end);
    (digits, unit.trim_start())
}

/// A decimal number times `scale`: `None` when it is no number, `Some(None)` when it is too large.
fn scaled(digits: &str, scale: u64) -> Option<Option<u64>> {
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if whole.is_empty() || fraction.len() > 9 || fraction.contains('.') {
        return None;
    }
    let Ok(whole) = whole.parse::<u64>() else { return Some(None) };
    let Some(total) = whole.checked_mul(scale) else { return Some(None) };
    if fraction.is_empty() {
        return if digits.ends_with('.') { None } else { Some(Some(total)) };
    }
    let numerator = fraction.parse::<u128>().ok()?;
    let denominator = 10_u128.pow(u32::try_from(fraction.len()).ok()?);
    let part = u64::try_from(u128::from(scale) * numerator / denominator).ok()?;
    Some(total.checked_add(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_a_number_with_a_unit() {
        for (text, micros) in [
            ("2s", 2_000_000),
            ("1.5s", 1_500_000),
            ("500ms", 500_000),
            ("250us", 250),
            ("1m", 60_000_000),
            ("0s", 0),
        ] {
            assert_eq!(text.parse::<CpuTime>(), Ok(CpuTime::from_micros(micros)), "{text}");
        }
    }

    #[test]
    fn a_time_without_a_number_or_a_unit_is_refused_with_an_example() {
        for text in ["", "2", "s", "-1s", "1..5s", "1.s", "2 parsecs", "NaNs", "1e3s"] {
            let error = text.parse::<WallTime>().unwrap_err();
            assert!(error.to_string().contains("500ms"), "{text}: {error}");
        }
        let error = "99999999999999999999s".parse::<WallTime>().unwrap_err();
        assert_eq!(error, UnitError::TooLarge("99999999999999999999s".to_owned()));
    }

    #[test]
    fn a_size_is_a_number_with_a_binary_unit() {
        for (text, bytes) in [
            ("256MiB", 256 << 20),
            ("64K", 64 << 10),
            ("1048576", 1 << 20),
            ("1.5G", 3 << 29),
            ("7B", 7),
            ("0", 0),
        ] {
            assert_eq!(text.parse::<Bytes>(), Ok(Bytes::new(bytes)), "{text}");
        }
        for text in ["", "MiB", "-1", "1x", "1.2.3M"] {
            assert!(text.parse::<Bytes>().is_err(), "{text}");
        }
    }

    #[test]
    fn quantities_print_as_people_write_them() {
        assert_eq!(Bytes::from_mib(256).to_string(), "256 MiB");
        assert_eq!(Bytes::new(1_327_104).to_string(), "1.2 MiB");
        assert_eq!(Bytes::new(49_999).to_string(), "48.8 KiB");
        assert_eq!(Bytes::new(17).to_string(), "17 B");
        assert_eq!(CpuTime::from_micros(999).to_string(), "999 us");
        assert_eq!(CpuTime::from_micros(1_200).to_string(), "1.2 ms");
        assert_eq!(CpuTime::from_micros(1_000_950).to_string(), "1.000 s");
    }
}
