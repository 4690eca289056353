//! Points: groups by their policies, dependencies, and what need not be judged any more.

use std::collections::BTreeSet;

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
fn around<'a>(problem: &'a Problem, test: &Test) -> Vec<&'a Group> {
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
struct Blocked<'a>(BTreeSet<&'a str>);

impl<'a> Blocked<'a> {
    fn of(problem: &'a Problem, results: &[TestResult]) -> Self {
        let awaited: BTreeSet<&str> = problem
            .groups
            .iter()
            .flat_map(|group| &group.dependencies)
            .map(String::as_str)
            .collect();
        let failing: BTreeSet<&str> =
            awaited.into_iter().filter(|name| !accepted(problem, results, name)).collect();
        let mut blocked = Self(BTreeSet::new());
        loop {
            let waits = |group: &&Group| {
                let mut awaited = group.dependencies.iter().map(String::as_str);
                awaited.any(|name| failing.contains(name) || blocked.touches(problem, name))
            };
            let next: BTreeSet<&str> =
                problem.groups.iter().filter(waits).map(|group| group.name.as_str()).collect();
            if next.len() == blocked.0.len() {
                return blocked;
            }
            blocked = Self(next);
        }
    }

    /// Whether a group, or one that it lies in, is blocked.
    fn holds(&self, problem: &Problem, name: &str) -> bool {
        outwards(problem, name).iter().any(|group| self.0.contains(group.name.as_str()))
    }

    /// Whether that is so of a group or of one within it.
    fn touches(&self, problem: &Problem, name: &str) -> bool {
        let within = |other: &&str| outwards(problem, other).iter().any(|it| it.name == name);
        self.holds(problem, name) || self.0.iter().any(within)
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
    let passed = || accepted(problem, results, name) && !blocked.touches(problem, name);
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

/// See [`super::order`].
pub(super) fn order(problem: &Problem) -> Vec<usize> {
    let mut left: Vec<usize> = (0..problem.tests.len()).collect();
    let mut order = Vec::new();
    while !left.is_empty() {
        let free = |index: &usize| {
            let Some(test) = problem.tests.get(*index) else { return true };
            let mut awaited =
                around(problem, test).into_iter().flat_map(|group| &group.dependencies);
            !awaited.any(|name| {
                let mut others = left.iter().filter_map(|other| problem.tests.get(*other));
                others.any(|other| within(problem, other, name) && !within(problem, test, name))
            })
        };
        // Dependencies do not run in circles; if they did, the order would be as listed.
        let at = left.iter().position(free).unwrap_or(0);
        order.push(left.remove(at));
    }
    order
}

/// See [`super::wanted`].
pub(super) fn wanted(problem: &Problem, results: &[TestResult], index: usize) -> bool {
    let Some(test) = problem.tests.get(index) else { return false };
    let blocked = Blocked::of(problem, results);
    around(problem, test).into_iter().all(|group| {
        let mut inside = members(problem, results, &group.name);
        let lost = match group.points_policy {
            // What a scorer makes of the other tests nobody knows.
            _ if problem.scorer.is_some() => false,
            PointsPolicy::CompleteGroup => inside.any(|(_, result)| result.verdict.decides()),
            PointsPolicy::Minimum => inside.any(|(test, result)| {
                result.verdict.decides() && reached(test, result) <= TOLERANCE
            }),
            PointsPolicy::EachTest => false,
        };
        !lost && !blocked.holds(problem, &group.name)
    })
}
