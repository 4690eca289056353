//! The packages of the corpus, read as what they are.

use std::path::{Path, PathBuf};

use crate::{Checker, Format, IcpcVersion, Input, Package, Passes, Scoring};

fn packages() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/corpus/packages")
}

#[test]
fn every_package_of_the_corpus_is_read_as_what_it_is() {
    use IcpcVersion::{Draft202307, Legacy, LegacyIcpc, V202509};
    let icpc = Format::Icpc;
    for (name, format, tests, scored, kind) in [
        ("range-sums", Format::Polygon, 8, false, "program"),
        ("polygon-groups", Format::Polygon, 7, true, "standard"),
        ("polygon-interactive", Format::Polygon, 3, false, "program"),
        ("polygon-run-twice", Format::Polygon, 3, false, "program"),
        ("polygon-files", Format::Polygon, 2, false, "standard"),
        ("polygon-python-checker", Format::Polygon, 3, false, "program"),
        ("polygon-grader", Format::Polygon, 2, false, "standard"),
        ("polygon-scorer", Format::Polygon, 4, true, "program"),
        ("icpcdefault", icpc(Legacy), 4, false, "default"),
        ("icpccustom", icpc(LegacyIcpc), 4, false, "validators"),
        ("icpcscoring", icpc(Legacy), 5, true, "default"),
        ("icpcgrader", icpc(Legacy), 4, true, "default"),
        ("scoring2025", icpc(V202509), 7, true, "validators"),
        ("guess2025", icpc(V202509), 4, false, "validators"),
        ("multipass2025", icpc(V202509), 3, false, "validators"),
        ("answers2025", icpc(V202509), 1, false, "default"),
        ("static2025", icpc(V202509), 5, true, "default"),
        ("draft2023", icpc(Draft202307), 3, false, "default"),
    ] {
        let package = Package::open(&packages().join(name)).unwrap();
        assert_eq!((package.id.as_str(), package.format), (name, format));
        assert_eq!((package.tests.len(), package.is_scored()), (tests, scored), "{name}");
        let found = match &package.checker {
            Checker::Program(_) => "program",
            Checker::Standard(_) => "standard",
            Checker::Default => "default",
            Checker::Validators(_) => "validators",
        };
        assert_eq!(found, kind, "{name}");
        assert!(package.solutions.len() >= 2, "{name}");
        for solution in &package.solutions {
            let known = solution.language.is_some() || package.mode.submit_answer;
            assert!(known && !solution.expectations.is_empty(), "{name}: {}", solution.name);
        }
    }
    let known = std::fs::read_dir(packages()).unwrap().count();
    assert_eq!(known, 18, "every package has a row");
}

#[test]
fn what_a_package_asks_of_judging_is_known_before_it_begins() {
    let open = |name: &str| Package::open(&packages().join(name)).unwrap();
    assert!(open("polygon-interactive").mode.interactive);
    assert_eq!(open("polygon-run-twice").mode.passes, Passes::Twice);
    assert_eq!(open("polygon-files").output_file.as_deref(), Some("reverse.out"));
    assert_eq!(open("polygon-grader").includes.len(), 2);
    assert!(open("icpccustom").inference.is_some() && open("icpcdefault").inference.is_none());
    assert!(matches!(open("icpcscoring").scoring, Scoring::Graded(_)));
    assert!(open("icpcgrader").grader.is_some());
    let multipass = open("multipass2025");
    assert_eq!(multipass.mode.passes, Passes::UpTo(3));
    assert_eq!(multipass.notes, Vec::<String>::new());
    assert!(open("polygon-scorer").scorer.is_some());
    let looked_at = open("static2025");
    assert!(looked_at.static_validator.is_some());
    let [_, sources, sums, ..] = looked_at.tests.as_slice() else { panic!("too few tests") };
    assert_eq!((sources.name.as_str(), sources.points), ("secret/sources/test_group", Some(30.0)));
    assert_eq!(sources.input, Input::Sources);
    assert_eq!(sources.validator_args, ["3"]);
    assert_eq!((sums.name.as_str(), sums.points), ("secret/sums/test_group", None));
    let draft = open("draft2023");
    assert_eq!(draft.tests[1].args, ["table.txt"]);
    assert_eq!(draft.tests[0].files[0].0, "words.txt");
    let pretests = open("polygon-groups").notes;
    assert_eq!(pretests, ["testset pretests is not judged: testset tests decides"]);
}
