//! What `minos rejudge` prints: the matrix old verdict → new verdict, and what would change.

use std::collections::BTreeSet;
use std::fmt;

use minos_model::{Verdict, WallTime};
use minos_queue::{Applied, Matrix, Plan, Rejudge, Trial};
use serde::Serialize;

use super::rejudge::Seen;
use crate::console::{Colour, Console};

/// Changes that people are shown; `--json` has more.
const SHOWN: usize = 20;
/// What stands for a verdict that the broker has forgotten.
const FORGOTTEN: &str = "-";

/// What `rejudge --json` prints.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    schema: &'static str,
    rejudge: u32,
    problem: String,
    revision: String,
    /// Submissions that are judged again.
    submissions: u64,
    judged: u64,
    changed: u64,
    /// Trials that ended in JE.
    failed: u64,
    left_alone: LeftAlone,
    matrix: Vec<Cell>,
    changes: Vec<Change>,
    /// Whether there are more changes than are listed.
    changes_cut: bool,
    applied: bool,
    /// Verdicts published as new generations, by this call or an earlier one.
    published: u64,
}

#[derive(Debug, Serialize)]
struct LeftAlone {
    pending: u64,
    cancelled: u64,
    unreadable: u64,
}

#[derive(Debug, Serialize)]
struct Cell {
    old: Option<&'static str>,
    new: &'static str,
    count: u64,
}

#[derive(Debug, Serialize)]
struct Change {
    tenant: String,
    submission: String,
    old: Option<&'static str>,
    new: &'static str,
}

impl Report {
    pub(super) fn new(
        rejudge: &Rejudge,
        plan: &Plan,
        seen: &Seen,
        applied: Option<&Applied>,
    ) -> Self {
        let cell = |((old, new), count): (&(Option<Verdict>, Verdict), &u64)| Cell {
            old: old.map(Verdict::as_str),
            new: new.as_str(),
            count: *count,
        };
        let change = |trial: &Trial| Change {
            tenant: trial.new.tenant.to_string(),
            submission: trial.new.submission.to_string(),
            old: trial.old.map(Verdict::as_str),
            new: trial.new.verdict.as_str(),
        };
        Self {
            schema: "minos.rejudge/1",
            rejudge: rejudge.number,
            problem: rejudge.scope.problem.to_string(),
            revision: rejudge.scope.revision.to_string(),
            submissions: plan.tried,
            judged: seen.judged,
            changed: seen.changed,
            failed: seen.failed,
            left_alone: LeftAlone {
                pending: plan.pending,
                cancelled: plan.cancelled,
                unreadable: plan.unreadable,
            },
            matrix: seen.matrix.iter().map(cell).collect(),
            changes: seen.changes.iter().map(change).collect(),
            changes_cut: seen.changed > u64::try_from(seen.changes.len()).unwrap_or(u64::MAX),
            applied: applied.is_some(),
            published: applied.map_or(0, |applied| applied.published + applied.before),
        }
    }
}

/// The same for people.
pub(super) fn in_words(console: Console, rejudge: &Rejudge, plan: &Plan, seen: &Seen) -> String {
    let scope = &rejudge.scope;
    let revision: String = scope.revision.to_string().chars().take(12).collect();
    let mut lines = vec![format!(
        "rejudge {} of {}, revision {revision}: {} submissions judged again",
        rejudge.number, scope.problem, seen.judged
    )];
    for (number, why) in [
        (plan.pending, "wait for their verdict and are left alone"),
        (plan.cancelled, "were cancelled and stay so"),
        (plan.unreadable, "cannot be read in the archive"),
    ] {
        if number > 0 {
            lines.push(format!("{number} {why}"));
        }
    }
    if seen.judged == 0 {
        return lines.join("\n");
    }
    lines.extend(table(&seen.matrix));
    let changes = format!("{} would change", seen.changed);
    let colour = if seen.changed == 0 { Colour::Dim } else { Colour::Yellow };
    lines.push(console.paint(colour, &changes));
    for trial in seen.changes.iter().take(SHOWN) {
        lines.push(format!(
            "  {} (tenant {})  {} -> {}",
            trial.new.submission,
            trial.new.tenant,
            trial.old.map_or(FORGOTTEN, Verdict::as_str),
            trial.new.verdict
        ));
    }
    let shown = u64::try_from(seen.changes.len().min(SHOWN)).unwrap_or(u64::MAX);
    if seen.changed > shown {
        lines.push(format!("  and {} more (--json lists them)", seen.changed - shown));
    }
    lines.join("\n")
}

/// A line for each old verdict, a column for each new one.
fn table(matrix: &Matrix) -> Vec<String> {
    let old: BTreeSet<Option<Verdict>> = matrix.keys().map(|(old, _)| *old).collect();
    let new: BTreeSet<Verdict> = matrix.keys().map(|(_, new)| *new).collect();
    let mut head = format!("{:<10}", "old \\ new");
    for verdict in &new {
        head.extend([format!("{:>8}", verdict.as_str())]);
    }
    let mut lines = vec![head];
    for from in old {
        let mut line = format!("{:<10}", from.map_or(FORGOTTEN, Verdict::as_str));
        for to in &new {
            let count = matrix.get(&(from, *to)).map_or_else(|| ".".to_owned(), u64::to_string);
            line.extend([format!("{count:>8}")]);
        }
        lines.push(line);
    }
    lines
}

/// Not all verdicts came in time.
#[derive(Debug)]
pub(super) struct TryAgain {
    pub(super) done: u64,
    pub(super) all: u64,
    pub(super) timeout: WallTime,
}

impl fmt::Display for TryAgain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} of {} judged within {}; the same command carries on (look at: minos status)",
            self.done, self.all, self.timeout
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_matrix_has_a_line_for_each_old_and_a_column_for_each_new_verdict() {
        let matrix = Matrix::from([
            ((None, Verdict::Accepted), 1),
            ((Some(Verdict::Accepted), Verdict::Accepted), 300),
            ((Some(Verdict::WrongAnswer), Verdict::Accepted), 12),
            ((Some(Verdict::WrongAnswer), Verdict::TimeLimit), 2),
        ]);
        assert_eq!(
            table(&matrix),
            [
                "old \\ new       AC     TLE",
                "-                1       .",
                "AC             300       .",
                "WA              12       2",
            ]
        );
    }
}
