//! ICPC/Kattis packages that are read.

use minos_model::{Bytes, CpuTime, Score, TestResult, Verdict, WallTime};
use tempfile::TempDir;

use super::sample::Sample;
use crate::{
    Answer, BoundSide, Checker, Expectation, FeedbackPolicy, GradedGroup, Grader, GraderScore,
    IncludeFor, Input, JuryProgram, Member, Objective, OnReject, Package, Passes, PointsPolicy,
    Scope, Scoring,
};

#[test]
fn everything_a_package_of_the_new_version_says_is_read() {
    let package = Sample::icpc().open().unwrap();
    assert_eq!((package.id.as_str(), package.name.as_str()), ("sums", "Sums"));
    assert_eq!(package.limits.cpu, CpuTime::from_ms(1_500));
    assert_eq!(package.limits.memory, Bytes::from_mib(256));
    assert_eq!((package.limits.output, package.inference), (Bytes::from_mib(64), None));
    let names: Vec<&str> = package.tests.iter().map(|test| test.name.as_str()).collect();
    assert_eq!(names, ["sample/1", "secret/g1/a", "secret/g2/b", "secret/g2/c"]);
    let points: Vec<Option<f64>> = package.tests.iter().map(|test| test.points).collect();
    assert_eq!(points, [Some(0.0), None, Some(30.0), Some(30.0)]);
    let b = &package.tests[2];
    assert_eq!((b.group.as_deref(), b.sample), (Some("secret/g2"), false));
    assert_eq!(b.args, ["x", "y z"]);
    assert_eq!(b.files[0].0, "table");
    assert_eq!(b.input, Input::File(package.root.join("data/secret/g2/b.in")));
    assert_eq!(b.answer, Answer::File(package.root.join("data/secret/g2/b.ans")));
    let [sample, secret, g1, g2] = package.groups.as_slice() else { panic!("four groups") };
    assert_eq!(
        (sample.name.as_str(), sample.feedback_policy),
        ("sample", FeedbackPolicy::Complete)
    );
    assert_eq!((secret.points, secret.points_policy), (Some(100.0), PointsPolicy::EachTest));
    assert_eq!((g1.points, g1.points_policy), (Some(40.0), PointsPolicy::CompleteGroup));
    assert_eq!(
        (g1.parent.as_deref(), g1.dependencies.as_slice()),
        (Some("secret"), &["sample".to_owned()][..])
    );
    assert_eq!(g2.points_policy, PointsPolicy::EachTest);
    assert_eq!(package.scoring, Scoring::Points);
    let Checker::Validators(validators) = &package.checker else { panic!("validators") };
    assert!(validators.scores);
    assert!(matches!(&validators.programs[..], [JuryProgram::Part(part)] if part.kind == "cpp"));
    assert_eq!(package.validators[0].tool.name, "v.py");
    assert_eq!(package.notes, Vec::<String>::new());
}

#[test]
fn everything_a_package_of_the_old_version_says_is_read() {
    let package = Sample::legacy().open().unwrap();
    let inference = package.inference.unwrap();
    assert_eq!((inference.ac_to_limit_milli, inference.limit_to_tle_milli), (5_000, 2_000));
    assert_eq!(package.checker, Checker::Default);
    assert_eq!(package.tests[2].validator_args, ["float_tolerance", "1e-6"]);
    let Scoring::Graded(graded) = &package.scoring else { panic!("graded") };
    assert_eq!(graded.objective, Some(Objective::Maximise));
    let rules = |group: &GradedGroup| match group.grader {
        Grader::Default(rules) => rules,
        Grader::Custom(_) => panic!("default"),
    };
    assert!(rules(&graded.root).ignore_sample && graded.root.on_reject == OnReject::Continue);
    let [Member::Group(sample), Member::Group(secret)] = &graded.root.members[..] else {
        panic!("sample and secret")
    };
    assert_eq!(sample.members, [Member::Test(0)]);
    let [Member::Group(g1), Member::Test(2)] = &secret.members[..] else { panic!("in order") };
    assert_eq!((g1.accept_score, rules(g1).score), (40.0, GraderScore::Minimum));
    assert_eq!(g1.on_reject, OnReject::Break, "the file says nothing");
    assert_eq!(secret.on_reject, OnReject::Continue, "the file of the group around says so");
}

#[test]
fn a_pass_fail_problem_whose_first_failure_decides_needs_no_graders() {
    let plain = |flags: &str| {
        Sample::legacy()
            .edit("problem.yaml", "type: scoring\n", "")
            .edit("data/testdata.yaml", "grader_flags: ignore_sample", flags)
            .edit("data/secret/g1/testdata.yaml", "accept_score: 40\n", "")
            .open()
            .unwrap()
            .scoring
    };
    assert_eq!(plain("grader_flags: first_error"), Scoring::PassFail);
    for flags in ["grader_flags: worst_error", "grader_flags: first_error accept_if_any_accepted"] {
        assert!(matches!(plain(flags), Scoring::Graded(_)), "{flags}");
    }
}

#[test]
fn a_time_limit_comes_from_the_first_place_that_gives_one() {
    let inferred = Sample::icpc().edit("problem.yaml", "  time_limit: 1.5\n", "");
    let inference = inferred.open().unwrap().inference.unwrap();
    assert_eq!((inference.ac_to_limit_milli, inference.limit_to_tle_milli), (2_000, 1_500));
    assert_eq!(inference.resolution, CpuTime::from_secs(1));
    let limit = |sample: &Sample| {
        let package = sample.open().unwrap();
        assert_eq!(package.inference, None);
        (package.limits.cpu, package.limits.wall)
    };
    let ini = inferred.clone().and("domjudge-problem.ini", "color='x'\ntimelimit='2.5'\n");
    assert_eq!(limit(&ini), (CpuTime::from_ms(2_500), WallTime::from_secs(6)));
    let file = Sample::icpc().and(".timelimit", "3\n");
    assert_eq!(limit(&file), (CpuTime::from_secs(3), WallTime::from_secs(7)));
}

#[test]
fn kinds_of_problems_combine() {
    let open = |kind: &str, rest: &str| {
        let mut sample = Sample::icpc().edit("problem.yaml", "type: scoring", kind);
        sample.files.retain(|path, _| !path.ends_with("test_group.yaml"));
        sample.edit("problem.yaml", "memory: 256\n", rest).open().unwrap()
    };
    let both = open("type: [interactive, multi-pass]", "validation_passes: 7\n");
    assert!(both.mode.interactive && both.mode.passes == Passes::UpTo(7) && !both.is_scored());
    assert_eq!(open("type: multi-pass", "").mode.passes, Passes::UpTo(2));
    assert!(open("type: submit-answer", "").mode.submit_answer);
    let legacy = Sample::legacy()
        .edit(
            "problem.yaml",
            "validator_flags",
            "validation: custom score interactive\nvalidator_flags",
        )
        .and("output_validators/v/v.cpp", "// v")
        .and("output_validators/v/w.cc", "// w")
        .and("output_validators/v/v.h", "// h")
        .open()
        .unwrap();
    assert!(legacy.mode.interactive);
    let Checker::Validators(validators) = legacy.checker else { panic!("validators") };
    let [JuryProgram::Part(part)] = &validators.programs[..] else { panic!("one part") };
    assert!(part.source.ends_with("v.cpp") && part.further[0].ends_with("w.cc"));
    assert!(part.resources[0].ends_with("v.h") && part.resources[1].ends_with("testlib.h"));
}

#[test]
fn flags_are_words_as_a_shell_makes_them_and_may_stand_under_either_name() {
    let manifest = "problem.yaml";
    let old = "validator_flags: float_tolerance 1e-6\n";
    for (new, expected) in [
        ("validator_flags: --say \"two words\" -x\n", vec!["--say", "two words", "-x"]),
        ("validator_args: a  b\n", vec!["a", "b"]),
        ("validator_args: a\nvalidator_flags: b 'c d'\n", vec!["b", "c d"]),
        ("", vec![]),
    ] {
        let custom = format!("{new}validation: custom\n");
        let sample = Sample::legacy().edit(manifest, old, &custom);
        let sample = sample.and("output_validator/v.py", "# v").open().unwrap();
        assert_eq!(sample.tests[0].validator_args, expected, "{new}");
        assert!(matches!(sample.checker, Checker::Validators(_)), "its folder has the new name");
    }
    let open = Sample::legacy().edit(manifest, "1e-6", "'open");
    let error = open.open().unwrap_err().to_string();
    assert!(error.contains("never closed"), "{error}");
}

#[test]
fn the_draft_has_some_of_the_old_version_and_some_of_the_new() {
    let old = Sample::legacy()
        .edit("problem.yaml", "name", "problem_format_version: 2023-07-draft\nauthor: A\nname")
        .edit("data/testdata.yaml", "", "output_validator_args: [case_sensitive]\n")
        .and("data/secret/z.yaml", "args: [a]\n")
        .open()
        .unwrap();
    assert!(matches!(old.scoring, Scoring::Graded(_)));
    assert_eq!(old.tests[0].validator_args, ["float_tolerance", "1e-6", "case_sensitive"]);
    assert_eq!(old.tests[2].args, ["a"]);
    let validators = Sample::icpc()
        .edit("problem.yaml", "2025-09", "2023-07")
        .without("output_validator/check.cpp")
        .and("output_validators/check/check.cpp", "")
        .open()
        .unwrap();
    assert!(matches!(validators.checker, Checker::Validators(_)));
    let nested = Sample::icpc()
        .edit("problem.yaml", "2025-09", "2023-07-draft")
        .edit(
            "data/secret/g1/test_group.yaml",
            "max_score: 40\nrequire_pass: sample",
            "scoring: {score: 40, require_pass: sample}",
        )
        .edit(
            "data/secret/g2/test_group.yaml",
            "max_score: 60\nscore_aggregation: sum",
            "scoring: {aggregation: sum}",
        )
        .open()
        .unwrap();
    let points: Vec<Option<f64>> = nested.groups.iter().map(|group| group.points).collect();
    assert_eq!(points, [Some(0.0), Some(100.0), Some(40.0), Some(60.0)]);
    assert_eq!(nested.tests[2].points, Some(30.0));
}

#[test]
fn a_folder_with_build_or_run_is_a_program_of_its_own() {
    for (script, build) in [("build", true), ("run", false)] {
        let mut sample = Sample::icpc().without("output_validator/check.cpp");
        sample.put(&format!("output_validator/{script}"), "#!/bin/sh\n");
        sample.put("output_validator/src/lib.py", "");
        let Checker::Validators(validators) = sample.open().unwrap().checker else { panic!() };
        let [JuryProgram::Scripts(scripts)] = &validators.programs[..] else { panic!("scripts") };
        assert_eq!((scripts.build, scripts.files.len()), (build, 2));
    }
}

#[test]
fn constants_stand_in_programs_settings_and_solutions_and_not_in_tests() {
    let dir = TempDir::new().unwrap();
    let sample = Sample::icpc()
        .edit("problem.yaml", "", "constants: {n: 7, name: x}\n")
        .edit("data/secret/g2/test_group.yaml", "max_score: 60", "max_score: \"5{{n}}\"")
        .edit("data/secret/g2/b.in", "3", "{{n}}")
        .and("submissions/accepted/a.py", "print({{n}}, {{name}}, {{other}})");
    let path = dir.path().join("sums");
    sample.write(&path);
    let package = Package::open(&path).unwrap();
    let solution = std::fs::read_to_string(&package.solutions[0].path).unwrap();
    assert_eq!(solution, "print(7, x, {{other}})");
    let Input::File(input) = &package.tests[2].input else { panic!("a file") };
    assert_eq!(std::fs::read_to_string(input).unwrap(), "{{n}}\n");
    assert_eq!(package.groups[3].points, Some(57.0));
}

#[test]
fn files_beside_submissions_are_those_of_the_language_or_the_default_ones() {
    let package = Sample::icpc()
        .and("include/python3/lib.py", "")
        .and("include/default/data/notes", "")
        .open()
        .unwrap();
    let [lib, notes] = package.includes.as_slice() else { panic!("two files") };
    let (python, cpp) = ("python3".parse().unwrap(), "cpp17".parse().unwrap());
    assert!(lib.languages.holds(&python) && !lib.languages.holds(&cpp));
    assert!(!notes.languages.holds(&python) && notes.languages.holds(&cpp));
    assert_eq!(notes.name, "data/notes");
    let all = Sample::icpc().and("include/default/x", "").open().unwrap();
    assert_eq!(all.includes[0].languages, IncludeFor::All);
}

fn result(name: &str, verdict: &str) -> TestResult {
    TestResult {
        name: name.to_owned(),
        group: None,
        verdict: verdict.parse().unwrap(),
        score: None,
        cpu: CpuTime::ZERO,
        wall: WallTime::ZERO,
        memory: Bytes::ZERO,
        cause: None,
        ending: None,
        comment: "too far".to_owned(),
        repeats: Vec::new(),
    }
}

/// What contradicts a solution's expectations when its tests have these verdicts, in order.
fn contradictions(solution: &crate::Solution, verdicts: &str, points: f64) -> Vec<String> {
    let names = ["sample/1", "secret/g1/a", "secret/g2/b", "secret/g2/c"];
    let tests: Vec<TestResult> = names
        .iter()
        .zip(verdicts.split(' '))
        .map(|(name, verdict)| result(name, verdict))
        .collect();
    let score = |_group: Option<&str>| Some(Score { points, max: 100.0 });
    let each = solution.expectations.iter();
    each.filter_map(|one: &Expectation| one.contradiction(&tests, &score)).collect()
}

#[test]
fn a_solution_is_held_to_its_folder_and_to_every_pattern_that_fits_it() {
    let package = Sample::icpc().open().unwrap();
    let [accepted, wrong] = package.solutions.as_slice() else { panic!("two solutions") };
    assert_eq!((accepted.label.as_str(), wrong.name.as_str()), ("accepted", "wrong_answer/w.cpp"));
    for (solution, verdicts, contradicted) in [
        (accepted, "AC AC AC AC", 0),
        (accepted, "AC AC PC AC", 0),
        (accepted, "AC AC SK SK", 0),
        (accepted, "AC AC WA AC", 1),
        (accepted, "AC AC JE AC", 1),
        (wrong, "AC AC AC WA", 0),
        (wrong, "AC AC AC AC", 1),
        (wrong, "AC WA AC AC", 1),
        (wrong, "AC WA TLE AC", 2),
        (wrong, "AC AC AC RTE", 1),
    ] {
        let found = contradictions(solution, verdicts, 0.0);
        assert_eq!(found.len(), contradicted, "{}: {verdicts}: {found:?}", solution.name);
    }
    assert!(contradictions(wrong, "AC WA AC WA", 0.0)[0].contains("(secret/g1)"));
}

#[test]
fn scores_messages_and_what_replaces_a_folders_own_rules_are_held_to() {
    let rules = "wrong_answer:\n  permitted: [AC, WA, TLE]\n  message: far\n\
                 accepted/{a,b}.py:\n  score: [10, 20]\n  use_for_time_limit: false\n  \
                 secret/*:\n    required: [AC]\n";
    let package = Sample::icpc().and("submissions/submissions.yaml", rules).open().unwrap();
    let [accepted, wrong] = package.solutions.as_slice() else { panic!("two solutions") };
    assert_eq!(contradictions(wrong, "AC TLE AC WA", 0.0), Vec::<String>::new());
    assert_eq!(contradictions(wrong, "AC TLE AC AC", 0.0).len(), 1, "one has to be wrong");
    assert_eq!(contradictions(accepted, "AC AC AC AC", 20.0), Vec::<String>::new());
    for points in [9.0, 21.0] {
        let found = contradictions(accepted, "AC AC AC AC", points);
        assert!(found[0].contains("expected 10 to 20"), "{found:?}");
    }
    let sides: Vec<BoundSide> = accepted.time_bounds.iter().map(|bound| bound.side).collect();
    assert_eq!(sides, [BoundSide::Lower], "the folder's own rule still bounds");
    let partial = &Sample::legacy().open().unwrap().solutions[1];
    assert_eq!(contradictions(partial, "AC AC AC", 99.0), Vec::<String>::new());
    assert!(contradictions(partial, "AC AC AC", 100.0)[0].contains("the best there is"));
}

#[test]
fn a_solution_in_a_folder_that_asks_nothing_may_say_itself_what_becomes_of_it() {
    let package = Sample::legacy()
        .and("submissions/mixed/m.py", "# @EXPECTED_RESULTS@: WRONG-ANSWER, RUN-ERROR\n")
        .and("submissions/other/o.py", "")
        .open()
        .unwrap();
    let mixed = package.solutions.iter().find(|one| one.label == "mixed").unwrap();
    for (verdicts, contradicted) in
        [("AC WA TLE", 0), ("AC MLE WA", 0), ("AC TLE WA", 1), ("AC AC AC", 1)]
    {
        assert_eq!(contradictions(mixed, verdicts, 0.0).len(), contradicted, "{verdicts}");
    }
    assert!(package.notes.iter().any(|note| note.contains("submissions/other/o.py")));
    assert!(mixed.expectations.iter().all(|one| one.scope == Scope::All));
    assert!(mixed.expectations[0].first.as_ref().unwrap().holds(Verdict::WrongAnswer));
}

#[test]
fn a_solution_in_no_known_language_or_in_several_spoils_nothing() {
    let package = Sample::icpc()
        .and("submissions/accepted/two/a.py", "")
        .and("submissions/accepted/two/b.cpp", "")
        .and("submissions/accepted/three/Main.hs", "")
        .and("submissions/accepted/four.class", "")
        .and("submissions/accepted/five.py3", "")
        .open()
        .unwrap();
    let kinds: Vec<(&str, bool)> = package
        .solutions
        .iter()
        .filter(|one| one.label == "accepted")
        .map(|one| (one.kind.as_str(), one.language.is_some()))
        .collect();
    let python = [("py", true), ("py3", true)];
    assert_eq!(kinds[..2], python);
    assert_eq!(kinds[2..], [("class", false), ("hs", false), ("cpp and py", false)]);
}

#[test]
fn what_the_format_demands_and_judging_does_without_is_noted() {
    for (sample, said) in [
        (Sample::icpc().without("input_validators/v.py"), "input_validators/ holds no program"),
        (Sample::icpc().without("submissions/accepted/a.py"), "submissions/accepted/ holds no sol"),
        (Sample::icpc().edit("problem.yaml", "uuid: u\n", ""), "problem.yaml: uuid is missing"),
    ] {
        let notes = sample.open().unwrap().notes;
        assert!(matches!(&notes[..], [note] if note.starts_with(said)), "{said}: {notes:?}");
    }
}

#[test]
fn what_nobody_here_uses_is_noted() {
    let package = Sample::icpc()
        .and("Makefile", "")
        .and("slides/1.tex", "")
        .and("data/secret/g1/gen.py", "")
        .and("include/loose.h", "")
        .and("submissions/loose.py", "")
        .and(".hidden", "")
        .open()
        .unwrap();
    for said in
        ["Makefile", "slides/", "data/secret/g1/gen.py", "include/loose.h", "submissions/loose.py"]
    {
        assert!(package.notes.iter().any(|note| note.starts_with(said)), "{said}");
    }
    assert_eq!(package.notes.len(), 5, "{:?}", package.notes);
}

#[test]
fn a_package_is_called_as_its_folder_or_its_archive() {
    let dir = TempDir::new().unwrap();
    let sample = Sample::icpc();
    let flat = dir.path().join("flat.zip");
    sample.zip(&flat, str::to_owned);
    let wrapped = dir.path().join("upload.zip");
    sample.zip(&wrapped, |name| format!("sums/{name}"));
    let folder = dir.path().join("sums");
    sample.write(&folder);
    let [flat, wrapped, folder] = [flat, wrapped, folder].map(|path| Package::open(&path).unwrap());
    assert_eq!((flat.id.as_str(), wrapped.id.as_str()), ("flat", "sums"));
    assert_eq!(wrapped.revision, folder.revision);
    assert_ne!(flat.revision, folder.revision, "two names are two problems");
}
