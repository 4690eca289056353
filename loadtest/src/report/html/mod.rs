//! The report as one page: no script, no network, readable without telling colours apart, and on a
//! phone.

mod pictures;
mod svg;
mod tables;

use super::Report;
use super::words::figure;
use crate::record::Record;

/// The page.
pub(super) fn page(record: &Record, report: &Report) -> String {
    let title = format!("{} of {} at {:.1}/s", report.profile, report.mix, report.offered_per_s);
    let sections = [
        banner(report),
        tiles(report),
        section("What ran where", &tables::about(record, report)),
        section("Ledger", &tables::ledger(report)),
        section("Load", &pictures::load(record)),
        section("Waiting and judging", &pictures::latencies(record, report)),
        section("Expected and reported", &tables::causes(report)),
        section("CPU time for one submission", &tables::cpu(report)),
        section("Cluster and machine", &pictures::machine(record)),
        section("What happened to the cluster", &tables::troubles(record)),
        section("How much a larger load needs", &tables::sizing(report)),
        section("Where this comes from", &tables::files(report)),
    ];
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <title>minos-load: {}</title><style>\n{}</style></head>\n<body>\n<h1>minos-load: {}</h1>\n{}\n\
         </body></html>",
        escape(&title),
        include_str!("style.css"),
        escape(&title),
        sections.join("\n")
    )
}

fn section(title: &str, body: &str) -> String {
    format!("<section><h2>{title}</h2>\n{body}</section>")
}

/// Whether the run was good, promise by promise.
fn banner(report: &Report) -> String {
    let (class, word) = match (report.is_good(), report.claim.valid) {
        (true, true) => ("pass", "PASS"),
        (true, false) => ("fail", "NO CLAIM"),
        (false, _) => ("fail", "FAIL"),
    };
    let mut lines = Vec::new();
    for held in &report.thresholds {
        let mark = if held.holds { "✓ holds" } else { "✗ missed" };
        let observed = figure(held.observed);
        lines.push(format!("{mark}: {} (observed {observed})", escape(&held.threshold)));
    }
    let sums = &report.sums;
    let mark = if sums.is_clean() { "✓" } else { "✗" };
    lines.push(format!(
        "{mark} lost {}, doubled {}, unexpected {}, wrong {}, judge errors {}, outstanding {}, refused {}",
        sums.lost,
        sums.duplicated,
        sums.unexpected,
        sums.wrong_verdicts,
        sums.judge_errors,
        sums.outstanding,
        sums.refused
    ));
    if let Some(why) = &report.claim.why {
        lines.push(format!("✗ no time is claimed: {}", escape(why)));
    }
    lines.extend(report.notes.iter().map(|note| format!("note: {}", escape(note))));
    let lines: String = lines.iter().map(|line| format!("<li>{line}</li>")).collect();
    format!("<div class=\"banner {class}\"><strong>{word}</strong><ul>{lines}</ul></div>")
}

/// The figures that are asked for first.
fn tiles(report: &Report) -> String {
    let tiles = [
        ("offered", format!("{:.1}/s", report.offered_per_s)),
        ("judged", format!("{:.1}/s", report.achieved_per_s)),
        ("submissions", report.sums.submitted.to_string()),
        ("wait p50", ms(report.wait_ms.p50)),
        ("wait p99", ms(report.wait_ms.p99)),
        ("verdict after, p99", ms(report.total_ms.p99)),
    ];
    let tiles = tiles.iter().map(|(name, value)| format!("<div>{name}<b>{value}</b></div>"));
    format!("<div class=\"tiles\">{}</div>", tiles.collect::<String>())
}

/// Milliseconds the way a person reads them.
fn ms(value: Option<f64>) -> String {
    match value {
        None => "not measured".to_owned(),
        Some(ms) if ms >= 10_000.0 => format!("{:.1} s", ms / 1_000.0),
        Some(ms) => format!("{ms:.1} ms"),
    }
}

/// Text inside a page or an attribute.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests;
