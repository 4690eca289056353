//! Every branch of the way from a submission to its judgement.

use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;

use minos_model::{Bytes, Cause, CpuTime, Fault, Generation, Isolation, LimitKind, Stage, Verdict};
use minos_problem::Languages;

use super::MAX_SOURCE;
use super::scene::{compilers, limit, right, scene, verdicts};
use crate::at_hand::AtHand;
use crate::fake::{FakeRuns, Held, Reply};
use crate::port::{Keep, RunsError};

#[test]
fn a_right_program_is_accepted_and_every_test_is_measured() {
    let scene = scene();
    let (judged, runs, stages) = scene.judge(right(compilers()));
    let judgement = judged.unwrap();
    assert_eq!(judgement.verdict, Verdict::Accepted);
    assert_eq!((judgement.decided_by.as_deref(), judgement.fault.as_ref()), (None, None));
    assert_eq!((judgement.attempt, judgement.generation), (2, Generation::FIRST));
    assert_eq!(judgement.isolation, Some(Isolation::CgroupV2));
    let compile = judgement.compile.unwrap();
    assert!(compile.ok && !compile.cached);
    assert_eq!(compile.log, "warning: w\n");
    for test in &judgement.tests {
        assert_eq!((test.verdict, test.cpu), (Verdict::Accepted, CpuTime::from_ms(3)));
        assert_eq!(test.cause, Some(Cause::Exited));
        assert!(test.comment.starts_with("ok 1 number"), "{}", test.comment);
    }
    let testing = |test| Stage::Testing { test, of: 3 };
    assert_eq!(stages, [Stage::Compiling, testing(1), testing(2), testing(3)]);
    assert_eq!(runs.lines().len(), 5, "{:?}", runs.lines());
}

#[test]
fn how_the_program_ended_on_the_second_test_decides_and_the_third_is_skipped() {
    for (reply, verdict) in [
        (Reply::print("5"), "WA"),
        (Reply::print("x"), "PE"),
        (Reply::print("2 2"), "WA"),
        (Reply::print("2").with(Cause::Signalled), "RTE"),
        (Reply::exit(137), "RTE"),
        (Reply::ended(Cause::Signalled), "RTE"),
        (Reply::ended(limit(LimitKind::CpuTime)), "TLE"),
        (Reply::ended(limit(LimitKind::WallTime)), "WTL"),
        (Reply::ended(limit(LimitKind::Memory)), "MLE"),
        (Reply::ended(limit(LimitKind::Output)), "OLE"),
        (Reply::print("2").with(limit(LimitKind::Memory)), "MLE"),
        (Reply::ended(Cause::Syscall { syscall: "ptrace".to_owned() }), "SV"),
        (Reply::ended(Cause::Cancelled), "CS"),
    ] {
        let what = format!("{reply:?}");
        let judgement = scene().judged(right(compilers().on("in2", reply)));
        assert_eq!(judgement.verdict.as_str(), verdict, "{what}");
        assert_eq!(judgement.decided_by.as_deref(), Some("02"), "{what}");
        assert_eq!(verdicts(&judgement), ["AC", verdict, "SK"], "{what}");
        let skipped = judgement.tests.last().unwrap();
        assert_eq!((skipped.cause.as_ref(), skipped.cpu), (None, CpuTime::ZERO));
    }
}

#[test]
fn all_tests_are_run_when_asked_for_unless_the_judging_was_cancelled() {
    let failing = |reply| right(compilers().on("in2", reply));
    let judgement = scene().all_tests().judged(failing(Reply::exit(1)));
    assert_eq!(verdicts(&judgement), ["AC", "RTE", "AC"]);
    assert_eq!(judgement.decided_by.as_deref(), Some("02"));
    let judgement = scene().all_tests().judged(failing(Reply::ended(Cause::Cancelled)));
    assert_eq!(verdicts(&judgement), ["AC", "CS", "SK"]);
    assert_eq!(judgement.verdict, Verdict::Cancelled);
}

#[test]
fn what_does_not_compile_is_answered_without_a_test() {
    for (reply, verdict, log) in [
        (Reply::exit(1).stderr("error: e"), "CE", "error: e"),
        (
            Reply::exit(0).stderr("w\n"),
            "CE",
            "w\nthe compiler reported success but left no `main`\n",
        ),
        (Reply::ended(Cause::Signalled), "CE", ""),
        (Reply::ended(Cause::Syscall { syscall: "mount".to_owned() }), "CE", ""),
        (
            Reply::ended(limit(LimitKind::Output)),
            "CTL",
            "the compiler hit its output limit (2 B of 1 B)\n",
        ),
        (
            Reply::exit(0).with(limit(LimitKind::CpuTime)),
            "CTL",
            "the compiler hit its CPU limit (2 us of 1 us)\n",
        ),
        (Reply::ended(Cause::Cancelled), "CS", "the compiler was cancelled\n"),
        // A child of the compiler was at the limit; only its word says so.
        (
            Reply::exit(1)
                .stderr("collect2: ld terminated with signal 25 [File size limit exceeded]"),
            "CTL",
            "the compiler wrote a file above its output limit\n\
             collect2: ld terminated with signal 25 [File size limit exceeded]",
        ),
        (
            Reply::exit(1).stderr("main.c:1:2: error: #error File too large"),
            "CE",
            "main.c:1:2: error: #error File too large",
        ),
    ] {
        let what = format!("{reply:?}");
        let runs = FakeRuns::default().on("--version", Reply::exit(0)).on("main.c", reply);
        let judgement = scene().judged(runs);
        assert_eq!(judgement.verdict.as_str(), verdict, "{what}");
        assert_eq!((judgement.tests.len(), judgement.decided_by), (0, None), "{what}");
        let compile = judgement.compile.unwrap();
        assert_eq!((compile.ok, compile.log.as_str()), (false, log), "{what}");
    }
}

#[test]
fn diagnostics_are_kept_to_64_kib() {
    let flood = "e".repeat(1 << 20);
    let runs = FakeRuns::default()
        .on("--version", Reply::exit(0))
        .on("main.c", Reply::exit(1).stderr(&flood));
    assert_eq!(scene().judged(runs).compile.unwrap().log.len(), 64 << 10);
}

#[test]
fn a_source_of_256_kib_is_compiled_and_one_byte_more_is_refused() {
    let mut scene = scene();
    scene.submitted.1 = vec![b' '; MAX_SOURCE];
    assert_eq!(scene.judged(right(compilers())).verdict, Verdict::Accepted);
    scene.submitted.1.push(b' ');
    let (judged, runs, _) = scene.judge(FakeRuns::default());
    let judgement = judged.unwrap();
    assert_eq!(judgement.verdict, Verdict::CompileError);
    let log = judgement.compile.unwrap().log;
    assert_eq!(log, "the source has 262145 bytes; at most 262144 (256 KiB) are accepted");
    assert_eq!(runs.lines().len(), 0);
}

#[test]
fn the_compilers_box_holds_the_source_and_no_test() {
    let (_, runs, _) = scene().judge(right(compilers()));
    let asked = runs.asked.borrow();
    let compile = asked.iter().find(|run| run.args.iter().any(|arg| arg == "main.c")).unwrap();
    let names: Vec<&str> = compile.files.iter().map(|file| file.path.as_str()).collect();
    assert_eq!(names, ["main.c"]);
    assert!(compile.stdin.is_none() && compile.descriptors.is_empty());
    assert_eq!(compile.keep, Keep::Diagnostics);
}

#[test]
fn a_native_program_is_executed_as_content_and_an_interpreted_one_lies_in_its_box() {
    let (_, runs, _) = scene().judge(right(compilers()));
    let asked = runs.asked.borrow();
    let run = asked.last().unwrap();
    assert_eq!(
        (run.files.len(), run.keep, &run.args[..]),
        (0, Keep::Stdout, &["./main".to_owned()][..])
    );

    let mut scene = scene();
    scene.submitted = ("python3", b"print(1)".to_vec());
    let runs = FakeRuns::default()
        .on("--version", Reply::print("3.11"))
        .on("compile(", Reply::exit(0))
        .on("< in1", Reply::print("1"))
        .on("< in2", Reply::exit(1));
    let (judged, runs, _) = scene.judge(runs);
    assert_eq!(verdicts(&judged.unwrap()), ["AC", "RTE", "SK"]);
    let asked = runs.asked.borrow();
    let file = asked.last().unwrap().files.first().unwrap();
    assert_eq!((file.path.as_str(), file.content.as_slice()), ("main.py", &b"print(1)"[..]));
}

#[test]
fn the_same_source_is_compiled_once_and_another_compiler_compiles_it_anew() {
    let scene = scene();
    let first = scene.judged(right(compilers()));
    let second = scene.judge(right(FakeRuns::default().on("--version", Reply::print("12.2"))));
    let second = second.0.unwrap();
    assert_eq!(second.verdict, Verdict::Accepted);
    let (first, second) = (first.compile.unwrap(), second.compile.unwrap());
    assert!(!first.cached && second.cached);
    assert_eq!((first.cpu, first.wall, first.log), (second.cpu, second.wall, second.log));

    let newer = FakeRuns::default()
        .on("--version", Reply::print("13.1"))
        .on("main.c -lm", Reply::exit(0).file("main", "BIN"));
    assert!(!scene.judged(right(newer)).compile.unwrap().cached);
}

#[test]
fn what_one_slot_has_used_another_neither_reads_nor_holds_again() {
    let scene = scene();
    let at_hand: Arc<AtHand<Held>> = Arc::default();
    let (judged, first, _) = scene.judge_with(right(compilers()), Arc::clone(&at_hand));
    assert_eq!(judged.unwrap().verdict, Verdict::Accepted);
    std::fs::remove_dir_all(scene.dir.path().join("builds")).unwrap();
    let aside = scene.dir.path().join("aside");
    std::fs::write(&aside, "in2 \n").unwrap();
    std::fs::rename(aside, scene.dir.path().join("in2")).unwrap();

    let runs = right(FakeRuns::default().on("--version", Reply::print("12.2")));
    let (judged, second, _) = scene.judge_with(runs, at_hand);
    assert!(judged.unwrap().compile.unwrap().cached);
    let inputs = |runs: &FakeRuns| -> Vec<Held> {
        runs.asked.borrow().iter().filter_map(|request| request.stdin.clone()).collect()
    };
    let pairs = inputs(&first).into_iter().zip(inputs(&second));
    let same: Vec<bool> = pairs.map(|(first, second)| Rc::ptr_eq(&first, &second)).collect();
    assert_eq!(same, [true, false, true], "the second input was written anew");
}

#[test]
fn a_failed_compilation_is_tried_again_the_next_time() {
    let scene = scene();
    let broken =
        FakeRuns::default().on("--version", Reply::print("12.2")).on("main.c", Reply::exit(1));
    assert_eq!(scene.judged(broken).verdict, Verdict::CompileError);
    assert_eq!(scene.judged(right(compilers())).verdict, Verdict::Accepted);
}

#[test]
fn a_box_that_cannot_be_built_is_the_nodes_fault_at_every_step() {
    let broken = |part: &'static str| {
        let runs = FakeRuns::default()
            .when(part, |_| Err(RunsError::Box("no box: clone: EPERM".to_owned())));
        let rest = right(compilers()).on("<CHECK>", Reply::exit(0));
        scene().testlib().unjudged(runs.before(rest))
    };
    for (part, begun) in
        [("--version", false), ("main.c ", false), ("<BIN>", true), ("<CHECK>", true)]
    {
        let unjudged = broken(part);
        assert_eq!(unjudged.trouble.fault, Fault::Node, "{part}");
        assert!(unjudged.trouble.message.contains("no box: clone: EPERM"), "{part}");
        assert_eq!(unjudged.judgement.verdict, Verdict::JudgeError, "{part}");
        assert_eq!(!unjudged.judgement.tests.is_empty(), begun, "{part}");
    }
}

#[test]
fn a_missing_compiler_or_language_is_the_nodes_fault_and_says_what_to_do() {
    for reply in [Reply::exit(127), Reply::ended(Cause::Signalled)] {
        let unjudged = scene().unjudged(FakeRuns::default().on("--version", reply));
        assert_eq!(unjudged.trouble.fault, Fault::Node);
        let message = unjudged.trouble.message;
        assert!(
            message.starts_with("language c: `/usr/bin/gcc --version`: install it"),
            "{message}"
        );
    }
    let mut scene = scene();
    scene.submitted.0 = "cobol";
    let unjudged = scene.unjudged(FakeRuns::default());
    assert_eq!(unjudged.trouble.fault, Fault::Node);
    assert!(unjudged.trouble.message.starts_with("no language `cobol` here; there are c, "));
}

#[test]
fn a_program_runs_under_the_problems_limits_and_the_languages_numbers() {
    let (_, runs, _) = scene().judge(right(compilers()));
    let asked = runs.asked.borrow();
    let limits = asked.last().unwrap().limits;
    let languages = Languages::builtin();
    let c = languages.by_extension(Path::new("x.c")).unwrap();
    assert_eq!((limits.processes(), limits.files()), (c.processes, c.files));
    assert_eq!((limits.cpu(), limits.memory()), (CpuTime::from_secs(1), Bytes::from_mib(64)));
    assert_eq!(limits.output(), Bytes::from_mib(64));
}

#[test]
fn the_same_submission_gives_the_same_judgement() {
    let judged = || scene().testlib().judged(right(compilers()).on("<CHECK>", Reply::exit(1)));
    assert_eq!(judged(), judged());
}
