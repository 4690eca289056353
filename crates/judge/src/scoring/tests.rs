//! Tables of problems, results and what they come to.

use minos_model::{Bytes, CpuTime, Digest, Score, TestResult, Verdict, WallTime};
use minos_problem::{
    FeedbackPolicy, GradedGroup, Grader, GraderRules, GraderScore, GraderVerdict, Group, Member,
    Objective, OnReject, PointsPolicy, Problem, ProblemLimits, Scoring, Test,
};

use super::{Outcome, TOLERANCE, order, outcome, wanted};
use crate::trouble::Trouble;

/// A problem whose tests are given as `group:points`, `-` for none.
fn problem(tests: &[&str], groups: &[(&str, Option<f64>, PointsPolicy, &[&str])]) -> Problem {
    let limits = ProblemLimits::new(CpuTime::from_secs(1), Bytes::from_mib(64));
    let id = "p".parse().unwrap();
    let mut problem = Problem::new(id, Digest::from_bytes([0; 32]), "/".into(), limits);
    problem.scoring = Scoring::Points;
    for (number, text) in (1..).zip(tests) {
        let (group, points) = text.split_once(':').unwrap();
        let mut test = Test::new(format!("{number:02}"), "/".into(), "/".into());
        test.group = Some(group).filter(|group| *group != "-").map(str::to_owned);
        test.points = points.parse().ok();
        problem.tests.push(test);
    }
    for (name, points, policy, dependencies) in groups {
        let (parent, name) =
            name.split_once('>').map_or((None, *name), |(parent, name)| (Some(parent), name));
        problem.groups.push(Group {
            name: name.to_owned(),
            parent: parent.map(str::to_owned),
            points: *points,
            points_policy: *policy,
            feedback_policy: FeedbackPolicy::Complete,
            dependencies: dependencies.iter().map(|name| (*name).to_owned()).collect(),
        });
    }
    problem
}

/// Results as `AC`, `WA`, `SK`, or `PC=2.5`.
fn results(problem: &Problem, texts: &str) -> Vec<TestResult> {
    let result = |(test, text): (&Test, &str)| {
        let (verdict, points) =
            text.split_once('=').map_or((text, None), |(verdict, points)| (verdict, Some(points)));
        let points = points.map(|points| points.parse().unwrap());
        let score = points.map(|points| Score { points, max: test.points.unwrap_or(points) });
        TestResult {
            name: test.name.clone(),
            group: test.group.clone(),
            verdict: verdict.parse().unwrap(),
            score,
            cpu: CpuTime::ZERO,
            wall: WallTime::ZERO,
            memory: Bytes::ZERO,
            cause: None,
            ending: None,
            comment: String::new(),
            repeats: Vec::new(),
        }
    };
    problem.tests.iter().zip(texts.split(' ')).map(result).collect()
}

fn scored(problem: &Problem, texts: &str) -> Outcome {
    let mut none = |_: &[String], _: &[_]| Err(Trouble::package("no grader"));
    outcome(problem, &results(problem, texts), &mut none).unwrap()
}

/// Verdict, points, maximum, and each group as `name verdict points`.
fn told(outcome: &Outcome) -> (&'static str, Option<(f64, f64)>, Vec<String>) {
    let groups = outcome.groups.iter().map(|group| {
        let points = group.score.map_or_else(|| "-".to_owned(), |score| score.points.to_string());
        format!("{} {} {points}", group.name, group.verdict)
    });
    let score = outcome.score.map(|score| (score.points, score.max));
    (outcome.verdict.as_str(), score, groups.collect())
}

const COMPLETE: PointsPolicy = PointsPolicy::CompleteGroup;
const EACH: PointsPolicy = PointsPolicy::EachTest;
const LEAST: PointsPolicy = PointsPolicy::Minimum;

/// Samples, a group that counts whole, one that waits for it, and one of single tests.
fn olympiad() -> Problem {
    problem(
        &["0:0", "1:30", "1:0", "2:25", "3:20", "3:25"],
        &[
            ("0", None, EACH, &[]),
            ("1", Some(30.0), COMPLETE, &[]),
            ("2", Some(25.0), COMPLETE, &["1"]),
            ("3", Some(45.0), EACH, &["1", "2"]),
        ],
    )
}

#[test]
fn groups_count_whole_or_test_by_test_once_what_they_wait_for_has_passed() {
    let problem = olympiad();
    for (results, verdict, points, groups) in [
        ("AC AC AC AC AC AC", "AC", 100.0, ["0 AC 0", "1 AC 30", "2 AC 25", "3 AC 45"]),
        ("AC AC AC AC WA AC", "PC", 80.0, ["0 AC 0", "1 AC 30", "2 AC 25", "3 PC 25"]),
        ("AC AC AC TLE SK SK", "PC", 30.0, ["0 AC 0", "1 AC 30", "2 TLE 0", "3 SK 0"]),
        ("AC AC WA SK SK SK", "WA", 0.0, ["0 AC 0", "1 WA 0", "2 SK 0", "3 SK 0"]),
        // Judged all the same, as with `--all-tests`, but not counted.
        ("AC AC WA AC AC AC", "WA", 0.0, ["0 AC 0", "1 WA 0", "2 PC 0", "3 PC 0"]),
        ("WA AC AC AC AC AC", "WA", 100.0, ["0 WA 0", "1 AC 30", "2 AC 25", "3 AC 45"]),
        ("AC AC AC AC PC=7.25 AC", "PC", 87.25, ["0 AC 0", "1 AC 30", "2 AC 25", "3 PC 32.25"]),
        ("AC RTE SK SK SK SK", "RTE", 0.0, ["0 AC 0", "1 RTE 0", "2 SK 0", "3 SK 0"]),
    ] {
        let outcome = scored(&problem, results);
        let expected = (verdict, Some((points, 100.0)), groups.map(str::to_owned).to_vec());
        assert_eq!(told(&outcome), expected, "{results}");
    }
}

#[test]
fn a_test_is_left_out_once_nothing_depends_on_it() {
    let problem = olympiad();
    for (results, index, needed) in [
        ("SK SK SK SK SK SK", 0, true),
        ("WA SK SK SK SK SK", 1, true),
        ("AC AC SK SK SK SK", 2, true),
        ("AC WA SK SK SK SK", 2, false),
        ("AC AC AC SK SK SK", 3, true),
        ("AC AC WA SK SK SK", 3, false),
        ("AC AC AC AC WA SK", 5, true),
        ("AC AC AC WA SK SK", 4, false),
    ] {
        let tests = super::tests::results(&problem, results);
        assert_eq!(wanted(&problem, &tests, index), needed, "{results} {index}");
    }
    let mut plain = problem;
    plain.scoring = Scoring::PassFail;
    for (results, index, needed) in
        [("AC AC SK SK SK SK", 2, true), ("AC WA SK SK SK SK", 2, false)]
    {
        let tests = super::tests::results(&plain, results);
        assert_eq!(wanted(&plain, &tests, index), needed, "{results} {index}");
    }
}

#[test]
fn what_decides_is_judged_before_what_waits_for_it() {
    let problem = problem(
        &["1:10", "1:10", "2:10", "-:1", "3:10"],
        &[
            ("1", None, COMPLETE, &["3"]),
            ("2", None, COMPLETE, &["1"]),
            ("3", None, EACH, &["none"]),
        ],
    );
    assert_eq!(order(&problem), [3, 4, 0, 1, 2]);
    assert_eq!(told(&scored(&problem, "AC AC AC AC AC")).1, Some((41.0, 41.0)));
    assert_eq!(told(&scored(&problem, "SK SK SK AC WA")).1, Some((1.0, 41.0)));
}

#[test]
fn a_hundred_groups_of_twenty_tests_that_wait_for_one_another_are_judged_in_their_order() {
    // The last is listed first.
    let (groups, tests) = (100_usize, 20_usize);
    let names: Vec<String> = (0..groups).map(|group| format!("g{group}")).collect();
    let listed: Vec<String> =
        names.iter().rev().flat_map(|name| vec![format!("{name}:1"); tests]).collect();
    let listed: Vec<&str> = listed.iter().map(String::as_str).collect();
    let mut chain = problem(&listed, &[]);
    for (group, name) in names.iter().enumerate() {
        chain.groups.push(Group {
            name: name.clone(),
            parent: None,
            points: None,
            points_policy: COMPLETE,
            feedback_policy: FeedbackPolicy::Complete,
            // For all before it, in the worst case.
            dependencies: names.iter().take(group).cloned().collect(),
        });
    }
    let expected: Vec<usize> =
        (0..groups).rev().flat_map(|group| group * tests..(group + 1) * tests).collect();
    assert_eq!(order(&chain), expected);
    let mut texts = vec!["SK"; groups * tests];
    let middle = expected[groups * tests / 2];
    for index in &expected[..groups * tests / 2] {
        texts[*index] = "AC";
    }
    texts[middle] = "WA";
    let found = results(&chain, &texts.join(" "));
    let first = expected.iter().step_by(tests);
    let needed = first.filter(|index| wanted(&chain, &found, **index)).count();
    assert_eq!(needed, groups / 2, "those before");
    assert_eq!(told(&scored(&chain, &texts.join(" "))).1, Some((1_000.0, 2_000.0)));
}

#[test]
fn whoever_waits_for_a_group_waits_for_what_that_waits_for() {
    let chain = problem(
        &["1:10", "2:20", "3:30", "-:1"],
        &[
            ("1", None, EACH, &["missing"]),
            ("2", None, COMPLETE, &["1"]),
            ("3", None, EACH, &["2"]),
        ],
    );
    let nested = problem(
        &["s:0", "a/1:10", "b/1:20", "b/2:30", "c:40"],
        &[
            ("s", None, COMPLETE, &[]),
            ("a", None, EACH, &[]),
            ("a>a/1", None, EACH, &["s"]),
            ("b", None, COMPLETE, &["a"]),
            ("b>b/1", None, COMPLETE, &[]),
            ("b>b/2", None, COMPLETE, &[]),
            ("c", None, EACH, &["b/1"]),
        ],
    );
    for (problem, results, points) in [
        (&chain, "AC AC AC AC", 61.0),
        // As when the tests of the second and third group are not run.
        (&chain, "WA AC AC AC", 1.0),
        (&chain, "AC WA AC AC", 11.0),
        (&chain, "WA SK SK AC", 1.0),
        (&nested, "AC AC AC AC AC", 100.0),
        (&nested, "WA AC AC AC AC", 0.0),
        (&nested, "AC WA AC AC AC", 0.0),
        (&nested, "AC AC WA AC AC", 10.0),
    ] {
        let score = scored(problem, results).score.unwrap();
        assert!((score.points - points).abs() < TOLERANCE, "{results}: {score:?}");
    }
}

#[test]
fn groups_lie_in_each_other_and_the_least_counts_where_the_package_says_so() {
    let tests = ["secret/a:40", "secret/a:40", "secret/b:60", "secret/b:60"];
    let groups: [(&str, Option<f64>, PointsPolicy, &[&str]); 3] = [
        ("secret", Some(100.0), EACH, &[]),
        ("secret>secret/a", Some(40.0), LEAST, &[]),
        ("secret>secret/b", Some(60.0), LEAST, &["secret/a"]),
    ];
    let problem = problem(&tests, &groups);
    for (results, points) in [
        ("AC AC AC AC", 100.0),
        ("PC=10 PC=25 SK SK", 10.0),
        ("AC AC PC=12.5 AC", 52.5),
        ("WA SK SK SK", 0.0),
    ] {
        assert_eq!(told(&scored(&problem, results)).1, Some((points, 100.0)), "{results}");
    }
    let tests = results(&problem, "PC=10 SK SK SK");
    assert!(wanted(&problem, &tests, 1));
    let tests = results(&problem, "WA SK SK SK");
    assert!(!wanted(&problem, &tests, 1));
}

#[test]
fn decimals_add_up_without_noise_and_scores_without_bound_are_what_they_are() {
    let tenths = problem(&["-:0.1", "-:0.1", "-:0.1"], &[]);
    assert_eq!(told(&scored(&tenths, "AC AC AC")).1, Some((0.3, 0.3)));
    let open = problem(&["-:x", "-:x"], &[]);
    assert_eq!(told(&scored(&open, "AC=7 AC=5.5")), ("AC", Some((12.5, 12.5)), vec![]));
}

#[test]
fn a_fault_or_a_cancellation_outranks_every_score() {
    let problem = olympiad();
    for (results, verdict) in [("AC AC JE SK SK SK", "JE"), ("AC WA CS SK SK SK", "CS")] {
        assert_eq!(told(&scored(&problem, results)), (verdict, None, vec![]));
    }
}

fn graded_group(name: &str, rules: GraderRules, members: Vec<Member>) -> GradedGroup {
    GradedGroup {
        name: name.to_owned(),
        on_reject: OnReject::Break,
        grader: Grader::Default(rules),
        accept_score: 1.0,
        reject_score: 0.0,
        range: (f64::NEG_INFINITY, f64::INFINITY),
        members,
    }
}

/// A sample, and two groups worth 30 and 70 by their ranges.
fn graded(objective: Option<Objective>, root: GraderRules) -> Problem {
    let mut problem = problem(&["-:x", "-:x", "-:x", "-:x"], &[]);
    let least = GraderRules { score: GraderScore::Minimum, ..GraderRules::DEFAULT };
    let mut first = graded_group("secret/1", least, vec![Member::Test(1), Member::Test(2)]);
    (first.accept_score, first.range) = (30.0, (0.0, 30.0));
    let mut second = graded_group("secret/2", least, vec![Member::Test(3)]);
    (second.accept_score, second.range) = (70.0, (0.0, 70.0));
    let sample = graded_group("sample", GraderRules::DEFAULT, vec![Member::Test(0)]);
    let groups = vec![Member::Group(first), Member::Group(second)];
    let mut secret = graded_group("secret", root, groups);
    if objective.is_some() {
        secret.on_reject = OnReject::Continue;
    }
    let members = vec![Member::Group(sample), Member::Group(secret)];
    let ignore = GraderRules { ignore_sample: true, ..root };
    let mut whole = graded_group("", ignore, members);
    if objective.is_some() {
        whole.on_reject = OnReject::Continue;
    }
    problem.scoring = Scoring::Graded(minos_problem::Graded { objective, root: whole });
    problem
}

#[test]
fn graders_turn_groups_into_one_verdict_and_one_score() {
    let any = GraderRules { accept_if_any_accepted: true, ..GraderRules::DEFAULT };
    let first = GraderRules { verdict: GraderVerdict::FirstError, ..GraderRules::DEFAULT };
    let points = Some(Objective::Maximise);
    for (objective, rules, results, verdict, score) in [
        (None, GraderRules::DEFAULT, "AC AC AC AC", "AC", None),
        (None, GraderRules::DEFAULT, "AC AC TLE SK", "TLE", None),
        (points, any, "AC AC AC AC", "AC", Some((100.0, 100.0))),
        (points, any, "WA AC AC WA", "PC", Some((30.0, 100.0))),
        (points, any, "AC WA SK AC", "PC", Some((70.0, 100.0))),
        (points, any, "AC WA SK TLE", "TLE", Some((0.0, 100.0))),
        (points, first, "AC WA SK TLE", "WA", Some((0.0, 100.0))),
        (points, any, "AC AC=12.5 AC AC", "PC", Some((82.5, 100.0))),
    ] {
        let problem = graded(objective, rules);
        let outcome = scored(&problem, results);
        assert_eq!((told(&outcome).0, told(&outcome).1), (verdict, score), "{results}");
        let names: Vec<&str> = outcome.groups.iter().map(|group| group.name.as_str()).collect();
        assert_eq!(names, ["sample", "secret", "secret/1", "secret/2"]);
    }
    let always = GraderRules { verdict: GraderVerdict::AlwaysAccept, ..GraderRules::DEFAULT };
    let outcome = scored(&graded(Some(Objective::Minimise), always), "AC AC AC AC");
    assert_eq!(outcome.verdict, Verdict::Accepted);
}

#[test]
fn a_rejection_ends_the_groups_that_break_and_no_others() {
    let any = GraderRules { accept_if_any_accepted: true, ..GraderRules::DEFAULT };
    for (objective, results, index, needed) in [
        (None, "WA SK SK SK", 1, false),
        (None, "AC WA SK SK", 2, false),
        (None, "AC WA SK SK", 3, false),
        (None, "AC AC AC SK", 3, true),
        (Some(Objective::Maximise), "WA SK SK SK", 1, true),
        (Some(Objective::Maximise), "AC WA SK SK", 2, false),
        (Some(Objective::Maximise), "AC WA SK SK", 3, true),
    ] {
        let rules = if objective.is_some() { any } else { GraderRules::DEFAULT };
        let problem = graded(objective, rules);
        let tests = super::tests::results(&problem, results);
        assert_eq!(wanted(&problem, &tests, index), needed, "{results} {index}");
    }
}

#[test]
fn a_grader_of_the_package_is_asked_with_its_words_and_what_lies_in_its_group() {
    let mut problem = graded(Some(Objective::Maximise), GraderRules::DEFAULT);
    let Scoring::Graded(graded) = &mut problem.scoring else { unreachable!() };
    graded.root.grader = Grader::Custom(vec!["twice".to_owned()]);
    graded.root.range = (0.0, 200.0);
    let mut asked = Vec::new();
    let mut grade = |words: &[String], inside: &[super::Graded]| {
        asked.push((words.to_vec(), inside.to_vec()));
        Ok((Verdict::Accepted, 2.0 * inside.iter().map(|(_, score)| score).sum::<f64>()))
    };
    let outcome = outcome(&problem, &results(&problem, "AC AC AC AC"), &mut grade).unwrap();
    assert_eq!(outcome.score, Some(Score { points: 202.0, max: 200.0 }));
    let inside = vec![(Verdict::Accepted, 1.0), (Verdict::Accepted, 100.0)];
    assert_eq!(asked, [(vec!["twice".to_owned()], inside)]);
}
