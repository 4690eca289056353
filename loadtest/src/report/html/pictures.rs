//! The charts of the page.

use super::super::Report;
use super::super::latency::{histogram, quantile_ms};
use super::super::series::{self, Pieces};
use super::svg::{self, Axis, Chart, Line};
use crate::num::float;
use crate::processes::Used;
use crate::record::{Entry, Record};

/// The percentiles that are followed over time.
const FOLLOWED: [(f64, &str); 4] = [(50.0, "p50"), (95.0, "p95"), (99.0, "p99"), (99.9, "p99.9")];

/// One part of what was used.
type Part = fn(Used) -> u64;

fn charts(charts: &[String]) -> String {
    format!("<div class=\"charts\">{}</div>", charts.concat())
}

/// Offered and judged, and what waits.
pub(super) fn load(record: &Record) -> String {
    let pieces = Pieces::of(record);
    let (seconds, bands) = (pieces.seconds(), bands(record));
    // What a stopped run never sent was not offered.
    let live = || record.entries().iter().filter(|entry| !entry.storm && entry.sent.is_some());
    let storm = record.entries().iter().filter(|entry| entry.storm);
    let mut rates = vec![
        Line::new("offered", pieces.per_second(live().map(|entry| entry.planned))),
        Line::new("stored", pieces.per_second(live().filter_map(|entry| entry.acked))),
        Line::new(
            "judged",
            pieces.per_second(record.entries().iter().filter_map(|entry| entry.judged)),
        ),
    ];
    if record.start.storm > 0 {
        let sent = pieces.per_second(storm.filter_map(|entry| entry.acked));
        rates.push(Line::new("rejudgings stored", sent));
    }
    let chart = |title, unit, lines, logarithmic| {
        Chart { title, unit, seconds, lines, logarithmic, bands: &bands }.draw()
    };
    let mut lanes: Vec<&str> = Vec::new();
    for lane in record.samples.iter().flat_map(|sample| &sample.lanes) {
        if !lanes.contains(&lane.lane.as_str()) {
            lanes.push(&lane.lane);
        }
    }
    let of_lanes = |value: fn(&crate::journal::LaneSample) -> f64| -> Vec<Line> {
        let line = |lane: &&str| {
            let points = series::of_samples(record, |sample| {
                sample.lanes.iter().find(|one| one.lane == *lane).map(value)
            });
            Line::new(*lane, points)
        };
        lanes.iter().map(line).collect()
    };
    charts(&[
        chart("Submissions per second", "", rates, false),
        chart("Waiting, by lane", "", of_lanes(|lane| float(lane.pending)), false),
        chart(
            "Age of the oldest that is not done, by lane",
            "s",
            of_lanes(|lane| float(lane.oldest_ms.unwrap_or(0)) / 1_000.0),
            false,
        ),
    ])
}

/// Latencies over time, and their distribution.
pub(super) fn latencies(record: &Record, report: &Report) -> String {
    let pieces = Pieces::of(record);
    let (seconds, bands) = (pieces.seconds(), bands(record));
    let percentiles: Vec<f64> = FOLLOWED.iter().map(|(percentile, _)| *percentile).collect();
    let over_time = |title, latency: fn(&Entry) -> Option<u64>| {
        let lines = pieces.percentiles(record, &percentiles, latency);
        let lines = FOLLOWED.iter().zip(lines);
        let lines = lines.map(|((_, name), points)| Line::new(*name, points)).collect();
        Chart { title, unit: "ms", seconds, lines, logarithmic: true, bands: &bands }.draw()
    };
    let text = format!(
        "<p class=\"small\">All times count from the planned time of sending; the axis is \
         logarithmic.</p><p>wait: {}<br>judging: {}<br>until the verdict: {}</p>",
        report.wait_ms.in_words(),
        report.judging_ms.in_words(),
        report.total_ms.in_words()
    );
    let pictures = charts(&[
        over_time("Wait until a slot takes it", Entry::wait),
        over_time("From there to the verdict", |entry| {
            Some(entry.judged?.saturating_sub(entry.received?))
        }),
        over_time("Wait and judging together", Entry::total),
        spectrum(record),
    ]);
    format!("{text}{pictures}{}", storm(report))
}

/// What a storm of rejudgings did to the others.
fn storm(report: &Report) -> String {
    let Some(storm) = &report.storm else { return String::new() };
    format!(
        "<p>{} rejudgings came at once, {} were judged. Wait of the others before: {}<br>and while \
         the storm was judged: {}</p>",
        storm.submitted,
        storm.judged,
        storm.live_wait_before_ms.in_words(),
        storm.live_wait_during_ms.in_words()
    )
}

/// Latency by percentile: the axis gives each further nine the same room.
fn spectrum(record: &Record) -> String {
    const NINES: [(f64, &str); 5] =
        [(0.0, "0"), (90.0, "90 %"), (99.0, "99 %"), (99.9, "99.9 %"), (99.99, "99.99 %")];
    /// Points between two nines.
    const POINTS: u32 = 12;
    let title = "By percentile";
    let live = || record.entries().iter().filter(|entry| !entry.storm);
    let both = [
        ("wait", histogram(live().filter_map(Entry::wait))),
        ("until the verdict", histogram(live().filter_map(Entry::total))),
    ];
    if both.iter().all(|(_, one)| one.is_empty()) {
        return String::new();
    }
    let largest = both.iter().filter_map(|(_, one)| quantile_ms(one, 100.0)).fold(0.1, f64::max);
    let least = both.iter().filter_map(|(_, one)| quantile_ms(one, 0.0)).fold(largest, f64::min);
    let axis = Axis::logarithmic(least, largest);
    let mut out = format!("{}{}", svg::caption(title, "ms"), svg::open(title));
    svg::upright(&mut out, &axis);
    for (at, (_, text)) in NINES.iter().enumerate() {
        svg::mark_below(&mut out, svg::evenly(NINES.len(), at), text);
    }
    let count = POINTS * 4;
    for (style, (_, one)) in both.iter().enumerate() {
        let points = (0..=count).filter_map(|at| {
            let share = f64::from(at) / f64::from(count);
            let percentile = 100.0 * (1.0 - 10_f64.powf(-4.0 * share));
            Some((share, axis.share(quantile_ms(one, percentile)?)))
        });
        svg::polyline(&mut out, points, style);
    }
    out.push_str("</svg>");
    out.push_str(&svg::legend(both.iter().map(|(name, _)| *name)));
    out.push_str("</figure>");
    out
}

/// Slots, CPU time and the load of the machine.
pub(super) fn machine(record: &Record) -> String {
    let (seconds, bands) = (Pieces::of(record).seconds(), bands(record));
    let chart = |title, unit, lines| {
        Chart { title, unit, seconds, lines, logarithmic: false, bands: &bands }.draw()
    };
    let sampled = |value: fn(&crate::journal::Sample) -> f64| {
        series::of_samples(record, |sample| sample.trouble.is_none().then(|| value(sample)))
    };
    let parts: [(&str, Part); 6] = [
        ("boxes", |used| used.boxes_us),
        ("wardens", |used| used.wardens_us),
        ("node", |used| used.node_us),
        ("broker", |used| used.broker_us),
        ("generator", |used| used.generator_us),
        ("rest of the machine", Used::other_us),
    ];
    let parts = parts.into_iter().map(|(name, part)| Line::new(name, series::cores(record, part)));
    charts(&[
        chart(
            "Slots, as the nodes tell it with each beat",
            "",
            vec![
                Line::new("busy", sampled(|sample| f64::from(sample.busy))),
                Line::new("all", sampled(|sample| f64::from(sample.slots))),
                Line::new("quarantined", sampled(|sample| f64::from(sample.quarantined))),
            ],
        ),
        chart("Cores kept busy, by part", "", parts.collect()),
        chart(
            "Load average of the generator's machine",
            "",
            vec![Line::new(
                "over a minute",
                series::of_samples(record, |sample| Some(sample.load)),
            )],
        ),
    ])
}

/// Times at which something was wrong with the cluster, in seconds.
pub(super) fn bands(record: &Record) -> Vec<(f64, f64)> {
    let mut bands: Vec<(f64, f64)> = Vec::new();
    for (at, sample) in record.samples.iter().enumerate() {
        if sample.trouble.is_none() && sample.quarantined == 0 && sample.draining == 0 {
            continue;
        }
        let from = float(sample.at_us) / 1e6;
        let next = record.samples.get(at + 1).map_or(from + 1.0, |next| float(next.at_us) / 1e6);
        match bands.last_mut() {
            Some((_, end)) if *end >= from => *end = next,
            _ => bands.push((from, next)),
        }
    }
    bands
}
