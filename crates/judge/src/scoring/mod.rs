//! From the results of tests to the verdict, the score and the results of groups; and, while tests
//! are still judged, whether the next one can change anything.
//!
//! Everything here is pure but for one thing: a package's own grader is a program, so it is asked
//! through [`Grade`].

mod graded;
mod order;
mod points;

use minos_model::{GroupResult, Score, TestResult, Verdict, decide};
use minos_problem::{Problem, Scoring};

use crate::trouble::Trouble;

/// What became of a submission as a whole.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Outcome {
    pub(crate) verdict: Verdict,
    /// The index of the test that decided.
    pub(crate) decided_by: Option<usize>,
    pub(crate) score: Option<Score>,
    pub(crate) groups: Vec<GroupResult>,
}

/// A result with its score, as graders read and print it.
pub(crate) type Graded = (Verdict, f64);

/// Asks the package's own grader: its words, and the results in the group.
pub(crate) type Grade<'a> = dyn FnMut(&[String], &[Graded]) -> Result<Graded, Trouble> + 'a;

/// How far two sums may be apart and still be the same number.
const TOLERANCE: f64 = 1e-9;

/// The indices of the tests in the order in which they are judged: as they are listed, but never
/// before those that decide whether they are judged at all.
pub(crate) fn order(problem: &Problem) -> Vec<usize> {
    match &problem.scoring {
        Scoring::PassFail | Scoring::Graded(_) => (0..problem.tests.len()).collect(),
        Scoring::Points => order::order(problem),
    }
}

/// Whether the test with that index still matters; those that were not judged yet are
/// [`Verdict::Skipped`].
pub(crate) fn wanted(problem: &Problem, results: &[TestResult], index: usize) -> bool {
    match &problem.scoring {
        Scoring::PassFail => !results.iter().any(|test| test.verdict.decides()),
        Scoring::Points => points::wanted(problem, results, index),
        Scoring::Graded(graded) => graded::wanted(&graded.root, results, index),
    }
}

/// Verdict, score and groups of a submission whose tests have all been judged or skipped.
pub(crate) fn outcome(
    problem: &Problem,
    results: &[TestResult],
    grade: &mut Grade<'_>,
) -> Result<Outcome, Trouble> {
    let verdicts: Vec<Verdict> = results.iter().map(|test| test.verdict).collect();
    let (verdict, decided_by) = decide(&verdicts);
    if matches!(verdict, Verdict::JudgeError | Verdict::Cancelled) {
        return Ok(Outcome { verdict, decided_by, score: None, groups: Vec::new() });
    }
    match &problem.scoring {
        Scoring::PassFail => {
            let groups = points::groups(problem, results, false);
            Ok(Outcome { verdict, decided_by, score: None, groups })
        }
        Scoring::Points => {
            let score = points::total(problem, results);
            let verdict = scored(verdict, score);
            let groups = points::groups(problem, results, true);
            Ok(Outcome { verdict, decided_by, score: Some(score), groups })
        }
        Scoring::Graded(graded) => {
            let (verdict, score, groups) = graded::outcome(graded, results, grade)?;
            let decided_by = decided_by.filter(|_| verdict != Verdict::Accepted);
            Ok(Outcome { verdict, decided_by, score, groups })
        }
    }
}

/// The outcome with as many points as the package's scorer gives, which may be more than tests and
/// groups add up to. All tests accepted is accepted, whatever the scorer makes of that.
pub(crate) fn with_points(outcome: Outcome, results: &[TestResult], points: f64) -> Outcome {
    let max = outcome.score.map_or(0.0, |score| score.max).max(points);
    let score = Score { points: tidy(points), max: tidy(max) };
    let verdicts: Vec<Verdict> = results.iter().map(|test| test.verdict).collect();
    let (first, decided_by) = decide(&verdicts);
    let verdict = if first != Verdict::Accepted && points > TOLERANCE {
        Verdict::PartiallyCorrect
    } else if verdicts.contains(&Verdict::Skipped) {
        scored(first, score)
    } else {
        first
    };
    Outcome { verdict, decided_by, score: Some(score), ..outcome }
}

/// The verdict of a score: something, but less than everything, is partially correct; nothing is
/// the first failure's verdict.
fn scored(first: Verdict, score: Score) -> Verdict {
    let below = score.points < score.max - TOLERANCE;
    let nothing = score.points <= TOLERANCE && first != Verdict::Accepted;
    if below && !nothing { Verdict::PartiallyCorrect } else { first }
}

/// A sum of decimals without the noise of binary fractions.
fn tidy(points: f64) -> f64 {
    let tidied = (points * 1e9).round() / 1e9;
    if tidied.is_finite() { tidied } else { points }
}

#[cfg(test)]
mod tests;
