//! Problems that are more than reading stdin and writing stdout.

use minos_model::{Bytes, Fault, Score, Verdict};
use minos_problem::{
    Checker, Include, IncludeFor, IncludeStage, JuryProgram, Mode, Part, Passes, Scoring,
    Validators,
};

use super::scene::{Scene, compilers, limit, scene, verdicts};
use crate::fake::{FakeRuns, Reply, signalled};

/// One test, and a program of the jury's made of that source: `<NAME>`.
pub(super) fn jury(scene: &Scene, file: &str, source: &str) -> Part {
    let path = scene.dir.path().join(file);
    std::fs::write(&path, source).unwrap();
    Part {
        source: path,
        kind: "cpp.g++17".to_owned(),
        language: "cpp17".parse().unwrap(),
        resources: Vec::new(),
        further: Vec::new(),
    }
}

/// Compilers that name each C++ program after its source.
pub(super) fn named() -> FakeRuns {
    FakeRuns::default()
        .on("--version", Reply::print("12.2"))
        .on("main.c -lm", Reply::exit(0).file("main", "BIN"))
        .when("main.cpp", |request| {
            let source = request.files.iter().find(|file| file.path == "main.cpp").unwrap();
            let name = String::from_utf8_lossy(&source.content).into_owned();
            Ok(Reply::exit(0).file("main", &name))
        })
}

fn interactive() -> Scene {
    let mut scene = scene();
    scene.problem.tests.truncate(1);
    scene.problem.mode = Mode { interactive: true, ..Mode::BATCH };
    scene.problem.interactor = Some(jury(&scene, "interactor.cpp", "TALK"));
    scene.problem.checker = Checker::Program(jury(&scene, "check.cpp", "CHECK"));
    scene
}

#[test]
fn an_interactor_is_followed_by_the_checker_that_sees_what_it_wrote() {
    let talk = Reply::exit(0).file("tout", "3 questions");
    let runs = named().on("<BIN>", Reply::exit(0)).on("<TALK>", talk).on("<CHECK>", Reply::exit(0));
    let (judged, runs, _) = interactive().judge(runs);
    assert_eq!(judged.unwrap().verdict, Verdict::Accepted);
    let asked = runs.asked.borrow();
    let [.., talked, checked] = asked.as_slice() else { panic!("too few runs") };
    let args: Vec<&str> = talked.args.iter().skip(1).map(String::as_str).collect();
    assert_eq!(args, ["/proc/self/fd/3", "tout", "/proc/self/fd/4", "report", "-appes"]);
    let read: Vec<&[u8]> = checked.descriptors.iter().map(|held| held.as_slice()).collect();
    assert_eq!(read, [&b"in1\n"[..], b"3 questions", b"1\n"]);
}

#[test]
fn an_interactor_decides_only_where_it_may() {
    let fails = || Reply { report: signalled(11), ..Reply::exit(0) };
    for (solution, interactor, verdict, fault) in [
        (Reply::exit(0), Reply::exit(0), "AC", None),
        (Reply::exit(0), Reply::exit(1).stderr("wrong answer too many"), "WA", None),
        (Reply::exit(0).last(), Reply::exit(2), "PE", None),
        // The end of file after an early exit is no matter of form.
        (Reply::exit(0), Reply::exit(2), "WA", None),
        (Reply::exit(1), Reply::exit(1), "RTE", None),
        (Reply::exit(1).last(), Reply::exit(1), "WA", None),
        (Reply::exit(0), Reply { report: signalled(13), ..Reply::exit(0) }, "WA", None),
        (Reply::ended(limit(minos_model::LimitKind::WallTime)), Reply::exit(2), "WTL", None),
        (Reply::exit(0), Reply::exit(3).stderr("FAIL x"), "JE", Some(Fault::Checker)),
        (Reply::exit(0), Reply::exit(99), "JE", Some(Fault::Checker)),
        (Reply::exit(0), fails(), "JE", Some(Fault::Checker)),
        (fails(), fails(), "RTE", None),
    ] {
        let what = format!("{solution:?} {interactor:?}");
        let runs = named().on("<BIN>", solution).on("<TALK>", interactor);
        let runs = runs.on("<CHECK>", Reply::exit(0));
        let judgement = match interactive().judge(runs).0 {
            Ok(judgement) => judgement,
            Err(unjudged) => unjudged.judgement,
        };
        assert_eq!(judgement.verdict.as_str(), verdict, "{what}");
        assert_eq!(judgement.fault.map(|(fault, _)| fault), fault, "{what}");
    }
}

#[test]
fn what_the_interactor_wrote_in_the_first_run_is_the_input_of_the_second() {
    let mut scene = interactive();
    scene.problem.mode.passes = Passes::Twice;
    let runs = named().on("<BIN>", Reply::exit(0)).when("<TALK>", |request| {
        let first = request.descriptors[0].starts_with(b"in1");
        Ok(Reply::exit(0).file("tout", if first { "middle" } else { "end" }))
    });
    let (judged, runs, _) = scene.judge(runs.on("<CHECK>", Reply::exit(0)));
    assert_eq!(judged.unwrap().verdict, Verdict::Accepted);
    let asked = runs.asked.borrow();
    let [.., first, _, second, checked] = asked.as_slice() else { panic!("too few runs") };
    assert_eq!(first.descriptors[0].as_slice(), b"in1\n");
    assert_eq!(second.descriptors[0].as_slice(), b"middle");
    let read: Vec<&[u8]> = checked.descriptors.iter().map(|held| held.as_slice()).collect();
    assert_eq!(read, [&b"in1\n"[..], b"end", b"1\n"]);
}

pub(super) fn validated(passes: Passes, scores: bool) -> Scene {
    let mut scene = scene();
    scene.problem.tests.truncate(1);
    scene.problem.mode = Mode { passes, ..Mode::BATCH };
    let program = JuryProgram::Part(jury(&scene, "validate.cpp", "VALID"));
    scene.problem.checker = Checker::Validators(Validators { programs: vec![program], scores });
    scene
}

#[test]
fn an_output_validator_says_42_or_43() {
    for (reply, verdict) in [
        (Reply::exit(42), "AC"),
        (Reply::exit(43).file("feedback/judgemessage.txt", "no"), "WA"),
        (Reply::exit(0), "JE"),
        (Reply::exit(42).file("feedback/nextpass.in", "2"), "JE"),
    ] {
        let what = format!("{reply:?}");
        let scene = validated(Passes::Once, false);
        let runs = named().on("<BIN>", Reply::print("out")).on("<VALID>", reply);
        let (judged, runs, _) = scene.judge(runs);
        let judgement = judged.unwrap_or_else(|unjudged| unjudged.judgement);
        assert_eq!(judgement.verdict.as_str(), verdict, "{what}");
        let lines = runs.lines();
        let line = lines.last().unwrap();
        assert_eq!(line, "<VALID> /proc/self/fd/3 /proc/self/fd/4 feedback/ < out");
    }
}

#[test]
fn a_validator_asks_for_passes_up_to_the_limit_and_its_folder_goes_along() {
    let judged = |most: u32| {
        let scene = validated(Passes::UpTo(most), false);
        let runs =
            named().on("<BIN> < third", Reply::print("done")).on("<BIN>", Reply::print("on"));
        let runs = runs.when("./.validator", |request| {
            let kept = request.files.iter().find(|file| file.path == ".feedback.tar");
            let passed = kept.map_or(0, |kept| kept.content.len());
            let next = ["second", "third"].get(passed);
            let reply = Reply::exit(42).file(".feedback.tar", "xxxx".get(..=passed).unwrap());
            Ok(match next {
                Some(next) => reply.file("feedback/nextpass.in", next),
                None => reply,
            })
        });
        let (judged, runs, _) = scene.judge(runs);
        (judged, runs.lines())
    };
    let (judgement, lines) = judged(3);
    assert_eq!(judgement.unwrap().verdict, Verdict::Accepted);
    let own: Vec<&String> = lines.iter().filter(|line| line.starts_with("<BIN>")).collect();
    assert_eq!(own, ["<BIN> < in1", "<BIN> < second", "<BIN> < third"]);
    let unjudged = judged(2).0.unwrap_err();
    assert_eq!(unjudged.trouble.fault, Fault::Checker);
    assert!(unjudged.trouble.message.contains("more than 2 passes"), "{}", unjudged.trouble);
}

#[test]
fn named_files_take_the_place_of_stdin_and_stdout() {
    let mut scene = scene();
    scene.problem.tests.truncate(1);
    scene.problem.input_file = Some("sum.in".to_owned());
    scene.problem.output_file = Some("sum.out".to_owned());
    let judge = |reply: Reply| scene.judge(compilers().on("<BIN>", reply));
    let (judged, runs, _) = judge(Reply::print("no matter").file("sum.out", "1\n"));
    assert_eq!(judged.unwrap().verdict, Verdict::Accepted);
    let asked = runs.asked.borrow();
    let run = asked.last().unwrap();
    let given: Vec<&str> = run.files.iter().map(|file| file.path.as_str()).collect();
    assert_eq!((given, run.stdin.is_some()), (vec!["sum.in"], false));
    let (judged, _, _) = judge(Reply::print("1"));
    let judgement = judged.unwrap();
    assert_eq!(judgement.verdict, Verdict::WrongAnswer);
    assert!(judgement.tests[0].comment.contains("no file `sum.out`"));
    assert_eq!(judge(Reply::exit(1)).0.unwrap().verdict, Verdict::RuntimeError);
}

#[test]
fn a_submission_may_only_read_where_the_package_says_so_and_the_jury_may_write() {
    for forbidden in [true, false] {
        let mut scene = validated(Passes::Once, false);
        scene.problem.rules.no_file_writing = forbidden;
        let runs = named().on("<BIN>", Reply::print("out")).on("<VALID>", Reply::exit(42));
        let (judged, runs, _) = scene.judge(runs);
        assert_eq!(judged.unwrap().verdict, Verdict::Accepted);
        let asked = runs.asked.borrow();
        let [.., run, checked] = asked.as_slice() else { panic!("too few runs") };
        assert_eq!((run.read_only, checked.read_only), (forbidden, false));
    }
}

#[test]
fn an_answer_that_is_submitted_is_compared_without_any_run() {
    let mut scene = scene();
    scene.problem.tests.truncate(1);
    scene.problem.mode.submit_answer = true;
    scene.submitted = ("c", b"1\n".to_vec());
    let (judged, runs, _) = scene.judge(FakeRuns::default());
    let judgement = judged.unwrap();
    assert_eq!((judgement.verdict, judgement.compile), (Verdict::Accepted, None));
    assert_eq!(runs.lines(), [""; 0]);
    scene.submitted.1 = b"2\n".to_vec();
    assert_eq!(scene.judged(FakeRuns::default()).verdict, Verdict::WrongAnswer);
}

#[test]
fn files_of_the_package_are_compiled_with_the_submission_or_lie_beside_it() {
    let mut scene = scene();
    scene.problem.tests.truncate(1);
    for (name, languages, stage) in [
        ("grader.c", IncludeFor::All, IncludeStage::Compile),
        ("grader.h", IncludeFor::All, IncludeStage::Compile),
        ("table.txt", IncludeFor::All, IncludeStage::Run),
        ("grader.py", IncludeFor::AllBut(vec!["c".parse().unwrap()]), IncludeStage::Both),
    ] {
        let path = scene.dir.path().join(name);
        std::fs::write(&path, name).unwrap();
        let name = name.to_owned();
        scene.problem.includes.push(Include { name, path, languages, stage });
    }
    let runs = FakeRuns::default()
        .on("--version", Reply::print("1"))
        .on("main.c grader.c", Reply::exit(0).file("main", "BIN"))
        .on("<BIN>", Reply::print("1"));
    let (judged, runs, _) = scene.judge(runs);
    assert_eq!(judged.unwrap().verdict, Verdict::Accepted);
    let asked = runs.asked.borrow();
    let files = |at: usize| {
        let files = asked[at].files.iter().map(|file| file.path.as_str());
        files.collect::<Vec<_>>()
    };
    assert_eq!(files(1), ["grader.c", "grader.h", "main.c"]);
    assert_eq!(files(2), ["table.txt"]);
}

#[test]
fn what_a_package_does_not_take_is_refused_before_it_is_compiled() {
    let mut scene = scene();
    scene.problem.rules.code = Some(Bytes::new(6));
    scene.problem.rules.languages = Some(vec!["c".parse().unwrap()]);
    let right = || super::scene::right(compilers());
    assert_eq!(scene.judged(right()).verdict, Verdict::Accepted);
    scene.problem.rules.code = Some(Bytes::new(5));
    assert_eq!(scene.judged(right()).verdict, Verdict::CompileError);
    scene.problem.rules.code = None;
    scene.problem.rules.languages = Some(vec!["python3".parse().unwrap()]);
    let refused = scene.judged(right());
    assert_eq!(refused.verdict, Verdict::CompileError);
    let log = refused.compile.unwrap().log;
    assert!(log.contains("no c, only python3"), "{log}");
}

/// A problem of two points a test whose scorer is `<SCORE>`.
fn scored(checker: &str) -> Scene {
    let mut scene = scene();
    scene.problem.scoring = Scoring::Points;
    scene.problem.scorer = Some(jury(&scene, "score.cpp", "SCORE"));
    scene.problem.checker = Checker::Program(jury(&scene, "check.cpp", checker));
    for test in &mut scene.problem.tests {
        test.points = Some(2.0);
    }
    scene
}

#[test]
fn a_scorer_makes_the_score_of_all_results() {
    let runs = || named().on("<BIN> < in2", Reply::exit(1)).on("<BIN>", Reply::print("1"));
    for (printed, code, verdict, points, max) in [
        ("4.500", 0, "PC", 4.5, 6.0),
        ("0.000\n", 0, "RTE", 0.0, 6.0),
        ("60", 0, "PC", 60.0, 60.0),
        ("much", 0, "JE", 0.0, 0.0),
        ("nan", 0, "JE", 0.0, 0.0),
        ("1 2", 0, "JE", 0.0, 0.0),
        ("", 0, "JE", 0.0, 0.0),
        ("5", 3, "JE", 0.0, 0.0),
    ] {
        let reply = Reply { report: crate::fake::exited(code), ..Reply::print(printed) };
        let runs = runs().on("<CHECK>", Reply::exit(0).stderr("ok a; b")).on("<SCORE>", reply);
        let (judged, runs, _) = scored("CHECK").judge(runs);
        let judgement = judged.unwrap_or_else(|unjudged| unjudged.judgement);
        assert_eq!(judgement.verdict.as_str(), verdict, "{printed}");
        let score = (verdict != "JE").then_some(Score { points, max });
        assert_eq!(judgement.score, score, "{printed}");
        let fault = judgement.fault.map(|(fault, _)| fault);
        assert_eq!(fault, (verdict == "JE").then_some(Fault::Checker), "{printed}");
        let asked = runs.asked.borrow();
        let told = asked.last().unwrap().stdin.clone().unwrap();
        let told = String::from_utf8_lossy(&told).into_owned();
        let lines: Vec<&str> = told.lines().collect();
        assert_eq!(lines[0], "1;tests;g;OK;2.000;3;1048576;in1\\n;;1\\n;0;ok a\\; b");
        assert_eq!(lines[1], "2;tests;g;RUNTIME_ERROR;0.000;3;1048576;in2\\n;;2\\n;1;");
        assert_eq!(lines.len(), 3, "every test has a line");
    }
    let all = named().on("<BIN>", Reply::print("1")).on("<CHECK>", Reply::exit(0));
    let judgement = scored("CHECK").judged(all.on("<SCORE>", Reply::print("5")));
    assert_eq!((judgement.verdict, judgement.decided_by), (Verdict::Accepted, None));
}

#[test]
fn a_checker_may_leave_the_points_to_the_scorer_and_to_nobody_else() {
    let said = Reply::exit(7).stderr("points points_info=d=3 far");
    let runs = || named().on("<BIN>", Reply::print("1")).on("<CHECK>", said.clone());
    let (judged, runs_made, _) = scored("CHECK").judge(runs().on("<SCORE>", Reply::print("7")));
    let judgement = judged.unwrap();
    assert_eq!((judgement.verdict, verdicts(&judgement)), (Verdict::Accepted, vec!["AC"; 3]));
    let asked = runs_made.asked.borrow();
    let told = asked.last().unwrap().stdin.clone().unwrap();
    let told = String::from_utf8_lossy(&told).into_owned();
    assert!(told.starts_with("1;tests;g;OK;;") && told.contains(";points_info=d=3 far"), "{told}");
    let mut without = scored("CHECK");
    without.problem.scorer = None;
    let unjudged = without.unjudged(runs());
    assert_eq!(unjudged.trouble.fault, Fault::Checker);
}

/// One test of the sources, worth ten points, and one of the output.
fn looked_at() -> Scene {
    let mut scene = scene();
    scene.problem.tests.truncate(2);
    scene.problem.scoring = Scoring::Points;
    let validator = JuryProgram::Part(jury(&scene, "look.cpp", "LOOK"));
    scene.problem.static_validator = Some(validator);
    for test in &mut scene.problem.tests {
        (test.points, test.sample) = (Some(10.0), false);
    }
    let test = &mut scene.problem.tests[0];
    (test.of_sources, test.validator_args) = (true, vec!["3".to_owned()]);
    scene
}

#[test]
fn a_static_validator_looks_at_the_sources_and_judges_as_an_output_validator_does() {
    for (reply, verdict, points) in [
        (Reply::exit(42), "AC", Some(20.0)),
        (Reply::exit(43), "PC", Some(10.0)),
        (Reply::exit(42).file("feedback/score_multiplier.txt", "0.5"), "PC", Some(15.0)),
        (Reply::exit(42).file("feedback/nextpass.in", ""), "JE", None),
        (Reply::exit(43).file("feedback/score.txt", "1"), "JE", None),
        (Reply::exit(0), "JE", None),
        (Reply::exit(1), "JE", None),
        (Reply { report: signalled(11), ..Reply::exit(0) }, "JE", None),
        (Reply::ended(limit(minos_model::LimitKind::CpuTime)), "JE", None),
    ] {
        let what = format!("{reply:?}");
        let runs = named().on(".validator", reply).on("<BIN> < in2", Reply::print("2"));
        let (judged, runs, _) = looked_at().judge(runs);
        let judgement = judged.unwrap_or_else(|unjudged| unjudged.judgement);
        assert_eq!(judgement.verdict.as_str(), verdict, "{what}");
        assert_eq!(judgement.score.map(|score| score.points), points, "{what}");
        let fault = judgement.fault.map(|(fault, _)| fault);
        assert_eq!(fault, (verdict == "JE").then_some(Fault::Checker), "{what}");
        let asked = runs.asked.borrow();
        let looked = asked.iter().find(|it| it.args.len() > 4 && it.args[4] == "/w/.validator");
        let looked = looked.unwrap();
        assert_eq!(looked.args[5..], ["c", "main.c", "/w/feedback/", "3"]);
        let source = looked.files.iter().find(|file| file.path == "submission/main.c").unwrap();
        assert_eq!(source.content.as_slice(), b"source");
    }
}

#[test]
fn tests_that_cannot_change_the_score_are_left_out_unless_all_are_wanted() {
    let mut scene = scene();
    scene.problem.scoring = Scoring::Points;
    scene.problem.groups.push(minos_problem::Group {
        name: "g".to_owned(),
        parent: None,
        points: Some(30.0),
        points_policy: minos_problem::PointsPolicy::CompleteGroup,
        feedback_policy: minos_problem::FeedbackPolicy::Complete,
        dependencies: Vec::new(),
    });
    let runs = || super::scene::right(compilers().on("in2", Reply::print("5")));
    let judgement = scene.judged(runs());
    assert_eq!(verdicts(&judgement), ["AC", "WA", "SK"]);
    assert_eq!(judgement.score, Some(Score { points: 0.0, max: 30.0 }));
    assert_eq!(judgement.groups.len(), 1);
    let whole = scene.all_tests().judged(runs());
    assert_eq!(verdicts(&whole), ["AC", "WA", "AC"]);
}
