//! How a checker is called, and what comes of what it says.

use minos_model::{Cause, CpuTime, Fault, LimitKind, Score, Verdict};

use minos_problem::Scoring;

use super::scene::{compilers, limit, right, scene, verdicts};
use crate::fake::{FakeRuns, Reply};
use crate::port::Keep;

#[test]
fn a_testlib_checker_gets_three_descriptors_a_report_and_appes() {
    let runs = right(compilers()).on("<CHECK>", Reply::exit(0));
    let (judged, runs, _) = scene().testlib().judge(runs);
    assert_eq!(judged.unwrap().verdict, Verdict::Accepted);
    let asked = runs.asked.borrow();
    let run = asked.last().unwrap();
    let args: Vec<&str> = run.args.iter().skip(1).map(String::as_str).collect();
    let fds = ["/proc/self/fd/3", "/proc/self/fd/4", "/proc/self/fd/5"];
    assert_eq!(args, [fds[0], fds[1], fds[2], "report", "-appes"]);
    let contents: Vec<&[u8]> = run.descriptors.iter().map(|held| held.as_slice()).collect();
    assert_eq!(contents, [&b"in3\n"[..], b"3", b"3\n"]);
    assert_eq!((run.files.len(), run.keep), (0, Keep::Stderr));
    assert_eq!(run.limits.cpu(), CpuTime::from_secs(10));
}

#[test]
fn a_foreign_checker_gets_exactly_three_arguments() {
    let scene = scene().with_checker("check.cpp", "python.3", "python3");
    let runs = right(
        FakeRuns::default()
            .on("--version", Reply::print("1"))
            .on("compile(", Reply::exit(0))
            .on("main.c -lm", Reply::exit(0).file("main", "BIN"))
            .on("fd/3", Reply::exit(1).stderr("no")),
    );
    let (judged, runs, _) = scene.judge(runs);
    let judgement = judged.unwrap();
    assert_eq!(judgement.verdict, Verdict::WrongAnswer);
    assert_eq!(judgement.tests.first().unwrap().comment, "wrong answer no");
    let asked = runs.asked.borrow();
    let run = asked.last().unwrap();
    let last: Vec<&str> = run.args.iter().rev().take(3).map(String::as_str).collect();
    assert_eq!(last, ["/proc/self/fd/5", "/proc/self/fd/4", "/proc/self/fd/3"]);
    assert!(run.collect.is_empty());
    // Modules of the package lie beside an interpreted checker.
    let files: Vec<&str> = run.files.iter().map(|file| file.path.as_str()).collect();
    assert_eq!(files, ["main.py", "testlib.h"]);
}

#[test]
fn what_the_checker_says_is_the_verdict() {
    let report = |outcome: &str| format!("<?xml?><result outcome = {outcome}>why</result>");
    for (reply, points, verdict, score, comment) in [
        (Reply::exit(0).stderr("ok fine"), None, "AC", None, "ok fine"),
        (Reply::exit(1).stderr("wrong answer x"), None, "WA", None, "wrong answer x"),
        (Reply::exit(2), None, "PE", None, "wrong output format"),
        (Reply::exit(4), None, "PE", None, "wrong output format"),
        (Reply::exit(8), None, "PE", None, "wrong output format"),
        (
            Reply::exit(1).file("report", &report("\"wrong-answer\"")),
            None,
            "WA",
            None,
            "wrong answer why",
        ),
        (
            Reply::exit(7).file("report", &report("\"points\" points = \"2.5\"")),
            Some(10.0),
            "PC",
            Some(2.5),
            "points why",
        ),
        (
            Reply::exit(7).file("report", &report("\"points\" points = \"10\"")),
            Some(10.0),
            "AC",
            Some(10.0),
            "points why",
        ),
        (
            Reply::exit(40).file("report", &report("\"partially-correct\" pctype = \"40\"")),
            Some(10.0),
            "PC",
            Some(4.0),
            "partially correct (40) why",
        ),
        // The exit code of `_pc(0)` is that of `_ok`.
        (
            Reply::exit(0).file("report", &report("\"partially-correct\" pctype = \"0\"")),
            None,
            "PC",
            None,
            "partially correct (0) why",
        ),
        (Reply::ended(Cause::Cancelled), None, "CS", None, ""),
    ] {
        let what = format!("{reply:?}");
        let mut scene = scene().testlib();
        scene.problem.tests.truncate(1);
        scene.problem.tests[0].points = points;
        if points.is_some() {
            scene.problem.scoring = Scoring::Points;
        }
        let judgement = scene.judged(right(compilers()).on("<CHECK>", reply));
        let test = judgement.tests.first().unwrap();
        assert_eq!((test.verdict.as_str(), test.comment.as_str()), (verdict, comment), "{what}");
        let expected = score.zip(points).map(|(points, max)| Score { points, max });
        assert_eq!((test.score, judgement.score), (expected, expected), "{what}");
    }
}

#[test]
fn a_checker_that_fails_is_a_judge_error_and_never_a_wrong_answer() {
    let report = "<result outcome = \"accepted\">x</result>";
    for (reply, fault, message) in [
        (Reply::exit(3).stderr("FAIL bad answer"), Fault::Checker, "FAIL bad answer"),
        (Reply::exit(42), Fault::Checker, "code 42"),
        (Reply::exit(7), Fault::Checker, "without saying how many"),
        (Reply::ended(Cause::Signalled).stderr("boo"), Fault::Checker, "signal 9: boo"),
        (Reply::ended(limit(LimitKind::CpuTime)), Fault::Checker, "CPU limit"),
        (Reply::exit(0).with(limit(LimitKind::Memory)), Fault::Checker, "memory limit"),
        (Reply::exit(1).file("report", report), Fault::Checker, "one of them is wrong"),
        (Reply::exit(7).stderr("points 5"), Fault::Package, "declares none"),
    ] {
        let what = format!("{reply:?}");
        // The first test is right, the checker fails on the second.
        let answer = reply.clone();
        let runs = right(compilers()).when("<CHECK>", move |request| {
            let second = request.descriptors.first().unwrap().starts_with(b"in2");
            Ok(if second { answer.clone() } else { Reply::exit(0) })
        });
        let unjudged = scene().testlib().unjudged(runs);
        assert_eq!(unjudged.trouble.fault, fault, "{what}");
        assert!(unjudged.trouble.message.contains(message), "{what}: {}", unjudged.trouble);
        assert!(unjudged.trouble.message.starts_with("test 02: "), "{}", unjudged.trouble);
        let judgement = &unjudged.judgement;
        assert_eq!(judgement.verdict, Verdict::JudgeError, "{what}");
        assert_eq!(judgement.decided_by.as_deref(), Some("02"), "{what}");
        assert_eq!(verdicts(judgement), ["AC", "JE", "SK"], "{what}");
        let (fault_again, said) = judgement.fault.clone().unwrap();
        assert_eq!((fault_again, said), (fault, unjudged.trouble.message.clone()), "{what}");
    }
}

#[test]
fn what_the_node_lost_is_its_fault_before_the_checker_is_asked() {
    let lose = |name: &str| {
        let scene = scene().testlib();
        std::fs::remove_file(scene.dir.path().join(name)).unwrap();
        scene.unjudged(right(compilers()).on("<CHECK>", Reply::exit(2)))
    };
    for (name, message) in [("in1", "test 01: input: "), ("ans1", "test 01: answer: ")] {
        let unjudged = lose(name);
        assert_eq!(unjudged.trouble.fault, Fault::Node);
        assert!(unjudged.trouble.message.starts_with(message), "{}", unjudged.trouble);
        assert_eq!(verdicts(&unjudged.judgement), ["JE", "SK", "SK"]);
    }
    let runs = right(compilers()).on("<CHECK>", Reply::exit(2)).losing_output();
    let unjudged = scene().testlib().unjudged(runs);
    assert_eq!(unjudged.trouble.fault, Fault::Node);
    assert_eq!(unjudged.trouble.message, "test 01: the output was lost");
}

#[test]
fn a_checker_that_compiled_when_prepared_and_does_not_now_is_the_nodes_fault() {
    let runs = FakeRuns::default()
        .on("--version", Reply::print("12.2"))
        .on("main.c -lm", Reply::exit(0).file("main", "BIN"))
        .on("main.cpp", Reply::exit(1).stderr("cc1plus: killed"));
    let unjudged = scene().testlib().unjudged(runs);
    assert_eq!(unjudged.trouble.fault, Fault::Node);
    let said = "checker: check.cpp does not compile as cpp17 (CE): cc1plus: killed";
    assert_eq!(unjudged.trouble.message, said);
    assert!(unjudged.judgement.compile.is_some());
}
