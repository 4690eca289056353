//! The clock of runs.

use std::time::Duration;

use crate::sys::raw;

/// The monotonic clock, nanoseconds.
pub(crate) fn now() -> u64 {
    raw::clock_ns(libc::CLOCK_MONOTONIC)
}

/// A duration in nanoseconds.
pub(crate) fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
