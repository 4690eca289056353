//! How verdicts and points of tests become those of the submission.

use minos_model::Verdict;
use serde::{Deserialize, Serialize};

/// How a submission's verdict and score follow from its tests.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scoring {
    /// Pass/fail: the first test that is not accepted decides.
    PassFail,
    /// Points: each group counts as its policy says, once its dependencies passed completely;
    /// the score is what the groups at the top reached, and the tests outside of groups.
    Points,
    /// Verdicts and scores go up a tree of groups, at each through a grader (ICPC legacy).
    Graded(Graded),
}

/// A tree of groups with graders.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Graded {
    /// Whether the submission has a score, and which is better; `None` for pass/fail.
    pub objective: Option<Objective>,
    /// The group that holds `sample` and `secret`.
    pub root: GradedGroup,
}

/// Which score is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Objective {
    /// The higher.
    Maximise,
    /// The lower.
    Minimise,
}

/// A group of the tree.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GradedGroup {
    /// The folder below `data/`: `secret/group1`; empty at the root.
    pub name: String,
    /// Whether judging of the group goes on after something in it was not accepted.
    pub on_reject: OnReject,
    /// Who turns the results into one.
    pub grader: Grader,
    /// The score of an accepted test whose validator gave none.
    pub accept_score: f64,
    /// The score of a test that was not accepted.
    pub reject_score: f64,
    /// The lowest and the highest score; infinite where it has no bound.
    #[serde(with = "ends")]
    pub range: (f64, f64),
    /// What lies in the group, in order.
    pub members: Vec<Member>,
}

/// A part of a group.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Member {
    /// The test with that index.
    Test(usize),
    /// A group within.
    Group(GradedGroup),
}

/// What a rejection means for the rest of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OnReject {
    /// The rest of the group is not judged.
    Break,
    /// The rest is judged as well.
    Continue,
}

/// Who turns the results in a group into one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Grader {
    /// The built-in rules.
    Default(GraderRules),
    /// The package's own grader, called with these words.
    Custom(Vec<String>),
}

/// What the built-in grader does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GraderRules {
    /// How the verdict follows.
    pub verdict: GraderVerdict,
    /// How the score follows.
    pub score: GraderScore,
    /// Of the root's two members only the second, `secret`, counts.
    pub ignore_sample: bool,
    /// One accepted member makes the group accepted.
    pub accept_if_any_accepted: bool,
}

impl GraderRules {
    /// Without any flags.
    pub const DEFAULT: Self = Self {
        verdict: GraderVerdict::WorstError,
        score: GraderScore::Sum,
        ignore_sample: false,
        accept_if_any_accepted: false,
    };
}

/// How a group's verdict follows from its members'.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GraderVerdict {
    /// The gravest: see [`GraderVerdict::GRAVEST`].
    WorstError,
    /// The first that is not accepted.
    FirstError,
    /// Accepted, whatever the members are.
    AlwaysAccept,
}

impl GraderVerdict {
    /// The order in which [`GraderVerdict::WorstError`] looks for errors.
    pub const GRAVEST: [Verdict; 8] = [
        Verdict::JudgeError,
        Verdict::SecurityViolation,
        Verdict::RuntimeError,
        Verdict::MemoryLimit,
        Verdict::TimeLimit,
        Verdict::WallTimeLimit,
        Verdict::OutputLimit,
        Verdict::WrongAnswer,
    ];
}

/// How a group's score follows from its members'.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GraderScore {
    /// Their sum.
    Sum,
    /// Their average.
    Average,
    /// The lowest.
    Minimum,
    /// The highest.
    Maximum,
}

/// Infinite ends are no numbers of JSON; there they are null.
mod ends {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<S: Serializer>(range: &(f64, f64), to: S) -> Result<S::Ok, S::Error> {
        let finite = |end: f64| Some(end).filter(|end| end.is_finite());
        (finite(range.0), finite(range.1)).serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<(f64, f64), D::Error> {
        let (low, high) = <(Option<f64>, Option<f64>)>::deserialize(from)?;
        Ok((low.unwrap_or(f64::NEG_INFINITY), high.unwrap_or(f64::INFINITY)))
    }
}
