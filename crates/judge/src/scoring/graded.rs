//! A tree of groups with graders, as ICPC's legacy format has it.

use minos_model::{GroupResult, Score, TestResult, Verdict};
use minos_problem::{
    GradedGroup, Grader, GraderRules, GraderScore, GraderVerdict, Member, Objective, OnReject,
};

use super::{Grade, Graded, TOLERANCE, tidy};
use crate::trouble::Trouble;

/// See [`super::wanted`].
pub(super) fn wanted(root: &GradedGroup, results: &[TestResult], index: usize) -> bool {
    path_open(root, results, index).unwrap_or(true)
}

/// Whether judging goes on at a test below this group; `None` when it is not below it.
fn path_open(group: &GradedGroup, results: &[TestResult], index: usize) -> Option<bool> {
    let mut rejected = false;
    for member in &group.members {
        let here = match member {
            Member::Test(test) if *test == index => Some(true),
            Member::Test(_) => None,
            Member::Group(inner) => path_open(inner, results, index),
        };
        if let Some(open) = here {
            return Some(open && !(rejected && group.on_reject == OnReject::Break));
        }
        rejected |= is_rejected(member, results);
    }
    None
}

fn is_rejected(member: &Member, results: &[TestResult]) -> bool {
    match member {
        Member::Test(test) => results.get(*test).is_some_and(|test| test.verdict.decides()),
        Member::Group(group) => match &group.grader {
            Grader::Default(_) => {
                // Without a program to ask nothing can go wrong; a group within that has one is
                // taken by its tests.
                let mut ungraded = |_: &[String], inside: &[Graded]| Ok(first_error(inside));
                let graded = grade(group, results, &mut ungraded, &mut Vec::new());
                graded.is_ok_and(|graded| graded.is_some_and(|(it, _)| it != Verdict::Accepted))
            }
            Grader::Custom(_) => group.members.iter().any(|inner| is_rejected(inner, results)),
        },
    }
}

fn first_error(inside: &[Graded]) -> Graded {
    let error = inside.iter().find(|(verdict, _)| *verdict != Verdict::Accepted);
    *error.unwrap_or(&(Verdict::Accepted, 0.0))
}

type Whole = (Verdict, Option<Score>, Vec<GroupResult>);

/// Verdict, score and groups of the whole tree.
pub(super) fn outcome(
    graded: &minos_problem::Graded,
    results: &[TestResult],
    ask: &mut Grade<'_>,
) -> Result<Whole, Trouble> {
    let mut groups = Vec::new();
    let whole = grade(&graded.root, results, ask, &mut groups)?;
    let (verdict, points) = whole.unwrap_or((Verdict::Accepted, 0.0));
    let Some(objective) = graded.objective else {
        for group in &mut groups {
            group.score = None;
        }
        return Ok((verdict, None, groups));
    };
    let accepted = verdict == Verdict::Accepted;
    let points = tidy(if accepted { points } else { 0.0 });
    let max = tidy(most(&graded.root, results).unwrap_or(points));
    let below = objective == Objective::Maximise && points < max - TOLERANCE;
    let verdict = if accepted && below { Verdict::PartiallyCorrect } else { verdict };
    Ok((verdict, Some(Score { points, max }), groups))
}

/// What a group's grader makes of it, and of every group within; `None` when nothing in it was
/// judged.
fn grade(
    group: &GradedGroup,
    results: &[TestResult],
    ask: &mut Grade<'_>,
    groups: &mut Vec<GroupResult>,
) -> Result<Option<Graded>, Trouble> {
    let mut inside = Vec::new();
    for (at, member) in group.members.iter().enumerate() {
        let counts = !(ignores_sample(group) && at == 0);
        let graded = match member {
            Member::Test(test) => results.get(*test).and_then(|test| test_score(group, test)),
            Member::Group(inner) => {
                let place = groups.len();
                let graded = grade(inner, results, ask, groups)?;
                let score = graded.and_then(|(_, points)| {
                    most(inner, results).map(|max| Score { points: tidy(points), max: tidy(max) })
                });
                let verdict = graded.map_or(Verdict::Skipped, |(verdict, _)| verdict);
                groups.insert(place, GroupResult { name: inner.name.clone(), verdict, score });
                graded
            }
        };
        inside.extend(graded.filter(|_| counts));
    }
    if inside.is_empty() {
        return Ok(None);
    }
    match &group.grader {
        Grader::Default(rules) => Ok(Some(built_in(*rules, &inside))),
        Grader::Custom(words) => ask(words, &inside).map(Some),
    }
}

fn ignores_sample(group: &GradedGroup) -> bool {
    matches!(&group.grader, Grader::Default(rules) if rules.ignore_sample)
        && group.members.len() > 1
}

/// A test as graders see it; `None` when it was not judged.
fn test_score(group: &GradedGroup, test: &TestResult) -> Option<Graded> {
    let score = if test.verdict == Verdict::Accepted {
        test.score.map_or(group.accept_score, |score| score.points)
    } else {
        group.reject_score
    };
    (test.verdict != Verdict::Skipped).then_some((test.verdict, score))
}

fn built_in(rules: GraderRules, inside: &[Graded]) -> Graded {
    let errors = || inside.iter().map(|(verdict, _)| *verdict).filter(|v| *v != Verdict::Accepted);
    let any_accepted = inside.iter().any(|(verdict, _)| *verdict == Verdict::Accepted);
    let verdict = match rules.verdict {
        _ if rules.accept_if_any_accepted && any_accepted => Verdict::Accepted,
        GraderVerdict::AlwaysAccept => Verdict::Accepted,
        GraderVerdict::FirstError => errors().next().unwrap_or(Verdict::Accepted),
        GraderVerdict::WorstError => {
            let gravest = GraderVerdict::GRAVEST.into_iter().find(|v| errors().any(|e| e == *v));
            gravest.or_else(|| errors().next()).unwrap_or(Verdict::Accepted)
        }
    };
    let scores = || inside.iter().map(|(_, score)| *score);
    let score = match rules.score {
        GraderScore::Sum => scores().sum(),
        GraderScore::Average => {
            let count = u32::try_from(inside.len()).unwrap_or(u32::MAX);
            scores().sum::<f64>() / f64::from(count.max(1))
        }
        GraderScore::Minimum => scores().reduce(f64::min).unwrap_or(0.0),
        GraderScore::Maximum => scores().reduce(f64::max).unwrap_or(0.0),
    };
    (verdict, if verdict == Verdict::Accepted { score } else { 0.0 })
}

/// The most a group can give; `None` when it has no bound.
fn most(group: &GradedGroup, results: &[TestResult]) -> Option<f64> {
    if group.range.1.is_finite() {
        return Some(group.range.1);
    }
    let rules = match &group.grader {
        Grader::Default(rules) => *rules,
        Grader::Custom(_) => return None,
    };
    let from = usize::from(ignores_sample(group));
    let members = group.members.iter().skip(from).map(|member| match member {
        // A validator's own score has no bound that anybody knows.
        Member::Test(test) if results.get(*test).is_some_and(|test| test.score.is_some()) => None,
        Member::Test(_) => Some(group.accept_score),
        Member::Group(inner) => most(inner, results),
    });
    let all: Vec<f64> = members.collect::<Option<_>>()?;
    match rules.score {
        GraderScore::Sum => Some(all.iter().sum()),
        GraderScore::Minimum => all.into_iter().reduce(f64::min),
        GraderScore::Average | GraderScore::Maximum => all.into_iter().reduce(f64::max),
    }
}
