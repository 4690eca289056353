//! A verification as a matrix for people: a row for each solution, a column for each test.

use minos_judge::Verified;
use minos_model::{TestResult, Verdict};

use super::judge_table::paint;
use super::verify::Verification;
use crate::console::{Colour, Console};

/// Columns of one block; what is wider is folded into blocks below each other.
const COLUMNS: usize = 10;
/// `TLE 12.345`.
const CELL: usize = 10;

/// The matrix, then everything that is not as the package says, then one line that sums it up.
pub(crate) fn in_words(console: Console, verification: &Verification) -> String {
    let Verification { package, problem, findings, solutions, troubles } = verification;
    let mut lines = vec![format!(
        "{}  {} tests  cpu limit {}  memory limit {}",
        problem.id,
        problem.tests.len(),
        problem.limits.cpu,
        problem.limits.memory
    )];
    lines.extend(matrix(console, verification));
    lines.extend(package.notes.iter().map(|note| console.paint(Colour::Dim, note)));
    let red = |text: &str| console.paint(Colour::Red, text);
    for finding in findings {
        lines.push(format!("{}  {}", red(&finding.place), finding.message));
    }
    for trouble in troubles {
        lines.push(format!("{}  {trouble}", red("not checked")));
    }
    for one in solutions {
        lines.extend(one.contradictions.iter().map(|why| format!("{}  {why}", red(&one.name))));
        if let Some(trouble) = &one.trouble {
            let fault = trouble.fault.as_str();
            lines.push(format!("{}  not judged, fault of the {fault}: {trouble}", red(&one.name)));
        }
    }
    lines.push(summary(console, verification));
    lines.join("\n")
}

fn summary(console: Console, verification: &Verification) -> String {
    let solutions = &verification.solutions;
    let right = |one: &&Verified| one.contradictions.is_empty() && one.trouble.is_none();
    let as_said = solutions.iter().filter(right).count();
    let mut parts = vec![format!("{as_said} of {} solutions are as they say", solutions.len())];
    let findings = verification.findings.len();
    if findings > 0 {
        parts.push(format!("{findings} findings in the package itself"));
    }
    let colour =
        if as_said == solutions.len() && findings == 0 { Colour::Green } else { Colour::Red };
    console.paint(colour, &parts.join(", "))
}

fn matrix(console: Console, verification: &Verification) -> Vec<String> {
    let solutions = &verification.solutions;
    let width = solutions.iter().map(|one| one.name.chars().count()).max().unwrap_or(0);
    let labels = solutions.iter().map(|one| one.label.len()).max().unwrap_or(0);
    let names: Vec<&str> =
        verification.problem.tests.iter().map(|test| test.name.as_str()).collect();
    let mut lines = Vec::new();
    for (block, columns) in names.chunks(COLUMNS).enumerate() {
        let heads: Vec<String> =
            columns.iter().map(|name| format!("{:<CELL$}", short(name))).collect();
        let head = format!("{:<width$}  {:<labels$}  {:<4}  {}", "", "", "", heads.join(" "));
        lines.push(console.paint(Colour::Dim, head.trim_end()));
        for one in solutions {
            let whole = one.judgement.as_ref().map(|judgement| judgement.verdict);
            let verdict = whole.map_or_else(
                || "-   ".to_owned(),
                |verdict| paint(console, verdict, &format!("{:<4}", verdict.as_str())),
            );
            let tests = one.judgement.as_ref().map_or(&[][..], |judgement| &judgement.tests);
            let from = block * COLUMNS;
            let cells: Vec<String> = tests
                .iter()
                .skip(from)
                .take(columns.len())
                .map(|test| cell(console, test))
                .collect();
            let (name, label) = (&one.name, &one.label);
            let row = format!("{name:<width$}  {label:<labels$}  {verdict}  {}", cells.join(" "));
            lines.push(row.trim_end().to_owned());
        }
    }
    lines
}

/// The last part of a test's name, as far as it fits.
fn short(name: &str) -> String {
    let last = name.rsplit('/').next().unwrap_or(name);
    last.chars().take(CELL).collect()
}

/// The verdict and the CPU time in seconds.
fn cell(console: Console, test: &TestResult) -> String {
    if test.verdict == Verdict::Skipped {
        return console.paint(Colour::Dim, &format!("{:<CELL$}", "SK"));
    }
    let millis = test.cpu.micros() / 1_000;
    let text = format!("{:<3} {}.{:03}", test.verdict.as_str(), millis / 1_000, millis % 1_000);
    paint(console, test.verdict, &format!("{text:<CELL$}"))
}
