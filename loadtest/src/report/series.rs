//! A run over time, in pieces of equal length.

use super::latency::{histogram, quantile_ms};
use crate::num::{float, float_len};
use crate::record::{Entry, Record};

/// At most so many pieces: more do not fit the width of a picture.
const PIECES: u64 = 90;
/// A piece is no shorter, or a rate would be mostly noise; microseconds.
const SHORTEST_US: u64 = 1_000_000;

/// Points of a line: seconds since the start, and a value.
pub(super) type Points = Vec<(f64, f64)>;

/// Pieces of a run.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pieces {
    width_us: u64,
    count: u64,
}

impl Pieces {
    /// From the start to the last thing that is known.
    pub(super) fn of(record: &Record) -> Self {
        let entries = record.entries().iter();
        let last = entries.map(|entry| entry.judged.unwrap_or(entry.planned)).max().unwrap_or(0);
        let planned = record.start.duration_s * 1e6;
        let end = last.max(crate::num::whole(planned)).max(1_000_000);
        let width_us = end.div_ceil(PIECES).max(SHORTEST_US);
        Self { width_us, count: end.div_ceil(width_us) }
    }

    /// The end of the run in seconds.
    pub(super) fn seconds(self) -> f64 {
        float(self.width_us * self.count) / 1e6
    }

    /// The middle of a piece in seconds.
    fn middle(self, piece: usize) -> f64 {
        (float_len(piece) + 0.5) * float(self.width_us) / 1e6
    }

    fn piece(self, at: u64) -> usize {
        usize::try_from((at / self.width_us).min(self.count.saturating_sub(1))).unwrap_or(0)
    }

    /// Things per second, by the time of each.
    pub(super) fn per_second(self, times: impl Iterator<Item = u64>) -> Points {
        let mut counts = vec![0_u64; usize::try_from(self.count).unwrap_or(0)];
        for at in times {
            if let Some(count) = counts.get_mut(self.piece(at)) {
                *count += 1;
            }
        }
        let width = float(self.width_us) / 1e6;
        let counts = counts.into_iter().enumerate();
        counts.map(|(piece, count)| (self.middle(piece), float(count) / width)).collect()
    }

    /// Percentiles in milliseconds, by the time the submission was to be sent; pieces without any
    /// are left out.
    pub(super) fn percentiles(
        self,
        record: &Record,
        percentiles: &[f64],
        latency: impl Fn(&Entry) -> Option<u64>,
    ) -> Vec<Points> {
        let mut pieces = vec![vec![]; usize::try_from(self.count).unwrap_or(0)];
        for entry in record.entries().iter().filter(|entry| !entry.storm) {
            if let (Some(us), Some(piece)) =
                (latency(entry), pieces.get_mut(self.piece(entry.planned)))
            {
                piece.push(us);
            }
        }
        let pieces: Vec<_> = pieces.into_iter().map(|piece| histogram(piece.into_iter())).collect();
        let line = |percentile: &f64| {
            let points = pieces.iter().enumerate();
            points
                .filter_map(|(at, piece)| Some((self.middle(at), quantile_ms(piece, *percentile)?)))
                .collect()
        };
        percentiles.iter().map(line).collect()
    }
}

/// A value of each sample.
pub(super) fn of_samples(
    record: &Record,
    value: impl Fn(&crate::journal::Sample) -> Option<f64>,
) -> Points {
    let samples = record.samples.iter();
    samples.filter_map(|sample| Some((float(sample.at_us) / 1e6, value(sample)?))).collect()
}

/// Cores that a part kept busy between two samples.
pub(super) fn cores(record: &Record, part: impl Fn(crate::processes::Used) -> u64) -> Points {
    let seen: Vec<_> =
        record.samples.iter().filter_map(|sample| Some((sample.at_us, sample.used?))).collect();
    let pairs = seen.iter().zip(seen.iter().skip(1));
    pairs
        .filter(|((from, _), (to, _))| to > from)
        .map(|((from, before), (to, after))| {
            let used = float(part(after.since(*before)));
            (float(from + (to - from) / 2) / 1e6, used / float(to - from))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::testing::{judged, record, sent};

    #[test]
    fn what_happens_is_counted_where_it_happens() {
        let facts = [sent(0, 0, 0), sent(1, 0, 9_900_000), judged(0, "AC exited", 50_000)];
        let record = record(2, facts);
        let pieces = Pieces::of(&record);
        let sent = pieces.per_second(record.entries().iter().map(|entry| entry.planned));
        let total: f64 = sent.iter().map(|(_, rate)| rate).sum();
        assert!((total - 2.0).abs() < 1e-9, "{total}");
        assert!(sent.first().is_some_and(|(_, rate)| *rate > 0.0));
        assert!(sent.last().is_some_and(|(_, rate)| *rate > 0.0));
        let lines = pieces.percentiles(&record, &[50.0], Entry::total);
        assert_eq!(lines[0].len(), 1);
        assert!((pieces.seconds() - 10.0).abs() < 1e-9, "{}", pieces.seconds());
    }
}
