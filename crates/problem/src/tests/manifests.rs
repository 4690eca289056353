//! Manifests that are read, and manifests that are refused with file, field and expectation.

use minos_model::{Bytes, CpuTime, Verdict, WallTime};

use super::sample::Sample;
use crate::{
    Answer, Checker, CheckerWord, FeedbackPolicy, Input, PointsPolicy, Scope, Scoring,
    StandardChecker,
};

#[test]
fn everything_a_manifest_says_about_judging_is_read() {
    let package = Sample::default().open().unwrap();
    assert_eq!((package.id.as_str(), package.name.as_str()), ("sums", "Sums"));
    assert_eq!(package.limits.cpu, CpuTime::from_ms(1_500));
    assert_eq!(package.limits.wall, WallTime::from_ms(4_000));
    assert_eq!(package.limits.memory, Bytes::from_mib(256));
    assert_eq!(package.limits.output, Bytes::from_mib(64));
    let [first, second] = package.tests.as_slice() else { panic!("two tests") };
    assert_eq!((first.name.as_str(), first.sample), ("01", true));
    assert_eq!(first.input, Input::File(package.root.join("tests/01")));
    assert_eq!(first.answer, Answer::File(package.root.join("tests/01.a")));
    let command = ["gen", "-n", "10", "two words"].map(str::to_owned).to_vec();
    assert_eq!(second.input, Input::Generated { command });
    assert_eq!(second.answer, Answer::MainSolution);
    assert_eq!((second.group.as_deref(), second.points), (Some("1"), Some(32.5)));
    assert_eq!(second.description.as_deref(), Some("d"));
    let [zero, one] = package.groups.as_slice() else { panic!("two groups") };
    assert_eq!((zero.points_policy, zero.points), (PointsPolicy::EachTest, Some(0.0)));
    assert_eq!(one.points_policy, PointsPolicy::CompleteGroup);
    assert_eq!(one.feedback_policy, FeedbackPolicy::Icpc);
    assert_eq!(one.dependencies, ["0"]);
    assert_eq!(package.checker_name.as_deref(), Some("std::ncmp.cpp"));
    assert_eq!(package.checker_tests[0].verdict, CheckerWord::WrongAnswer);
    assert!(!package.validators[0].tests[0].valid);
    assert_eq!(package.validators[0].tests[0].group.as_deref(), Some("1"));
    assert_eq!(package.generator("gen").unwrap().kind, "cpp.g++17");
    assert_eq!(package.main_solution().unwrap().language.as_ref().unwrap().as_str(), "cpp17");
    assert!(package.is_scored());
}

#[test]
fn a_solution_in_an_unknown_language_keeps_its_type_and_its_extra_tags() {
    let package = Sample::default().open().unwrap();
    let slow = &package.solutions[1];
    assert_eq!((slow.label.as_str(), slow.language.clone()), ("rejected", None));
    assert_eq!((slow.kind.as_str(), slow.note.as_deref()), ("d", Some("slow")));
    let [whole, group, testset] = slow.expectations.as_slice() else { panic!("three") };
    assert_eq!((whole.scope.clone(), whole.permitted.clone()), (Scope::All, None));
    assert!(!whole.required.as_ref().unwrap().holds(Verdict::Accepted));
    assert!(group.scope.holds("02") && !group.scope.holds("01"));
    assert!(group.permitted.as_ref().unwrap().holds(Verdict::Accepted));
    assert!(testset.scope.holds("02") && testset.scope.holds("01"));
    assert!(testset.required.as_ref().unwrap().holds(Verdict::TimeLimit));
}

#[track_caller]
fn headers(package: &crate::Package) -> Vec<String> {
    let Checker::Program(part) = &package.checker else { panic!("a program") };
    let shown = |path: &std::path::PathBuf| {
        let inside = path.strip_prefix(&package.root);
        inside.map_or_else(|_| "vendored".to_owned(), |path| path.display().to_string())
    };
    part.resources.iter().map(shown).collect()
}

#[test]
fn a_checker_is_compiled_with_the_packages_own_testlib_else_with_ours() {
    let mut sample = Sample::default();
    assert_eq!(headers(&sample.open().unwrap()), ["files/extra.h", "vendored"]);
    sample.put("files/testlib.h", "// own");
    assert_eq!(headers(&sample.open().unwrap()), ["files/extra.h", "files/testlib.h"]);
    let listed = Sample::default().with(
        "<file path=\"files/extra.h\" type=\"h.g++\"/>",
        "<file path=\"files/testlib.h\" type=\"h.g++\"/>",
    );
    assert_eq!(headers(&listed.open().unwrap()), ["files/extra.h", "vendored"], "not delivered");
}

#[test]
fn the_vendored_header_is_the_upstream_one() {
    use sha2::{Digest, Sha256};
    let sha256 = minos_model::Digest::from_bytes(Sha256::digest(crate::TESTLIB).into());
    assert_eq!(
        sha256.to_string(),
        "26facaf1259071eb14ff9e011b6b50473a14ab0e0a8e702087b73cffd1fb1b90"
    );
}

#[test]
fn a_standard_checker_without_its_source_is_built_in() {
    let without = Sample::default()
        .with("<source path=\"files/check.cpp\" type=\"cpp.g++17\"/>", "")
        .open()
        .unwrap();
    assert_eq!(without.checker, Checker::Standard(StandardChecker::Ncmp));
    let lost = Sample::default().without("files/check.cpp").open().unwrap();
    assert_eq!(lost.checker, Checker::Standard(StandardChecker::Ncmp));
    let mut copied = Sample::default().without("files/check.cpp");
    copied.put("check.cpp", "// copy");
    let Checker::Program(part) = copied.open().unwrap().checker else { panic!("a program") };
    assert!(part.source.ends_with("check.cpp"));
}

#[test]
fn a_bom_windows_line_ends_and_windows_separators_are_read() {
    let plain = Sample::default().open().unwrap();
    let mut windows = Sample::default()
        .with("files/check.cpp", "files\\check.cpp")
        .with("tests/%02d<", "tests\\%02d<");
    let text = String::from_utf8(windows.files["problem.xml"].clone()).unwrap();
    windows.put("problem.xml", format!("\u{feff}{}", text.replace('\n', "\r\n")));
    let windows = windows.open().unwrap();
    assert_eq!(windows.name, plain.name);
    assert_eq!(windows.tests.len(), plain.tests.len());
    assert!(matches!(windows.checker, Checker::Program(_)));
}

#[test]
fn the_authors_own_cases_have_unix_line_ends_as_the_tests_do() {
    let at = "files/tests/checker-tests/01";
    let mut windows = Sample::default();
    windows.put(&format!("{at}.o"), "1 2\r\n\r3\r\n");
    windows.put("files/tests/validator-tests/01", "x\r\n");
    let package = windows.open().unwrap();
    let text = |path: &std::path::Path| std::fs::read_to_string(path).unwrap();
    assert_eq!(text(&package.checker_tests[0].output), "1 2\n\r3\n");
    assert_eq!(text(&package.validators[0].tests[0].input), "x\n");
    assert_eq!(package.checker_tests[0].input, package.root.join(at), "what has none stays");
}

#[test]
fn comments_and_cdata_are_no_part_of_what_an_element_says() {
    for (old, new) in [
        ("<time-limit>1500", "<time-limit><!-- ms -->15<!-- and -->00"),
        ("<memory-limit>268435456", "<memory-limit>\n<![CDATA[268435456]]>\n"),
        ("tests/%02d<", "tests/<!-- two digits -->&#37;02d<"),
    ] {
        let (plain, package) =
            (Sample::default().open().unwrap(), Sample::default().with(old, new).open().unwrap());
        assert_eq!(package.limits, plain.limits, "{new}");
        assert_eq!(package.tests[1].name, plain.tests[1].name, "{new}");
    }
}

#[test]
fn the_types_a_resource_is_for_are_separated_by_colons_or_semicolons() {
    for types in ["java11;cpp.*", "java11:cpp.*", "java11, cpp.*"] {
        let asset = format!(
            "type=\"h.g++\" for-types=\"{types}\"><assets><asset name=\"SOLUTION\"/></assets></file>"
        );
        let package = Sample::default().with("type=\"h.g++\"/>", &asset).open().unwrap();
        assert_eq!(package.resources[0].for_types, ["java11", "cpp.*"], "{types}");
        let cpp = "cpp20".parse().unwrap();
        assert!(package.includes[0].languages.holds(&cpp), "{types}");
    }
}

#[test]
fn an_extra_tag_of_a_testset_that_is_not_judged_is_noted() {
    let package = Sample::default()
        .with("<testset name=\"tests\">", "<testset name=\"pretests\"/><testset name=\"tests\">")
        .with("extra-tag testset=\"tests\"", "extra-tag testset=\"pretests\"")
        .open()
        .unwrap();
    let notes = package.notes.join("\n");
    assert!(notes.contains("testset pretests is not judged"), "{notes}");
    let line = "solutions/slow.d: extra-tag time-limit-exceeded of testset pretests is not checked";
    assert!(notes.contains(line), "{notes}");
}

#[test]
fn a_hundredth_test_has_three_digits() {
    let mut sample = Sample::default();
    let mut tests = String::new();
    for number in 1..=101 {
        tests.push_str("<test method=\"manual\"/>");
        sample.put(&format!("tests/{number:02}"), "1");
        sample.put(&format!("tests/{number:02}.a"), "1");
    }
    let listed = sample.files["problem.xml"].clone();
    let listed = String::from_utf8(listed).unwrap();
    let (before, rest) = listed.split_once("<tests>").unwrap();
    let (_, after) = rest.split_once("</tests>").unwrap();
    let count = before.replace("<test-count>2<", "<test-count>101<");
    sample.put("problem.xml", format!("{count}<tests>{tests}</tests>{after}"));
    let package = sample.open().unwrap();
    assert_eq!(package.tests[98].name, "99");
    assert_eq!(package.tests[99].name, "100");
    assert_eq!(package.tests[100].input, Input::File(package.root.join("tests/101")));
}

#[test]
fn the_testset_called_tests_decides_or_the_only_one() {
    let only = Sample::default()
        .with("<testset name=\"tests\">", "<testset name=\"main\">")
        .with("testset=\"tests\"", "testset=\"main\"");
    assert_eq!(only.open().unwrap().tests.len(), 2);
    let pretests = "<testset name=\"pretests\"><time-limit>1</time-limit></testset>\
                    <testset name=\"tests\">";
    let several = Sample::default().with("<testset name=\"tests\">", pretests);
    assert_eq!(several.open().unwrap().limits.cpu, CpuTime::from_ms(1_500));
    let unclear = several.with("<testset name=\"tests\">", "<testset name=\"final\">");
    let error = unclear.open().unwrap_err().to_string();
    assert!(error.contains("judging/testset: none of pretests, final is called"), "{error}");
}

#[test]
fn a_scorer_makes_a_score_where_the_manifest_has_no_points() {
    let scorer = "<scorer><source path=\"files/val.cpp\" type=\"cpp.g++17\"/></scorer>";
    let package = Sample::default().with("<validators>", &format!("{scorer}<validators>"));
    let package = package.with("points=\"0.0\"", "").with("points=\"32.5\" d", "d");
    let package = package.with("points=\"32.5\" points-policy", "points-policy").open().unwrap();
    assert_eq!(package.scorer.as_ref().unwrap().name, "val");
    assert_eq!(package.scoring, Scoring::Points);
    assert!(package.tests.iter().all(|test| test.points.is_none()), "nothing bounds it");
}

#[test]
fn the_names_of_the_standard_streams_are_no_files() {
    let streams = Sample::default()
        .with("input-file=\"\"", "input-file=\"stdin\"")
        .with("output-file=\"\"", "output-file=\"stdout\"");
    let package = streams.open().unwrap();
    assert_eq!((package.input_file, package.output_file), (None, None));
}

#[test]
fn a_generator_that_no_executable_lists_is_looked_for_in_files() {
    let package = Sample::default()
        .with("<executable><source path=\"files/gen.cpp\" type=\"cpp.g++17\"/></executable>", "")
        .open()
        .unwrap();
    let generator = package.generator("gen").unwrap();
    assert_eq!(generator.language.as_ref().unwrap().as_str(), "cpp17");
}

#[test]
fn a_generated_test_whose_file_is_there_needs_no_generator() {
    let mut sample = Sample::default()
        .with("<source path=\"files/gen.cpp\"", "<source path=\"files/gone.cpp\"")
        .without("files/gen.cpp");
    sample.put("tests/02", "1").put("tests/02.a", "1");
    let package = sample.open().unwrap();
    assert_eq!(package.tests[1].input, Input::File(package.root.join("tests/02")));
    assert!(package.executables.is_empty());
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]
    #[test]
    fn no_manifest_breaks_the_reader(at in 0_usize..4_000, cut in 0_usize..40, new in "[<>&'\"%a-z0-9 /]{0,6}") {
        let manifest = super::sample::MANIFEST.as_bytes();
        let at = at.min(manifest.len());
        let (before, rest) = manifest.split_at(at);
        let after = &rest[cut.min(rest.len())..];
        let mut sample = Sample::default();
        sample.put("problem.xml", [before, new.as_bytes(), after].concat());
        if let Err(error) = sample.open() {
            let line = error.to_string();
            proptest::prop_assert!(line.contains("problem.xml: ") && !line.contains('\n'), "{}", line);
        }
    }
}
