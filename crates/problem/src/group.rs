//! Groups of tests, and what they are worth.

use serde::{Deserialize, Serialize};

/// How a group's points follow from its tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PointsPolicy {
    /// All points when every test passes, otherwise none. Polygon's `complete-group`, ICPC's
    /// `pass-fail`.
    CompleteGroup,
    /// The sum over the tests (and the groups within) of what each reached. Polygon's
    /// `each-test`, ICPC's `sum`.
    EachTest,
    /// The least that one of the tests (or of the groups within) reached. ICPC's `min`.
    Minimum,
}

/// What a contestant learns of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FeedbackPolicy {
    /// Every test.
    Complete,
    /// The first test that fails.
    Icpc,
    /// The points.
    Points,
    /// Nothing.
    None,
}

/// Tests that are scored together. A test belongs to at most one group, the innermost; groups of
/// Polygon do not nest, those of ICPC packages do through [`Group::parent`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// Its name, as tests refer to it: `1`, `secret/group1`.
    pub name: String,
    /// The group it lies in; `None` at the top. Listed before this one.
    pub parent: Option<String>,
    /// The most it can give. `None` when the package gives no number: then it is the sum over
    /// its tests where they have points, and has no bound where they have none.
    pub points: Option<f64>,
    /// How points follow from tests.
    pub points_policy: PointsPolicy,
    /// What a contestant learns.
    pub feedback_policy: FeedbackPolicy,
    /// Groups that must pass completely before this one is judged; acyclic. A name that no group
    /// has stands for the tests that name it as theirs, and passes when there are none.
    pub dependencies: Vec<String>,
}
