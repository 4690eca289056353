//! Line charts as plain SVG. Lines differ by dashes as well as by colour, and every chart has its
//! legend beside it, so that nobody needs to tell colours apart.

use std::fmt::Write as _;

use super::super::series::Points;
use super::escape;
use crate::num::float_len;

/// Width and height of a picture, in its own units; a phone shows it at three quarters.
const SIZE: (f64, f64) = (480.0, 250.0);
/// Left, right, top and bottom of the plot itself.
const FRAME: (f64, f64, f64, f64) = (48.0, 470.0, 12.0, 218.0);

/// Colours that people with any kind of sight tell apart (Okabe and Ito), each with its dashes.
const STYLES: [(&str, &str); 7] = [
    ("#0072b2", ""),
    ("#d55e00", "7 3"),
    ("#009e73", "3 2"),
    ("#cc79a7", "9 3 2 3"),
    ("#56b4e9", "4 4"),
    ("#e69f00", "12 4"),
    ("#000000", "1 2"),
];

/// One line and its name.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) name: String,
    pub(super) points: Points,
}

impl Line {
    pub(super) fn new(name: impl Into<String>, points: Points) -> Self {
        Self { name: name.into(), points }
    }
}

/// A chart of some lines over time.
#[derive(Debug)]
pub(super) struct Chart<'a> {
    pub(super) title: &'a str,
    /// What the upright axis counts.
    pub(super) unit: &'a str,
    pub(super) seconds: f64,
    pub(super) lines: Vec<Line>,
    /// Whether the upright axis counts in powers of ten.
    pub(super) logarithmic: bool,
    /// Times that are shaded: from and to in seconds.
    pub(super) bands: &'a [(f64, f64)],
}

/// An axis: from a value to a share of its length, and its marks.
pub(super) struct Axis {
    low: f64,
    high: f64,
    logarithmic: bool,
    marks: Vec<f64>,
}

impl Axis {
    /// From nothing to a round value above the largest.
    pub(super) fn linear(largest: f64) -> Self {
        let largest = if largest > 0.0 { largest } else { 1.0 };
        let power = 10_f64.powf((largest / 4.0).log10().floor());
        let step = [1.0, 2.0, 5.0, 10.0]
            .into_iter()
            .map(|factor| factor * power)
            .find(|step| largest / step <= 4.5)
            .unwrap_or(10.0 * power);
        let count = (largest / step).ceil();
        let marks = (0..=crate::num::whole(count)).map(|at| crate::num::float(at) * step).collect();
        Self { low: 0.0, high: count * step, logarithmic: false, marks }
    }

    /// Powers of ten around the values.
    pub(super) fn logarithmic(smallest: f64, largest: f64) -> Self {
        let low = smallest.max(0.01).log10().floor();
        let high = largest.max(0.1).log10().ceil().max(low + 1.0);
        let decades = crate::num::whole(high - low);
        let mark = |at: u64| 10_f64.powf(low + crate::num::float(at));
        let marks = (0..=decades).map(mark).collect();
        Self { low: 10_f64.powf(low), high: 10_f64.powf(high), logarithmic: true, marks }
    }

    /// Where a value lies, from 0 to 1.
    pub(super) fn share(&self, value: f64) -> f64 {
        let share = if self.logarithmic {
            (value.max(self.low) / self.low).ln() / (self.high / self.low).ln()
        } else {
            (value - self.low) / (self.high - self.low)
        };
        share.clamp(0.0, 1.0)
    }
}

impl Chart<'_> {
    /// The chart with its title and its legend.
    pub(super) fn draw(&self) -> String {
        let values = || self.lines.iter().flat_map(|line| line.points.iter().map(|(_, y)| *y));
        let mut out = caption(self.title, self.unit);
        if values().next().is_none() {
            out.push_str("<p class=\"none\">not measured</p></figure>");
            return out;
        }
        let largest = values().fold(0.0, f64::max);
        let axis = if self.logarithmic {
            let smallest = values().filter(|value| *value > 0.0).fold(f64::INFINITY, f64::min);
            Axis::logarithmic(smallest.min(largest), largest)
        } else {
            Axis::linear(largest)
        };
        out.push_str(&open(self.title));
        self.shade(&mut out);
        upright(&mut out, &axis);
        self.along(&mut out);
        for (at, line) in self.lines.iter().enumerate() {
            let points = line.points.iter().map(|(x, y)| (x / self.seconds, axis.share(*y)));
            polyline(&mut out, points, at);
        }
        out.push_str("</svg>");
        out.push_str(&legend(self.lines.iter().map(|line| line.name.as_str())));
        out.push_str("</figure>");
        out
    }

    fn shade(&self, out: &mut String) {
        let (left, right, top, bottom) = FRAME;
        for (from, to) in self.bands {
            let x = |at: f64| left + (at / self.seconds).clamp(0.0, 1.0) * (right - left);
            let width = (x(*to) - x(*from)).max(1.0);
            let height = bottom - top;
            put(
                out,
                format_args!(
                    "<rect x=\"{:.1}\" y=\"{top}\" width=\"{width:.1}\" height=\"{height}\" class=\"band\"/>",
                    x(*from)
                ),
            );
        }
    }

    /// Marks of the time.
    fn along(&self, out: &mut String) {
        let (left, right, _, bottom) = FRAME;
        let axis = Axis::linear(self.seconds);
        for mark in axis.marks.iter().filter(|mark| **mark <= self.seconds * 1.001) {
            let x = left + mark / self.seconds * (right - left);
            let anchor = if x > right - 12.0 { "end" } else { "middle" };
            put(
                out,
                format_args!(
                    "<text x=\"{x:.1}\" y=\"{}\" text-anchor=\"{anchor}\">{}</text>",
                    bottom + 18.0,
                    time(*mark)
                ),
            );
        }
    }
}

/// Begins a figure: its title, and what its upright axis counts.
pub(super) fn caption(title: &str, unit: &str) -> String {
    let unit = if unit.is_empty() { String::new() } else { format!(" ({unit})") };
    format!("<figure><figcaption>{}{unit}</figcaption>", escape(title))
}

/// Begins a picture; its title is read out by screen readers.
pub(super) fn open(title: &str) -> String {
    let (width, height) = SIZE;
    format!("<svg viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"{}\">", escape(title))
}

/// Lines across at each mark of the upright axis.
pub(super) fn upright(out: &mut String, axis: &Axis) {
    let (left, right, top, bottom) = FRAME;
    for mark in &axis.marks {
        let y = bottom - axis.share(*mark) * (bottom - top);
        put(
            out,
            format_args!(
                "<line x1=\"{left}\" y1=\"{y:.1}\" x2=\"{right}\" y2=\"{y:.1}\" class=\"grid\"/>\
                 <text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
                left - 5.0,
                y + 4.0,
                short(*mark)
            ),
        );
    }
}

/// A line through points whose coordinates are shares of the plot.
pub(super) fn polyline(out: &mut String, points: impl Iterator<Item = (f64, f64)>, style: usize) {
    let (left, right, top, bottom) = FRAME;
    let (colour, dashes) = style_of(style);
    let mut path = String::new();
    for (x, y) in points {
        let x = left + x.clamp(0.0, 1.0) * (right - left);
        put(&mut path, format_args!("{x:.1},{:.1} ", bottom - y * (bottom - top)));
    }
    put(
        out,
        format_args!(
            "<polyline points=\"{}\" stroke=\"{colour}\" stroke-dasharray=\"{dashes}\"/>",
            path.trim_end()
        ),
    );
}

/// A mark on the lower axis at a share of its length.
pub(super) fn mark_below(out: &mut String, share: f64, text: &str) {
    let (left, right, top, bottom) = FRAME;
    let x = left + share * (right - left);
    let anchor = if share > 0.97 { "end" } else { "middle" };
    put(
        out,
        format_args!(
            "<line x1=\"{x:.1}\" y1=\"{top}\" x2=\"{x:.1}\" y2=\"{bottom}\" class=\"grid\"/>\
         <text x=\"{x:.1}\" y=\"{}\" text-anchor=\"{anchor}\">{}</text>",
            bottom + 18.0,
            escape(text)
        ),
    );
}

/// The names of lines, each with a piece of its line.
pub(super) fn legend<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let mut out = String::from("<p class=\"legend\">");
    for (at, name) in names.enumerate() {
        let (colour, dashes) = style_of(at);
        put(
            &mut out,
            format_args!(
                "<span><svg viewBox=\"0 0 34 10\" class=\"key\" aria-hidden=\"true\"><polyline \
             points=\"0,5 34,5\" stroke=\"{colour}\" stroke-dasharray=\"{dashes}\"/></svg> {}</span> ",
                escape(name)
            ),
        );
    }
    out.push_str("</p>");
    out
}

fn style_of(at: usize) -> (&'static str, &'static str) {
    STYLES.get(at % STYLES.len()).copied().unwrap_or(("#000000", ""))
}

/// A number in few characters.
pub(super) fn short(value: f64) -> String {
    let (scaled, suffix) = match value {
        value if value >= 1e6 => (value / 1e6, "M"),
        value if value >= 1e4 => (value / 1e3, "k"),
        value => (value, ""),
    };
    let digits = format!("{scaled:.2}");
    let digits = if digits.contains('.') {
        digits.trim_end_matches('0').trim_end_matches('.')
    } else {
        digits.as_str()
    };
    format!("{digits}{suffix}")
}

/// A time on the lower axis.
fn time(seconds: f64) -> String {
    if seconds >= 600.0 {
        format!("{} min", short(seconds / 60.0))
    } else {
        format!("{} s", short(seconds))
    }
}

/// Writing to a string never fails.
pub(super) fn put(out: &mut String, text: std::fmt::Arguments<'_>) {
    out.write_fmt(text).ok();
}

/// Even steps along the lower axis.
pub(super) fn evenly(count: usize, at: usize) -> f64 {
    float_len(at) / float_len(count.saturating_sub(1).max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_round_and_cover_the_largest_value() {
        for (largest, high) in [(0.0, 1.0), (3.0, 3.0), (4.0, 4.0), (9.5, 10.0), (278.0, 300.0)] {
            let axis = Axis::linear(largest);
            assert!((axis.high - high).abs() < 1e-9, "{largest}: {}", axis.high);
            assert!((2..=6).contains(&axis.marks.len()), "{largest}: {:?}", axis.marks);
        }
        let axis = Axis::logarithmic(2.0, 900.0);
        assert_eq!(axis.marks, [1.0, 10.0, 100.0, 1000.0]);
        assert!((axis.share(10.0) - 1.0 / 3.0).abs() < 1e-9);
    }

    #[test]
    fn numbers_are_short() {
        for (value, text) in [
            (0.0, "0"),
            (0.25, "0.25"),
            (10.0, "10"),
            (9_500.0, "9500"),
            (12_500.0, "12.5k"),
            (2e6, "2M"),
        ] {
            assert_eq!(short(value), text);
        }
    }

    #[test]
    fn a_chart_without_values_says_so() {
        let chart = Chart {
            title: "a < b",
            unit: "ms",
            seconds: 10.0,
            lines: vec![Line::new("x", vec![])],
            logarithmic: false,
            bands: &[],
        };
        let drawn = chart.draw();
        assert!(drawn.contains("not measured") && drawn.contains("a &lt; b (ms)"), "{drawn}");
    }
}
