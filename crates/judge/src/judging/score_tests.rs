//! Scores that the jury's programs give, and what their programs cost.

use minos_model::{CpuTime, Fault, Score};
use minos_problem::{
    FeedbackPolicy, Graded, GradedGroup, Grader, Group, JuryProgram, Member, OnReject, Passes,
    PointsPolicy, Scoring,
};

use super::mode_tests::{jury, named, validated};
use super::scene::{Scene, right, scene};
use crate::fake::Reply;

/// One test that an output validator judges, in a group of that policy, worth that at most.
fn scored(policy: PointsPolicy, most: Option<f64>, group: Option<f64>) -> Scene {
    let mut scene = validated(Passes::Once, true);
    scene.problem.scoring = Scoring::Points;
    scene.problem.groups.push(Group {
        name: "g".to_owned(),
        parent: None,
        points: group,
        points_policy: policy,
        feedback_policy: FeedbackPolicy::Complete,
        dependencies: Vec::new(),
    });
    (scene.problem.tests[0].points, scene.problem.tests[0].sample) = (most, false);
    scene
}

fn score(text: &str) -> Reply {
    Reply::exit(42).file("feedback/score.txt", text)
}

fn share(text: &str) -> Reply {
    Reply::exit(42).file("feedback/score_multiplier.txt", text)
}

#[test]
fn an_output_validators_score_is_held_to_what_its_test_can_give() {
    let bounded = || scored(PointsPolicy::EachTest, Some(20.0), Some(20.0));
    let open = || scored(PointsPolicy::EachTest, None, None);
    let least = || scored(PointsPolicy::Minimum, None, None);
    let whole = || scored(PointsPolicy::CompleteGroup, None, Some(20.0));
    let sample = || {
        let mut scene = whole();
        scene.problem.tests[0].sample = true;
        scene
    };
    for (scene, reply, verdict, points) in [
        (bounded(), Reply::exit(42), "AC", Some(20.0)),
        (bounded(), score("12.5"), "PC", Some(12.5)),
        (bounded(), score("20"), "AC", Some(20.0)),
        (bounded(), score("20.5"), "JE", None),
        (bounded(), score("much"), "JE", None),
        (bounded(), share("0.5"), "PC", Some(10.0)),
        (bounded(), Reply::exit(43), "WA", Some(0.0)),
        (bounded(), Reply::exit(43).file("feedback/score.txt", "0"), "JE", None),
        (bounded(), Reply::exit(43).file("feedback/score_multiplier.txt", "0"), "JE", None),
        (open(), score("12.5"), "AC", Some(12.5)),
        (open(), Reply::exit(43), "WA", Some(0.0)),
        (open(), Reply::exit(42), "JE", None),
        (open(), share("1"), "JE", None),
        (least(), score("3"), "AC", Some(3.0)),
        (least(), Reply::exit(42), "JE", None),
        (whole(), Reply::exit(42), "AC", Some(20.0)),
        (whole(), score("20"), "JE", None),
        (whole(), share("1"), "JE", None),
        (sample(), score("much"), "AC", Some(20.0)),
    ] {
        let what = format!("{:?} {:?} {reply:?}", scene.problem.groups, scene.problem.tests);
        let runs = named().on("<BIN>", Reply::print("out")).on("<VALID>", reply);
        let judged = scene.judge(runs).0;
        let judgement = judged.unwrap_or_else(|unjudged| unjudged.judgement);
        assert_eq!(judgement.verdict.as_str(), verdict, "{what}");
        let fault = judgement.fault.map(|(fault, _)| fault);
        assert_eq!(fault, (verdict == "JE").then_some(Fault::Checker), "{what}");
        assert_eq!(judgement.score.map(|score| score.points), points, "{what}");
    }
}

/// Three right tests, and a program of the jury's that makes the score of them.
fn summed_up(by: &str) -> Scene {
    let mut scene = scene();
    let part = jury(&scene, "sum.cpp", "SUM");
    if by == "scorer" {
        scene.problem.scoring = Scoring::Points;
        scene.problem.scorer = Some(part);
        return scene;
    }
    scene.problem.grader = Some(JuryProgram::Part(part));
    scene.problem.scoring = Scoring::Graded(Graded {
        objective: Some(minos_problem::Objective::Maximise),
        root: GradedGroup {
            name: String::new(),
            on_reject: OnReject::Break,
            grader: Grader::Custom(Vec::new()),
            accept_score: 1.0,
            reject_score: 0.0,
            range: (f64::NEG_INFINITY, f64::INFINITY),
            members: (0..3).map(Member::Test).collect(),
        },
    });
    scene
}

#[test]
fn what_graders_and_scorers_use_is_counted_and_what_they_print_is_the_score() {
    for (by, printed, points) in [("grader", "AC 7\n", 7.0), ("scorer", "7.5\n", 7.5)] {
        let runs = || right(named().on("<SUM>", Reply::print(printed)));
        let scene = summed_up(by);
        assert_eq!(scene.spent(runs()).check, CpuTime::from_ms(3), "{by}");
        assert_eq!(scene.spent(runs()).run, CpuTime::from_ms(9), "{by}");
        assert_eq!(scene.judged(runs()).score, Some(Score { points, max: points }), "{by}");
        for wrong in [Reply::exit(1), Reply::print("well"), Reply::print("")] {
            let what = format!("{by} {wrong:?}");
            let trouble = scene.unjudged(right(named().on("<SUM>", wrong))).trouble;
            assert_eq!(trouble.fault, Fault::Checker, "{what}");
            assert!(trouble.message.contains(&format!("the {by} ")), "{what}: {trouble}");
        }
    }
}

#[test]
fn all_passes_of_a_test_give_scores_in_the_same_way() {
    let (score, multiplier) = ("feedback/score.txt", "feedback/score_multiplier.txt");
    for (first, last, verdict) in [
        (score, score, "AC"),
        (multiplier, multiplier, "AC"),
        (score, multiplier, "JE"),
        (multiplier, score, "JE"),
    ] {
        let mut scene = validated(Passes::UpTo(2), true);
        scene.problem.scoring = Scoring::Points;
        scene.problem.tests[0].points = Some(1.0);
        scene.problem.tests[0].sample = false;
        let runs = named().on("<BIN>", Reply::print("out")).when(".validator", move |request| {
            let asks = request.stdin.is_some() && request.descriptors[0].starts_with(b"in1");
            Ok(if asks {
                Reply::exit(42).file(first, "1").file("feedback/nextpass.in", "2")
            } else {
                Reply::exit(42).file(last, "1")
            })
        });
        let judged = scene.judge(runs).0.unwrap_or_else(|unjudged| unjudged.judgement);
        assert_eq!(judged.verdict.as_str(), verdict, "{first} {last} {:?}", judged.fault);
        assert_eq!(
            judged.fault.map(|(fault, _)| fault),
            (verdict == "JE").then_some(Fault::Checker)
        );
    }
}
