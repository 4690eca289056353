//! Latencies from the planned time, so that a stalled generator hides nothing.

use hdrhistogram::Histogram;
use serde::Serialize;

use crate::num::float;
use crate::record::{Entry, Record};

/// The longest latency the histograms hold: a day, in microseconds.
const LONGEST_US: u64 = 86_400_000_000;

/// Percentiles in milliseconds; null when nothing was measured.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Latency {
    pub(crate) count: u64,
    pub(crate) p50: Option<f64>,
    p90: Option<f64>,
    pub(crate) p95: Option<f64>,
    pub(crate) p99: Option<f64>,
    #[serde(rename = "p99.9")]
    pub(crate) p999: Option<f64>,
    pub(crate) max: Option<f64>,
}

/// The latencies of a run, those of a storm of rejudgings left out.
#[derive(Debug)]
pub(super) struct Latencies {
    wait: Histogram<u64>,
    judging: Histogram<u64>,
    total: Histogram<u64>,
}

impl Latencies {
    pub(super) fn of(record: &Record) -> Self {
        let live = || record.entries().iter().filter(|entry| !entry.storm);
        let judging = |entry: &Entry| Some(entry.judged?.saturating_sub(entry.received?));
        Self {
            wait: histogram(live().filter_map(Entry::wait)),
            judging: histogram(live().filter_map(judging)),
            total: histogram(live().filter_map(Entry::total)),
        }
    }

    /// Until a slot took it.
    pub(super) fn wait(&self) -> Latency {
        Latency::of(&self.wait)
    }

    /// From then to the verdict.
    pub(super) fn judging(&self) -> Latency {
        Latency::of(&self.judging)
    }

    /// Until the verdict.
    pub(super) fn total(&self) -> Latency {
        Latency::of(&self.total)
    }

    pub(super) fn wait_at(&self, percentile: f64) -> Option<f64> {
        quantile_ms(&self.wait, percentile)
    }

    pub(super) fn total_at(&self, percentile: f64) -> Option<f64> {
        quantile_ms(&self.total, percentile)
    }
}

impl Latency {
    pub(super) fn of(histogram: &Histogram<u64>) -> Self {
        let at = |percentile: f64| quantile_ms(histogram, percentile);
        Self {
            count: histogram.len(),
            p50: at(50.0),
            p90: at(90.0),
            p95: at(95.0),
            p99: at(99.0),
            p999: at(99.9),
            max: at(100.0),
        }
    }

    pub(crate) fn in_words(&self) -> String {
        use super::words::figure;
        format!(
            "p50 {}   p95 {}   p99 {}   p99.9 {}   max {}   (ms, of {})",
            figure(self.p50),
            figure(self.p95),
            figure(self.p99),
            figure(self.p999),
            figure(self.max),
            self.count
        )
    }
}

/// A histogram of microseconds.
pub(super) fn histogram(micros: impl Iterator<Item = u64>) -> Histogram<u64> {
    let mut histogram =
        Histogram::new_with_bounds(1, LONGEST_US, 3).expect("the bounds are constants in range");
    for latency in micros {
        histogram.saturating_record(latency.clamp(1, LONGEST_US));
    }
    histogram
}

/// A percentile in milliseconds.
pub(super) fn quantile_ms(histogram: &Histogram<u64>, percentile: f64) -> Option<f64> {
    if histogram.is_empty() {
        return None;
    }
    let micros = if percentile >= 100.0 {
        histogram.max()
    } else {
        histogram.value_at_percentile(percentile)
    };
    Some(float(micros) / 1_000.0)
}
