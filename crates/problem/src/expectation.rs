//! What an author expects of a solution, whichever format says it.

use std::collections::BTreeSet;
use std::fmt;

use minos_model::{Score, TestResult, Verdict};

/// A set of verdicts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdicts(BTreeSet<Verdict>);

impl Verdicts {
    /// These verdicts.
    #[must_use]
    pub fn of(verdicts: &[Verdict]) -> Self {
        Self(verdicts.iter().copied().collect())
    }

    /// Whether a verdict is one of them.
    #[must_use]
    pub fn holds(&self, verdict: Verdict) -> bool {
        self.0.contains(&verdict)
    }
}

impl fmt::Display for Verdicts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ids: Vec<&str> = self.0.iter().map(|verdict| verdict.as_str()).collect();
        f.write_str(&ids.join(" or "))
    }
}

/// The tests an expectation is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// Every test.
    All,
    /// Some of them.
    Some {
        /// How people name them: `group 1`, `secret/*-easy`.
        label: String,
        /// The names of the tests.
        tests: BTreeSet<String>,
        /// The group whose score is meant, when it is one.
        group: Option<String>,
    },
}

impl Scope {
    /// Whether it is about a test.
    #[must_use]
    pub fn holds(&self, test: &str) -> bool {
        match self {
            Self::All => true,
            Self::Some { tests, .. } => tests.contains(test),
        }
    }
}

/// The score that is expected.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ScoreRule {
    /// From the first to the second number, both included.
    Within(f64, f64),
    /// Anything but the best one.
    NotBest,
}

/// One thing that an author expects of a solution.
#[derive(Debug, Clone, PartialEq)]
pub struct Expectation {
    /// Who says so: `tag wrong-answer`, `submissions.yaml: accepted/*`, `submissions/accepted/`.
    pub said_by: String,
    /// Which tests it is about.
    pub scope: Scope,
    /// Every test that was run has one of these.
    pub permitted: Option<Verdicts>,
    /// At least one test has one of these.
    pub required: Option<Verdicts>,
    /// The first test that is not accepted has one of these, or is accepted when all are.
    pub first: Option<Verdicts>,
    /// The score of the group, or of the submission.
    pub score: Option<ScoreRule>,
    /// What the jury's comment on at least one of the tests contains.
    pub message: Option<String>,
}

/// How far two scores may be apart and still be the same: both went through decimal text.
const SCORE_TOLERANCE: f64 = 1e-6;

impl Expectation {
    /// Nothing that is expected of every test.
    #[must_use]
    pub fn new(said_by: impl Into<String>) -> Self {
        Self {
            said_by: said_by.into(),
            scope: Scope::All,
            permitted: None,
            required: None,
            first: None,
            score: None,
            message: None,
        }
    }

    /// What contradicts it: one line, or `None` when all is as expected. Tests that were not run
    /// prove nothing; a fault of the judge or a cancellation contradicts everything. A submission
    /// that does not compile has a single test with that verdict. `score` tells the score of a
    /// group by its name, or of the submission.
    #[must_use]
    pub fn contradiction(
        &self,
        tests: &[TestResult],
        score: &dyn Fn(Option<&str>) -> Option<Score>,
    ) -> Option<String> {
        use Verdict::{Cancelled, CompileError, CompileLimit, JudgeError, Skipped};
        let whole = |verdict: Verdict| matches!(verdict, CompileError | CompileLimit);
        let meant: Vec<&TestResult> = tests
            .iter()
            .filter(|test| test.verdict != Skipped)
            .filter(|test| self.scope.holds(&test.name) || whole(test.verdict))
            .collect();
        let about = match &self.scope {
            Scope::All => String::new(),
            Scope::Some { label, .. } => format!(" ({label})"),
        };
        let unjudged = [JudgeError, Cancelled];
        if let Some(test) = meant.iter().find(|test| unjudged.contains(&test.verdict)) {
            return Some(format!("test {} is {}: not judged", test.name, test.verdict));
        }
        if let Some(permitted) = &self.permitted
            && let Some(test) = meant.iter().find(|test| !permitted.holds(test.verdict))
        {
            let (name, verdict) = (&test.name, test.verdict);
            return Some(format!("test {name} is {verdict}; expected {permitted}{about}"));
        }
        if let Some(required) = &self.required
            && !meant.iter().any(|test| required.holds(test.verdict))
        {
            return Some(format!("no test is {required}{about}"));
        }
        if let Some(first) = &self.first {
            let verdict = meant.iter().map(|test| test.verdict).find(|verdict| verdict.decides());
            let verdict = verdict.unwrap_or(Verdict::Accepted);
            if !first.holds(verdict) {
                return Some(format!("the verdict is {verdict}; expected {first}{about}"));
            }
        }
        if let Some(message) = &self.message
            && !meant.iter().any(|test| test.comment.contains(message))
        {
            return Some(format!("no comment contains `{message}`{about}"));
        }
        let group = match &self.scope {
            Scope::All => None,
            Scope::Some { group, .. } => group.as_deref(),
        };
        self.score.and_then(|rule| contradicted(rule, score(group))).map(|why| why + &about)
    }
}

fn contradicted(rule: ScoreRule, score: Option<Score>) -> Option<String> {
    let Some(score) = score else { return Some("there is no score".to_owned()) };
    let points = score.points;
    match rule {
        ScoreRule::Within(low, high)
            if points < low - SCORE_TOLERANCE || points > high + SCORE_TOLERANCE =>
        {
            let range = if low < high { format!("{low} to {high}") } else { low.to_string() };
            Some(format!("the score is {points}; expected {range}"))
        }
        ScoreRule::NotBest if (points - score.max).abs() <= SCORE_TOLERANCE => {
            Some(format!("the score is {points}, the best there is; expected less"))
        }
        ScoreRule::Within(..) | ScoreRule::NotBest => None,
    }
}

/// How a solution bounds a time limit that has to be inferred.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimeBound {
    /// On which side.
    pub side: BoundSide,
    /// The tests that count.
    pub scope: Scope,
}

/// On which side of the limit a solution's slowest run lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BoundSide {
    /// Within the limit: it bounds the limit from below.
    Lower,
    /// Beyond the limit: it bounds the limit from above.
    Upper,
}
