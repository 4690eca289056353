//! A verification as a matrix for people: a row for each solution, a column for each test.

use minos_judge::Verified;
use minos_model::{TestResult, Verdict};
use minos_problem::Test;

use super::judge_table::paint;
use super::verify::Verification;
use crate::console::{Colour, Console};

/// Columns of one block; what is wider is folded into blocks below each other.
const COLUMNS: usize = 10;
/// `TLE 12.345`.
const CELL: usize = 10;
/// Longer names are cut.
const WIDEST: usize = 24;

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
    let note = |note: &String| console.paint(Colour::Dim, &format!("note: {note}"));
    lines.extend(package.notes.iter().map(note));
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
    let mut lines = Vec::new();
    for (block, columns) in verification.problem.tests.chunks(COLUMNS).enumerate() {
        let cell = wide_enough(columns);
        let margin = format!("{:<width$}  {:<labels$}  {:<4}  ", "", "", "");
        let named = columns.iter().any(|test| test.group.is_some());
        for head in named.then(|| groups(columns, cell)).into_iter().chain([heads(columns, cell)]) {
            lines.push(console.paint(Colour::Dim, format!("{margin}{head}").trim_end()));
        }
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
                .map(|test| self::cell(console, test, cell))
                .collect();
            let (name, label) = (&one.name, &one.label);
            let row = format!("{name:<width$}  {label:<labels$}  {verdict}  {}", cells.join(" "));
            lines.push(row.trim_end().to_owned());
        }
    }
    lines
}

/// Tests that stand together and are of the same group: their number and its name.
fn runs(columns: &[Test]) -> Vec<(usize, &str)> {
    let of_one = |a: &Test, b: &Test| a.group == b.group;
    columns
        .chunk_by(of_one)
        .map(|run| {
            let name = run.first().and_then(|test| test.group.as_deref());
            (run.len(), name.map_or("", group))
        })
        .collect()
}

/// How wide cells are for every name to fit, within reason.
fn wide_enough(columns: &[Test]) -> usize {
    let tests = columns.iter().map(|test| short(test).chars().count());
    let groups =
        runs(columns).into_iter().map(|(tests, name)| (name.chars().count() + 1).div_ceil(tests));
    tests.chain(groups).max().unwrap_or(0).clamp(CELL, WIDEST)
}

/// The names of groups, each above the first of its tests.
fn groups(columns: &[Test], cell: usize) -> String {
    let over = |(tests, name): (usize, &str)| {
        let room = tests * (cell + 1) - 1;
        let shown: String = name.chars().take(room).collect();
        format!("{shown:<room$}")
    };
    runs(columns).into_iter().map(over).collect::<Vec<_>>().join(" ")
}

/// The names of tests, without that of their group.
fn heads(columns: &[Test], cell: usize) -> String {
    let one = |test: &Test| {
        let shown: String = short(test).chars().take(cell).collect();
        format!("{shown:<cell$}")
    };
    columns.iter().map(one).collect::<Vec<_>>().join(" ")
}

/// A group's name without what all of them have.
fn group(name: &str) -> &str {
    name.strip_prefix("secret/").unwrap_or(name)
}

/// A test's name within its group.
fn short(test: &Test) -> &str {
    if test.of_sources {
        return "sources";
    }
    let below = |group: &String| test.name.strip_prefix(group.as_str())?.strip_prefix('/');
    test.group.as_ref().and_then(below).unwrap_or(&test.name)
}

/// The verdict and the CPU time in seconds.
fn cell(console: Console, test: &TestResult, width: usize) -> String {
    if test.verdict == Verdict::Skipped {
        return console.paint(Colour::Dim, &format!("{:<width$}", "SK"));
    }
    let millis = test.cpu.micros() / 1_000;
    let text = format!("{:<3} {}.{:03}", test.verdict.as_str(), millis / 1_000, millis % 1_000);
    paint(console, test.verdict, &format!("{text:<width$}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn test(name: &str, group: Option<&str>) -> Test {
        let group = group.map(str::to_owned);
        Test { group, ..Test::new(name, "in".into(), "ans".into()) }
    }

    #[test]
    fn tests_of_the_same_name_stand_under_the_names_of_their_groups() {
        let columns = [
            test("sample/1", Some("sample")),
            test("secret/easy/1", Some("secret/easy")),
            test("secret/easy/2", Some("secret/easy")),
            Test { of_sources: true, ..test("secret/hard/test_group", Some("secret/hard")) },
            test("secret/hard/deep/1", Some("secret/hard")),
        ];
        assert_eq!(wide_enough(&columns), 10);
        assert_eq!(groups(&columns, 10), "sample     easy                  hard                 ");
        assert_eq!(heads(&columns, 10), "1          1          2          sources    deep/1    ");
        let alone = [test("07", None), test("secret/x/1", Some("secret/a-long-name-of-one-test"))];
        assert_eq!(wide_enough(&alone), 24);
        assert_eq!(heads(&alone, 3), "07  sec");
        assert_eq!(groups(&alone, 3), "    a-l");
    }
}
