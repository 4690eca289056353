//! ICPC/Kattis packages that are refused, each with the file and the field.

use super::sample::Sample;

#[track_caller]
fn refused(sample: &Sample, file: &str, said: &str) {
    let error = sample.open().unwrap_err().to_string();
    let named = error.contains(&format!("sums/{file}: ")) && error.contains(said);
    assert!(named && !error.contains('\n'), "{file}: {said}: {error}");
}

#[test]
fn a_field_that_holds_what_it_cannot_is_named_with_what_was_expected() {
    let manifest = "problem.yaml";
    let group = "data/secret/g1/test_group.yaml";
    let rules = "submissions/submissions.yaml";
    for (file, old, new, said) in [
        (manifest, "2025-09", "2024", "problem_format_version (line 1): `2024` is none of"),
        (manifest, "uuid", "uid", "uid (line 4): unknown key; expected one of"),
        (manifest, "type: scoring", "type: score", "type (line 2): `score`; expected"),
        (manifest, "type: scoring", "type: [scoring, pass-fail]", "exclude each other"),
        (manifest, "type: scoring", "type: [scoring, scoring]", "`scoring` is given twice"),
        (manifest, "type: scoring", "type: [submit-answer, interactive]", "exclude each other"),
        (manifest, "name: Sums\n", "", "name (line 1): missing"),
        (manifest, "time_limit: 1.5", "time_limit: fast", "limits.time_limit (line 6): `fast`"),
        (manifest, "time_limit: 1.5", "time_limit: 0", "limits.time_limit (line 6): `0`"),
        (manifest, "time_limit: 1.5", "timelimit: 1.5", "limits.timelimit (line 6): unknown key"),
        (manifest, "memory: 256", "memory: 256MB", "limits.memory (line 7): `256MB`; expected"),
        (manifest, "memory: 256", "validation_passes: 2", "only problems of type multi-pass"),
        (manifest, "name: Sums", "name: Sums\nlanguages: [cpp, c--]", "`c--` is no code"),
        (manifest, "name: Sums", "name: Sums\nconstants: {1x: 2}", "constants.1x (line 4)"),
        (manifest, "uuid: u", "uuid: [u]", "uuid (line 4): a sequence; expected a text"),
        (manifest, "uuid: u", "keywords: {a: b}", "keywords (line 4): a mapping; expected"),
        (manifest, "uuid: u", "credits: {author: A}", "credits.author (line 4): unknown key"),
        (manifest, "uuid: u", "credits: {authors: [{email: a}]}", "authors[1].name (line 4): miss"),
        (manifest, "uuid: u", "credits: {translators: {sv: {nick: a}}}", "translators.sv.name"),
        (manifest, "uuid: u", "source: [{name: A, link: b}]", "source[1].link (line 4): unknown"),
        (manifest, "name: Sums", "name: [", "line"),
        (manifest, "name: Sums", "name: &a Sums", "an anchor"),
        (group, "max_score: 40", "max_score: -1", "max_score (line 1): `-1`; expected a whole"),
        (group, "max_score: 40\n", "", "max_score: missing or unbounded"),
        (group, "max_score: 40", "max_score: unbounded", "max_score: missing or unbounded"),
        (group, "max_score", "score", "score (line 1): unknown key"),
        (group, "sample", "secret/g2", "`secret/g2` is no earlier group"),
        (group, "sample", "secret", "`secret` is no earlier group"),
        (group, "max_score", "grading: custom\nmax_score", "grading (line 1): unknown key"),
        ("data/secret/g2/b.yaml", "args", "arguments", "arguments (line 1): unknown key"),
        ("data/secret/g2/b.yaml", "[x, y z]", "x y", "args (line 1): `x y`; expected a sequence"),
        (rules, "permitted", "permits", "secret/g1.permits (line 3): unknown key"),
        (rules, "[AC]", "[OK]", "permitted (line 3): `OK`; expected some of AC, WA, TLE, RTE"),
        (rules, "secret/g1", "secret/g9", "secret/g9 (line 3): unknown key"),
        (rules, "wrong_answer/*", "\"wrong_answer/**\"", "only `*` and `{a,b}`"),
    ] {
        refused(&Sample::icpc().edit(file, old, new), file, said);
    }
}

#[test]
fn a_wrong_flag_is_named_with_the_file_that_gives_it() {
    let flags = "output_validator_args: [float_tolerance]\n";
    for file in ["data/secret/g2/b.yaml", "data/secret/g2/test_group.yaml"] {
        let key = if file.ends_with("b.yaml") { "args: [" } else { "max_score" };
        let sample = Sample::icpc().without("output_validator/check.cpp");
        let sample = sample.edit(file, key, &format!("{flags}{key}"));
        refused(&sample, file, "test secret/g2/b");
    }
}

#[test]
fn a_field_of_the_old_version_that_holds_what_it_cannot_is_named() {
    let manifest = "problem.yaml";
    let group = "data/secret/g1/testdata.yaml";
    for (file, old, new, said) in [
        (
            manifest,
            "type: scoring",
            "type: interactive",
            "`interactive`; expected pass-fail or scoring",
        ),
        (
            manifest,
            "type: scoring",
            "type: pass-fail\ngrading: {objective: max}",
            "only problems of",
        ),
        (manifest, "type: scoring", "validation: special", "`special`; expected `default`, or"),
        (manifest, "type: scoring", "validation: custom score", "only problems of type scoring"),
        (manifest, "type: scoring", "validation: default interactive", "`default interactive`"),
        (manifest, "type: scoring", "time: 1", "time (line 2): unknown key"),
        (manifest, "float_tolerance", "tolerance", "`tolerance` is no flag of the default output"),
        (manifest, "1e-6", "", "`float_tolerance` lacks its number"),
        (group, "min first_error", "median", "`median` is no flag of the default grader"),
        (group, "accept_score: 40", "accept_score: all", "accept_score (line 2): `all`"),
        (group, "accept_score: 40", "range: 5 1", "range (line 2): `5 1`; expected two numbers"),
        (group, "accept_score: 40", "on_reject: stop", "`stop`; expected break or continue"),
        (group, "accept_score: 40", "max_score: 40", "max_score (line 2): unknown key"),
        (
            group,
            "accept_score: 40",
            "output_validator_flags: {name: v, flags: x}",
            "several output validators",
        ),
    ] {
        refused(&Sample::legacy().edit(file, old, new), file, said);
    }
    let grading = Sample::legacy().edit(group, "accept_score: 40", "grading: custom");
    refused(&grading, "graders", "expected one program");
}

#[test]
fn files_that_are_missing_or_mean_another_version_are_named() {
    for (sample, file, said) in [
        (Sample::icpc().without("data/secret/g2/b.ans"), "data/secret/g2/b.ans", "missing"),
        (Sample::icpc().without("data/secret/g1/a.in"), "data/secret/g1/a.ans", "no a.in"),
        (Sample::icpc().and("data/secret/x.in", ""), "data/secret", "groups beside tests"),
        (Sample::icpc().and("data/sample/g/1.in", ""), "data/sample/g", "samples have no groups"),
        (
            Sample::icpc().and("data/secret/g3/test_group.yaml", ""),
            "data/secret/g3",
            "without tests",
        ),
        (Sample::icpc().and("data/secret/g1/a/1.in", ""), "data/secret/g1/a", "beside the test a"),
        (
            Sample::icpc().and("data/secret/g1/in/test_group.yaml", ""),
            "data/secret/g1/in/test_group.yaml",
            "no groups",
        ),
        (
            Sample::icpc()
                .and("data/secret/g1/testdata.yaml", "")
                .without("data/secret/g1/test_group.yaml"),
            "data/secret/g1/testdata.yaml",
            "expected test_group.yaml",
        ),
        (
            Sample::icpc().and("output_validators/v.py", ""),
            "output_validators",
            "output_validator/",
        ),
        (Sample::icpc().and("graders/g.py", ""), "graders", "no folder of version 2025-09"),
        (
            Sample::legacy().and("output_validator/v.py", "").and("output_validators/w.py", ""),
            "output_validator",
            "beside output_validators/",
        ),
        (
            Sample::legacy().and("submissions/submissions.yaml", ""),
            "submissions/submissions.yaml",
            "no file of this version",
        ),
        (
            Sample::icpc().without("output_validator/check.cpp").and("output_validator/v.hs", ""),
            "output_validator/v.hs",
            "type `hs` is listed by no language file",
        ),
        (
            Sample::legacy().edit("problem.yaml", "", "validation: custom\n"),
            "output_validators",
            "holds no program",
        ),
        (Sample::icpc().and("include/c--/x", ""), "include/c--", "no code of a language"),
        (Sample::icpc().and(".timelimit", "soon\n"), ".timelimit", "in seconds"),
        (
            Sample::icpc().and("data/invalid_output/x.in", "").and("data/invalid_output/x.ans", ""),
            "data/invalid_output/x.out",
            "missing",
        ),
    ] {
        refused(&sample, file, said);
    }
    let mut empty = Sample::icpc();
    empty.files.retain(|path, _| !path.starts_with("data/secret"));
    refused(&empty, "data/secret", "holds no test");
}

#[test]
fn groups_that_no_score_fits_are_refused() {
    let last = "data/secret/g2/test_group.yaml";
    let open = Sample::icpc().and("data/secret/test_group.yaml", "max_score: unbounded\n");
    let open = open.edit(last, "60", "unbounded");
    open.open().unwrap();
    let silent = open.without("output_validator/check.cpp");
    refused(&silent, last, "no output_validator/ is there");
    let outer = "data/secret/test_group.yaml";
    let more = Sample::icpc().edit(last, "60", "61");
    refused(&more, outer, "max_score: 100, but the groups within give 101");
    let least = "score_aggregation: min\nmax_score: ";
    Sample::icpc().and(outer, &format!("{least}40\n")).open().unwrap();
    refused(&Sample::icpc().and(outer, &format!("{least}39\n")), outer, "39, but the groups");
}

#[test]
fn samples_judge_where_there_is_nothing_else_and_nothing_to_score() {
    let secret = ["g1/a.in", "g1/a.ans", "g2/b.in", "g2/b.ans", "g2/c.in", "g2/c.ans"];
    let bare = |scoring: &str| {
        let files = ["g2/b.yaml", "g2/b.files/table", "g1/test_group.yaml", "g2/test_group.yaml"];
        let mut sample = Sample::icpc().edit("problem.yaml", "type: scoring", scoring);
        for file in secret.iter().chain(&files) {
            sample = sample.without(&format!("data/secret/{file}"));
        }
        sample.without("submissions/submissions.yaml")
    };
    let package = bare("type: pass-fail").open().unwrap();
    assert_eq!(package.tests.len(), 1);
    assert!(package.notes[0].contains("only the samples"), "{:?}", package.notes);
    for empty in [
        bare("type: scoring"),
        bare("type: pass-fail").without("data/sample/1.in").without("data/sample/1.ans"),
    ] {
        let error = empty.open().unwrap_err().to_string();
        assert!(error.contains("data/secret: holds no test"), "{error}");
    }
}

#[test]
fn a_solution_of_several_files_starts_where_its_entry_point_says() {
    for (entry, main, noted) in [
        ("b.py", "b.py", false),
        ("b", "b.py", false),
        ("main.py", "main.py", false),
        ("pack.b", "b.py", false),
        ("c.py", "main.py", true),
    ] {
        let package = Sample::icpc()
            .and("submissions/accepted/two/main.py", "")
            .and("submissions/accepted/two/b.py", "")
            .edit(
                "submissions/submissions.yaml",
                "",
                &format!("accepted/two: {{entrypoint: {entry}}}\n"),
            )
            .open()
            .unwrap();
        let two = package.solutions.iter().find(|one| one.name == "accepted/two").unwrap();
        assert!(two.path.ends_with(main), "{entry}: {two:?}");
        assert_eq!(
            (two.further.len() + two.resources.len(), package.notes.len()),
            (1, usize::from(noted))
        );
    }
}

#[test]
fn static_validation_is_asked_for_where_it_can_be_scored() {
    let (whole, sum) = ("data/secret/g1/test_group.yaml", "data/secret/g2/test_group.yaml");
    let with = |file: &str, lines: &str| {
        Sample::icpc().and("static_validator/v.py", "").edit(file, "", lines)
    };
    for (sample, file, said) in [
        (with(whole, "static_validation_score: 5"), whole, "expected pass-fail"),
        (with(sum, "static_validation_score: pass-fail"), sum, "expected a number"),
        (with(sum, "static_validation_score: 61"), sum, "more than the max_score"),
        (with(sum, "static_validation_score: unbounded"), sum, "expected a whole number"),
        (with(sum, "static_validator_args: [x]"), sum, "only beside static_validation_score"),
        (
            with(sum, "static_validation_score: 5").without("static_validator/v.py"),
            "static_validator",
            "expected a program there",
        ),
    ] {
        refused(&sample, file, said);
    }
    let package = with(sum, "static_validation_score: 20\nstatic_validator_args: [x]").open();
    let package = package.unwrap();
    let points: Vec<_> =
        package.tests.iter().map(|test| (test.name.as_str(), test.points)).collect();
    let expected = [
        ("sample/1", Some(0.0)),
        ("secret/g1/a", None),
        ("secret/g2/test_group", Some(20.0)),
        ("secret/g2/b", Some(20.0)),
        ("secret/g2/c", Some(20.0)),
    ];
    assert_eq!(points, expected);
    let unused = Sample::icpc().and("static_validator/v.py", "").open().unwrap();
    assert!(unused.static_validator.is_none() && unused.notes[0].contains("static_validator"));
}

#[test]
fn a_folder_whose_name_is_no_identifier_is_refused() {
    let dir = tempfile::TempDir::new().unwrap();
    let path = dir.path().join("sums (final)");
    Sample::icpc().write(&path);
    let error = crate::Package::open(&path).unwrap_err().to_string();
    assert!(
        error.contains("the name of the package's folder") && error.contains("rename"),
        "{error}"
    );
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(96))]
    #[test]
    fn no_settings_break_the_reader(
        which in 0_usize..1_000,
        at in 0_usize..400,
        cut in 0_usize..30,
        new in "[a-z:0-9 \\[\\]{},\n'\"*&|>.-]{0,12}",
        old in proptest::bool::ANY,
    ) {
        let mut sample = if old { Sample::legacy() } else { Sample::icpc() };
        let yaml: Vec<String> =
            sample.files.keys().filter(|path| path.ends_with(".yaml")).cloned().collect();
        let path = &yaml[which % yaml.len()];
        let bytes = sample.files[path].clone();
        let (before, rest) = bytes.split_at(at.min(bytes.len()));
        let after = &rest[cut.min(rest.len())..];
        sample.put(path, [before, new.as_bytes(), after].concat());
        if let Err(error) = sample.open() {
            let line = error.to_string();
            proptest::prop_assert!(line.contains("sums/") && !line.contains('\n'), "{}", line);
        }
    }
}
