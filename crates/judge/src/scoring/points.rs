//! Points: groups by their policies, dependencies, and what need not be judged any more.

use std::collections::{BTreeMap, BTreeSet};

use minos_model::{GroupResult, Score, TestResult, Verdict, decide};
use minos_problem::{Group, PointsPolicy, Problem, Test};

use super::{TOLERANCE, tidy};

/// A group by its name; one that the package does not declare is its tests, each for itself.
fn declared<'a>(problem: &'a Problem, name: &str) -> Option<&'a Group> {
    problem.groups.iter().find(|group| group.name == name)
}

/// The names of all groups: the declared ones, then those that only tests name.
fn names(problem: &Problem) -> Vec<&str> {
    let mut names: Vec<&str> = problem.groups.iter().map(|group| group.name.as_str()).collect();
    for test in &problem.tests {
        if let Some(name) = &test.group
            && !names.contains(&name.as_str())
        {
            names.push(name);
        }
    }
    names
}

/// The group of a test and all that it lies in, innermost first.
pub(super) fn around<'a>(problem: &'a Problem, test: &Test) -> Vec<&'a Group> {
    test.group.as_deref().map(|name| outwards(problem, name)).unwrap_or_default()
}

/// A group and all that it lies in, innermost first.
fn outwards<'a>(problem: &'a Problem, name: &str) -> Vec<&'a Group> {
    let mut around = Vec::new();
    let mut next = declared(problem, name);
    while let Some(group) = next {
        // A package whose groups lie in each other in a ring is refused when it is read.
        if around.len() > problem.groups.len() {
            break;
        }
        around.push(group);
        next = group.parent.as_deref().and_then(|name| declared(problem, name));
    }
    around
}

/// Whether a test lies in a group, however deep.
fn within(problem: &Problem, test: &Test, name: &str) -> bool {
    test.group.as_deref() == Some(name)
        || around(problem, test).iter().any(|group| group.name == name)
}

/// The names of the groups in which these tests lie, however deep.
pub(super) fn above<'a>(
    problem: &'a Problem,
    tests: impl Iterator<Item = &'a Test>,
) -> BTreeSet<&'a str> {
    // Many tests lie in few groups.
    let own: BTreeSet<&str> = tests.filter_map(|test| test.group.as_deref()).collect();
    let outer = own.iter().flat_map(|name| outwards(problem, name));
    let outer: Vec<&str> = outer.map(|group| group.name.as_str()).collect();
    own.into_iter().chain(outer).collect()
}

/// The results in a group, however deep, with their tests.
fn members<'a>(
    problem: &'a Problem,
    results: &'a [TestResult],
    name: &'a str,
) -> impl Iterator<Item = (&'a Test, &'a TestResult)> {
    problem.tests.iter().zip(results).filter(move |(test, _)| within(problem, test, name))
}

/// Groups that get no points: one that they wait for, whatever that waits for included, has a test
/// that is not accepted. Whether the tests of such a group were run changes nothing.
#[derive(Debug, Default)]
struct Blocked<'a> {
    groups: BTreeSet<&'a str>,
    /// They, what lies in them, and what they lie in.
    touched: BTreeSet<&'a str>,
}

impl<'a> Blocked<'a> {
    fn of(problem: &'a Problem, results: &[TestResult]) -> Self {
        let mut blocked = Self::default();
        let mut waiting: BTreeMap<&str, Vec<&'a Group>> = BTreeMap::new();
        for group in &problem.groups {
            for name in &group.dependencies {
                waiting.entry(name).or_default().push(group);
            }
        }
        if waiting.is_empty() {
            return blocked;
        }
        let tests = problem.tests.iter().zip(results);
        let failing = tests.filter(|(_, result)| result.verdict != Verdict::Accepted);
        let failing = above(problem, failing.map(|(test, _)| test));
        let mut spoilt: Vec<&str> = failing.into_iter().collect();
        while let Some(name) = spoilt.pop() {
            for group in waiting.remove(name).unwrap_or_default() {
                if blocked.groups.insert(&group.name) {
                    spoilt.extend(blocked.touch(problem, group));
                }
            }
        }
        blocked
    }

    /// Touches all around a group that is blocked; those that were not touched before.
    fn touch(&mut self, problem: &'a Problem, group: &'a Group) -> Vec<&'a str> {
        let inner = problem.groups.iter().filter(|other| {
            outwards(problem, &other.name).iter().any(|outer| outer.name == group.name)
        });
        let around = outwards(problem, &group.name).into_iter().chain(inner);
        around.map(|group| group.name.as_str()).filter(|name| self.touched.insert(name)).collect()
    }

    /// Whether a group, or one that it lies in, is blocked.
    fn holds(&self, problem: &Problem, name: &str) -> bool {
        outwards(problem, name).iter().any(|group| self.groups.contains(group.name.as_str()))
    }

    /// Whether that is so of a group or of one within it.
    fn touches(&self, name: &str) -> bool {
        self.touched.contains(name)
    }
}

/// Whether every test in a group is accepted.
fn accepted(problem: &Problem, results: &[TestResult], name: &str) -> bool {
    members(problem, results, name).all(|(_, result)| result.verdict == Verdict::Accepted)
}

/// What a test reached.
fn reached(test: &Test, result: &TestResult) -> f64 {
    match (result.score, result.verdict) {
        (Some(score), _) => score.points,
        (None, Verdict::Accepted) => test.points.unwrap_or(0.0),
        (None, _) => 0.0,
    }
}

/// What a test can give; of one without a bound, what it gave.
fn most(test: &Test, result: &TestResult) -> f64 {
    test.points.or_else(|| result.score.map(|score| score.max)).unwrap_or(0.0)
}

/// The score of a group.
fn score(problem: &Problem, results: &[TestResult], blocked: &Blocked<'_>, name: &str) -> Score {
    let tests = problem.tests.iter().zip(results);
    let own = tests.filter(|(test, _)| test.group.as_deref() == Some(name));
    let own =
        own.map(|(test, result)| Score { points: reached(test, result), max: most(test, result) });
    let nested = problem.groups.iter().filter(|group| group.parent.as_deref() == Some(name));
    let parts: Vec<Score> =
        own.chain(nested.map(|group| score(problem, results, blocked, &group.name))).collect();
    let group = declared(problem, name);
    let policy = group.map_or(PointsPolicy::EachTest, |group| group.points_policy);
    let sum = |of: fn(&Score) -> f64| parts.iter().map(of).sum::<f64>();
    let least = |of: fn(&Score) -> f64| parts.iter().map(of).reduce(f64::min).unwrap_or(0.0);
    let given = group.and_then(|group| group.points);
    let max = given.unwrap_or_else(|| match policy {
        PointsPolicy::CompleteGroup | PointsPolicy::EachTest => sum(|part| part.max),
        PointsPolicy::Minimum => least(|part| part.max),
    });
    let passed = || accepted(problem, results, name) && !blocked.touches(name);
    let points = match policy {
        _ if blocked.holds(problem, name) => 0.0,
        PointsPolicy::CompleteGroup if passed() => max,
        PointsPolicy::CompleteGroup => 0.0,
        PointsPolicy::EachTest => sum(|part| part.points),
        PointsPolicy::Minimum => least(|part| part.points),
    };
    Score { points: tidy(points.min(max)), max: tidy(max) }
}

/// What the groups at the top reached, and the tests outside of groups.
pub(super) fn total(problem: &Problem, results: &[TestResult]) -> Score {
    let top = names(problem)
        .into_iter()
        .filter(|name| declared(problem, name).is_none_or(|group| group.parent.is_none()));
    let blocked = Blocked::of(problem, results);
    let groups = top.map(|name| score(problem, results, &blocked, name));
    let single = problem.tests.iter().zip(results).filter(|(test, _)| test.group.is_none());
    let single = single
        .map(|(test, result)| Score { points: reached(test, result), max: most(test, result) });
    let whole = groups.chain(single).fold(Score { points: 0.0, max: 0.0 }, |sum, part| Score {
        points: sum.points + part.points,
        max: sum.max + part.max,
    });
    Score { points: tidy(whole.points), max: tidy(whole.max) }
}

/// Every group with its verdict, and its score where there are scores.
pub(super) fn groups(problem: &Problem, results: &[TestResult], scored: bool) -> Vec<GroupResult> {
    let blocked = Blocked::of(problem, results);
    let result = |name: &str| {
        let verdicts: Vec<Verdict> =
            members(problem, results, name).map(|(_, result)| result.verdict).collect();
        let score = scored.then(|| score(problem, results, &blocked, name));
        GroupResult { name: name.to_owned(), verdict: verdict(&verdicts, score), score }
    };
    names(problem).into_iter().map(result).collect()
}

/// A group's verdict: its first failure; skipped when nothing of it was judged to the end.
fn verdict(verdicts: &[Verdict], score: Option<Score>) -> Verdict {
    let (verdict, _) = decide(verdicts);
    if verdict == Verdict::Accepted && verdicts.contains(&Verdict::Skipped) {
        return Verdict::Skipped;
    }
    match score {
        Some(score) => super::scored(verdict, score),
        None => verdict,
    }
}

/// See [`super::wanted`].
pub(super) fn wanted(problem: &Problem, results: &[TestResult], index: usize) -> bool {
    let Some(test) = problem.tests.get(index) else { return false };
    let around = around(problem, test);
    let waits = around.iter().any(|group| !group.dependencies.is_empty());
    let blocked = if waits { Blocked::of(problem, results) } else { Blocked::default() };
    let fails = |name: &str, counts: fn(&Test, &TestResult) -> bool| {
        // The few that fail are looked for first.
        let mut failing = problem
            .tests
            .iter()
            .zip(results)
            .filter(|(test, result)| result.verdict.decides() && counts(test, result));
        failing.any(|(test, _)| within(problem, test, name))
    };
    around.into_iter().all(|group| {
        let lost = match group.points_policy {
            // What a scorer makes of the other tests nobody knows.
            _ if problem.scorer.is_some() => false,
            PointsPolicy::CompleteGroup => fails(&group.name, |_, _| true),
            PointsPolicy::Minimum => {
                fails(&group.name, |test, result| reached(test, result) <= TOLERANCE)
            }
            PointsPolicy::EachTest => false,
        };
        !lost && !blocked.groups.contains(group.name.as_str())
    })
}
