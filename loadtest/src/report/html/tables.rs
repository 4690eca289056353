//! The tables of the page.

use std::collections::BTreeMap;

use super::super::Report;
use super::super::words::figure;
use super::escape;
use super::pictures::bands;
use super::svg::put;
use crate::label;
use crate::num::float;
use crate::record::Record;

/// A table: the first row is its head, the first column names the rest.
fn table(rows: &[Vec<String>]) -> String {
    let mut out = String::from("<div class=\"wide\"><table>");
    for (at, row) in rows.iter().enumerate() {
        out.push_str("<tr>");
        for (column, cell) in row.iter().enumerate() {
            let number = column > 0 && cell.parse::<f64>().is_ok();
            let open = match (at, number) {
                (0, _) => "<th>",
                (_, true) => "<td>",
                (_, false) => "<td class=\"text\">",
            };
            out.push_str(open);
            out.push_str(&escape(cell));
            out.push_str(if at == 0 { "</th>" } else { "</td>" });
        }
        out.push_str("</tr>");
    }
    out.push_str("</table></div>");
    out
}

fn row(cells: &[&str]) -> Vec<String> {
    cells.iter().map(|&cell| cell.to_owned()).collect()
}

/// Machine, versions, nodes, what was asked for.
pub(super) fn about(record: &Record, report: &Report) -> String {
    let start = &record.start;
    let asked = format!(
        "{:.1}/s asked for, profile {}, {:.0} s, mix {} with {:.0} % hostile programs, seed {}",
        start.rate_per_s,
        start.profile,
        start.duration_s,
        start.mix,
        start.hostile * 100.0,
        start.seed
    );
    let commit = start.commit.as_deref().unwrap_or("unknown");
    let mut rows = vec![
        vec!["asked for".to_owned(), asked],
        vec![
            "what is measured".to_owned(),
            "the whole way with real boxes: broker, nodes, judging, \
             verdicts"
                .to_owned(),
        ],
        vec!["generator on".to_owned(), start.machine.in_words()],
        vec!["version".to_owned(), format!("minos-load {}, commit {commit}", start.version)],
    ];
    if let Some(load) = report.load_max {
        rows.push(vec!["load average".to_owned(), format!("at most {load:.1} over a minute")]);
    }
    if let Some((submissions, share, took)) = record.warmed {
        let text = format!(
            "{submissions} submissions in {:.0} s; {:.1} % of the builds of the last round were reused",
            float(took) / 1e6,
            share * 100.0
        );
        rows.push(vec!["warm-up".to_owned(), text]);
    }
    for node in &start.nodes {
        let text = format!("{} slots, {}, minos {}", node.slots, node.isolation, node.version);
        rows.push(vec![format!("node {}", node.node), text]);
    }
    let rows = rows.iter().map(|row| match row.as_slice() {
        [name, text] => {
            format!("<tr><th>{}</th><td class=\"text\">{}</td></tr>", escape(name), escape(text))
        }
        _ => String::new(),
    });
    format!("<table>{}</table>", rows.collect::<String>())
}

/// What became of every submission, and the error budget.
pub(super) fn ledger(report: &Report) -> String {
    let sums = &report.sums;
    let mut out = format!(
        "<p><b>{}</b> submitted = <b>{}</b> judged + <b>{}</b> cancelled + <b>{}</b> dead-lettered + \
         <b>{}</b> outstanding + <b>{}</b> lost</p>",
        sums.submitted,
        sums.judged,
        sums.cancelled,
        sums.dead_lettered,
        sums.outstanding,
        sums.lost
    );
    let rows = [
        ("lost", sums.lost, "stored, without a verdict, and nowhere to be found"),
        ("doubled", sums.duplicated, "more than one verdict"),
        ("unexpected", sums.unexpected, "a verdict for what was never sent"),
        ("recovered", sums.recovered, "a verdict, though the word that it is stored never came"),
        ("wrong", sums.wrong_verdicts, "another verdict than the known one"),
        ("wrong cause", sums.wrong_causes, "the right verdict for another cause"),
        ("judge errors", sums.judge_errors, "JE: a fault of the judge, told as such"),
        ("refused", sums.refused, "the broker did not store it"),
        ("redelivered", sums.redelivered, "judged on a delivery after the first"),
        ("late sends", sums.late_sends, "left the generator more than 5 ms late"),
        ("not sent", sums.unsent, "of the plan, but the run was stopped before"),
    ];
    let mut cells = vec![row(&["", "number", "which is"])];
    cells.extend(rows.map(|(name, count, what)| row(&[name, &count.to_string(), what])));
    out.push_str(&table(&cells));
    // The anchor: 307 of 13.9 million submissions of CodeNet ended as errors of their judges.
    let bad = sums.lost + sums.duplicated + sums.wrong_verdicts + sums.judge_errors;
    let ppm = float(bad) * 1e6 / float(sums.submitted.max(1));
    let least = 1e6 / float(sums.submitted.max(1));
    put(
        &mut out,
        format_args!(
            "<p>Errors of the judge (lost, doubled, wrong, JE): <b>{ppm:.1}</b> of a million; a budget of 10 \
         of a million is {}. A single one in a run of this size is {least:.1} of a million.</p>",
            if ppm <= 10.0 { "kept" } else { "spent" }
        ),
    );
    out.push_str(&ids(report));
    out
}

/// Which ones.
fn ids(report: &Report) -> String {
    let mut rows = vec![row(&["", "submission", "what"])];
    let ids = &report.ids;
    for (name, list) in [
        ("lost", &ids.lost),
        ("outstanding", &ids.outstanding),
        ("doubled", &ids.duplicated),
        ("unexpected", &ids.unexpected),
        ("judge error", &ids.judge_errors),
    ] {
        rows.extend(list.iter().take(20).map(|id| row(&[name, id, ""])));
    }
    for (name, list) in [("wrong", &ids.wrong), ("wrong cause", &ids.wrong_causes)] {
        rows.extend(list.iter().take(50).map(|one| {
            let what = format!("{}: expected {}, got {}", one.program, one.expected, one.got);
            row(&[name, &one.id, &what])
        }));
    }
    rows.extend(ids.refused.iter().take(20).map(|(id, why)| row(&["refused", id, why])));
    if rows.len() == 1 { String::new() } else { table(&rows) }
}

/// How often each verdict was expected, and how often it came.
fn verdicts(report: &Report) -> String {
    let mut counts: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
    for (expected, got, count) in &report.by_cause {
        counts.entry(label::verdict(expected)).or_default().0 += count;
        counts.entry(label::verdict(got)).or_default().1 += count;
    }
    let all = float(report.by_cause.iter().map(|(_, _, count)| count).sum::<u64>().max(1));
    let mut rows = vec![row(&["verdict", "expected", "reported", "share in %"])];
    rows.extend(counts.iter().map(|(verdict, (expected, got))| {
        let share = format!("{:.2}", float(*got) * 100.0 / all);
        row(&[verdict, &expected.to_string(), &got.to_string(), &share])
    }));
    table(&rows)
}

/// The confusion matrix: expected causes down, reported ones across.
pub(super) fn causes(report: &Report) -> String {
    let mut names: Vec<&str> = Vec::new();
    let expected = report.by_cause.iter().map(|(expected, _, _)| expected.as_str());
    let got = report.by_cause.iter().map(|(_, got, _)| got.as_str());
    for name in expected.clone().chain(got) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let expected: Vec<&str> =
        names.iter().copied().filter(|name| expected.clone().any(|one| one == *name)).collect();
    let mut out = verdicts(report);
    out.push_str(
        "<p class=\"small\">Down: what each program was known to deserve. Across: what was reported. \
         ✓ is right; ✗ in a dashed frame is not.</p><div class=\"wide\"><table class=\"matrix\"><tr>\
         <th>expected ↓ reported →</th>",
    );
    for name in &names {
        put(&mut out, format_args!("<th class=\"up\">{}</th>", escape(name)));
    }
    out.push_str("<th>all</th></tr>");
    for row in expected {
        put(&mut out, format_args!("<tr><th>{}</th>", escape(row)));
        let mut all = 0;
        for column in &names {
            let cell = report.by_cause.iter().find(|(e, g, _)| e == row && g == column);
            let count = cell.map_or(0, |(_, _, count)| *count);
            all += count;
            let (class, sign) = match (count, row == *column) {
                (0, true) => ("right", ""),
                (0, false) => ("zero", ""),
                (_, true) => ("right", "✓ "),
                (_, false) => ("wrong", "✗ "),
            };
            put(&mut out, format_args!("<td class=\"{class}\">{sign}{count}</td>"));
        }
        put(&mut out, format_args!("<td>{all}</td></tr>"));
    }
    out.push_str("</table></div>");
    out
}

/// CPU time by part.
pub(super) fn cpu(report: &Report) -> String {
    let cpu = &report.cpu_ms_per_submission;
    let rows = [
        ("compilers", cpu.compile, "a reused build costs nothing"),
        ("programs", cpu.run, "as their judgements report it"),
        (
            "the same, spawned plainly",
            cpu.bare,
            "by this generator before the run: no box, no judge",
        ),
        ("judge: boxes and checkers", cpu.boxes, "in boxes, but in no compiler and no program"),
        ("judge: wardens", cpu.wardens, "the processes that make boxes"),
        ("judge: node", cpu.node, "the node's own process"),
        ("judge, together", cpu.judge, ""),
        ("broker", cpu.broker, "nats-server"),
        ("generator", cpu.generator, "this program"),
        ("rest of the machine", cpu.other, "the kernel's threads, and whatever else ran"),
    ];
    let mut cells = vec![row(&["part", "ms", "which is"])];
    cells.extend(rows.map(|(name, value, what)| row(&[name, &figure(value), what])));
    let mut out = table(&cells);
    let parts = [cpu.compile, cpu.run, cpu.judge, cpu.broker, cpu.generator];
    if let Some(all) = parts.into_iter().sum::<Option<f64>>() {
        put(&mut out, format_args!("<p>Together {all:.2} ms"));
        if let Some(bare) = cpu.bare.filter(|bare| *bare > 0.0) {
            put(&mut out, format_args!(": {:.1} times the bare cost of the programs", all / bare));
        }
        out.push_str(".</p>");
    }
    out
}

/// When something was wrong with the cluster; shaded in the charts.
pub(super) fn troubles(record: &Record) -> String {
    let bands = bands(record);
    let attempts = record.entries().iter().filter(|entry| entry.attempt > 1).count();
    let dead = record.samples.last().map_or(0, |sample| sample.dead);
    let mut out = format!(
        "<p>Judged on a later delivery: {attempts}. Dead letters in the cluster at the end: {dead}. \
         Restarts of slots and zombies: not in this journal; the nodes' /metrics have them.</p>"
    );
    if bands.is_empty() {
        out.push_str(
            "<p>Every sample found the cluster answering, no slot in quarantine and no node \
             draining. No faults were injected.</p>",
        );
        return out;
    }
    out.push_str("<ul>");
    for (from, to) in bands {
        let inside = |at_us: u64| (from..to).contains(&(float(at_us) / 1e6));
        let sample = record.samples.iter().find(|sample| inside(sample.at_us));
        let what = sample.map_or_else(String::new, |sample| match &sample.trouble {
            Some(trouble) => trouble.clone(),
            None => format!(
                "{} slots in quarantine, {} nodes draining",
                sample.quarantined, sample.draining
            ),
        });
        put(&mut out, format_args!("<li>{from:.0} s to {to:.0} s: {}</li>", escape(&what)));
    }
    out.push_str("</ul>");
    out
}

/// Cores for larger loads, from this run's costs.
pub(super) fn sizing(report: &Report) -> String {
    let Some(costs) = &report.costs else {
        return "<p class=\"none\">not known: this run judged too little</p>".to_owned();
    };
    let mut rows = vec![row(&["submissions an hour", "shape", "wait", "slots", "cores"])];
    for line in crate::plan::sizing(costs) {
        rows.push(vec![
            line.per_hour.to_string(),
            line.profile.to_owned(),
            line.wait.to_owned(),
            line.slots.map_or_else(|| "none".to_owned(), |slots| slots.to_string()),
            line.cores.map_or_else(|| "none".to_owned(), |cores| cores.to_string()),
        ]);
    }
    let missing = costs.not_measured.iter().map(|what| format!("<li>{}</li>", escape(what)));
    format!(
        "{}<p>By simulation with this run's costs (type: minos-load plan). Not measured:</p><ul>{}</ul>",
        table(&rows),
        missing.collect::<String>()
    )
}

/// The raw files.
pub(super) fn files(report: &Report) -> String {
    format!(
        "<p class=\"small\">Everything here is made from {}, one JSON line per fact. The same in \
         figures: minos-load report DIR --format json. Tenant {}.</p>",
        escape(&report.journal),
        escape(&report.tenant)
    )
}
