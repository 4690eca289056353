//! Packages that are refused: one clear line each.

use std::collections::BTreeSet;
use std::os::unix::fs::symlink;
use std::path::Path;

use tempfile::TempDir;

use super::sample::{Sample, zip_of};
use crate::{Package, PackageError};

#[track_caller]
fn one_line(error: &PackageError, file: &str, said: &[&str]) {
    let line = error.to_string();
    assert!(line.contains(file), "names the file {file}: {line}");
    for said in said {
        assert!(line.contains(said), "says `{said}`: {line}");
    }
    assert!(!line.contains('\n'), "is one line: {line}");
}

#[test]
fn a_field_that_holds_what_it_cannot_is_named_with_what_was_expected() {
    let tests = "judging/testset[tests]";
    let rows: &[(&str, &str, &[&str])] = &[
        ("<problem ", "<contest ", &["not well-formed"]),
        ("short-name=\"sums\"", "", &["@short-name", "missing"]),
        ("short-name=\"sums\"", "short-name=\"a b\"", &["@short-name", "`a b`"]),
        ("<time-limit>1500</time-limit>", "", &[tests, "/time-limit", "missing", "milliseconds"]),
        ("<time-limit>1500", "<time-limit>0", &[tests, "/time-limit", "lets no program run"]),
        ("<time-limit>1500", "<time-limit>1.5s", &[tests, "/time-limit: `1.5s`", "milliseconds"]),
        ("<time-limit>1500", "<time-limit>999999999999", &["/time-limit", "highest"]),
        ("<memory-limit>268435456", "<memory-limit>256MB", &["/memory-limit: `256MB`", "bytes"]),
        ("<memory-limit>268435456", "<memory-limit>-1", &["/memory-limit: `-1`", "bytes"]),
        ("<memory-limit>268435456", "<memory-limit>256", &["/memory-limit", "512 KiB"]),
        ("<test-count>2", "<test-count>3", &["/test-count: says 3, but 2 tests are listed"]),
        ("<test-count>2", "<test-count>two", &["/test-count: `two`"]),
        ("tests/%02d<", "tests/<", &["/input-path-pattern", "`tests/` has no number", "%02d"]),
        ("tests/%02d.a<", "tests/%s.a<", &["/answer-path-pattern", "%02d"]),
        ("tests/%02d<", "tests/%0999999999d<", &["/input-path-pattern"]),
        ("<test-count>2", "<test-count>99999999999999999999", &["/test-count"]),
        ("points=\"32.5\" d", "points=\"1e999\" d", &["@points: `1e999`"]),
        ("short-name=\"sums\"", "short-name=\"../sums\"", &["@short-name"]),
        ("tests/%02d<", "../%02d<", &["/input-path-pattern", "`..`"]),
        ("tests/%02d<", "/etc/%02d<", &["/input-path-pattern", "absolute"]),
        ("method=\"manual\"", "method=\"magic\"", &["tests/test[1]@method: `magic`", "manual"]),
        ("cmd=\"gen -n 10 'two words'\"", "", &["tests/test[2]@cmd: missing"]),
        ("cmd=\"gen -n", "cmd=\"'gen -n", &["tests/test[2]@cmd", "never closed"]),
        ("cmd=\"gen -n", "cmd=\"make -n", &["test[2]@cmd", "`make` is no executable", "gen"]),
        ("points=\"32.5\" d", "points=\"lots\" d", &["tests/test[2]@points: `lots`", "12.5"]),
        ("points=\"32.5\" d", "points=\"-1\" d", &["tests/test[2]@points: `-1`"]),
        ("points=\"32.5\" d", "points=\"NaN\" d", &["tests/test[2]@points: `NaN`"]),
        ("points-policy=\"each-test\"", "points-policy=\"x\"", &["@points-policy", "each-test"]),
        ("feedback-policy=\"icpc\"", "feedback-policy=\"x\"", &["@feedback-policy", "icpc"]),
        ("<group name=\"1\"", "<group name=\"0\"", &["two groups are called `0`"]),
        ("<dependency group=\"0\"", "<dependency group=\"1\"", &["wait for each other"]),
        ("run-count=\"1\"", "run-count=\"3\"", &["judging@run-count: `3`", "1 or 2"]),
        ("input-file=\"\"", "input-file=\"../in\"", &["judging@input-file", "`..`"]),
        ("type=\"testlib\"", "type=\"magic\"", &["assets/checker@type: `magic`", "testlib"]),
        ("check.cpp\" type=\"cpp.g++17\"", "check.cpp\" type=\"d.dmd\"", &["`d.dmd`", "languages"]),
        ("files/check.cpp", "../check.cpp", &["checker/source@path", "`..`"]),
        ("verdict=\"wrong-answer\"", "verdict=\"x\"", &["checker/testset/tests/test[1]@verdict"]),
        ("verdict=\"invalid\"", "verdict=\"x\"", &["validator[1]/testset/tests/test[1]@verdict"]),
        ("tag=\"main\"", "tag=\"best\"", &["solution[1]@tag: `best` is none of main, accepted"]),
        ("tag=\"rejected\"", "tag=\"main\"", &["solution[2]@tag", "second main"]),
        ("tag=\"main\"", "tag=\"accepted\"", &["assets/solutions", "tagged `main`", "test 02"]),
        ("main.cpp\" type=\"cpp.g++17", "main.cpp\" type=\"python.2", &["`python.2`", "test 02"]),
        ("extra-tag testset=\"tests\"", "extra-tag testset=\"x\"", &["no testset `x`"]),
        ("extra-tag group=\"1\"", "extra-tag group=\"9\"", &["extra-tag[1]@group", "no group `9`"]),
        ("<groups>", "<bonus/><groups>", &["judging/testset/bonus: no element that is known"]),
        ("<copy ", "<magic/><copy ", &["assets/checker/magic: no element that is known here"]),
        ("<resources>", "<resources><x/>", &["files/resources/x: no element"]),
        ("<assets>", "<bonus/><assets>", &["/problem.xml: bonus: no element that is known here"]),
        ("</problem>", "", &["not well-formed XML", "line"]),
    ];
    for (old, new, said) in rows {
        let error = Sample::default().with(old, new).open().unwrap_err();
        one_line(&error, "/problem.xml: ", said);
    }
}

#[test]
fn a_file_that_the_manifest_names_and_the_package_lacks_is_named() {
    for (file, said) in [
        ("tests/01", "test[1]: the package holds no file `tests/01`; a manual test has to come"),
        ("files/extra.h", "resources/file[2]@path: the package holds no file `files/extra.h`"),
        ("files/gen.cpp", "test[2]@cmd: `gen` is no executable"),
        ("solutions/main.cpp", "solution[1]/source@path"),
    ] {
        let error = Sample::default().without(file).open().unwrap_err();
        one_line(&error, "/problem.xml: ", &[said]);
    }
    let error = Sample::default()
        .with("name=\"std::ncmp.cpp\"", "")
        .without("files/check.cpp")
        .open()
        .unwrap_err();
    one_line(&error, "problem.xml", &["checker/source@path", "`files/check.cpp`"]);
    let error = Sample::default()
        .with("name=\"std::ncmp.cpp\"", "name=\"std::magic.cpp\"")
        .with("<source path=\"files/check.cpp\" type=\"cpp.g++17\"/>", "")
        .open()
        .unwrap_err();
    one_line(&error, "problem.xml", &["checker@name: `std::magic.cpp`", "std::wcmp.cpp"]);
}

#[test]
fn a_file_that_only_proves_the_package_may_be_missing() {
    for file in [
        "files/val.cpp",
        "files/tests/checker-tests/01.o",
        "files/tests/validator-tests/01",
        "solutions/slow.d",
    ] {
        let package = Sample::default().without(file).open().unwrap();
        assert!(!package.tests.is_empty(), "{file}");
    }
}

#[test]
fn a_source_that_is_one_of_the_solutions_has_the_language_the_manifest_gives_it() {
    let dir = TempDir::new().unwrap();
    let package = Sample::default().open_in(dir.path());
    let solution = package.main_solution().unwrap();
    let text = std::fs::read(&solution.path).unwrap();
    assert_eq!(package.language_of(&text), solution.language.as_ref());
    assert!(solution.language.is_some());
    assert_eq!(package.language_of(b"int main(){}"), None);
}

#[test]
fn a_place_without_a_manifest_is_no_package() {
    let dir = TempDir::new().unwrap();
    let error = Package::open(dir.path()).unwrap_err();
    one_line(&error, &dir.path().display().to_string(), &["problem.xml", "problem.yaml"]);
    let error = Package::open(&dir.path().join("none")).unwrap_err();
    one_line(&error, "none", &["cannot open"]);
    let text = dir.path().join("notes.txt");
    std::fs::write(&text, "hello").unwrap();
    one_line(&Package::open(&text).unwrap_err(), "notes.txt", &["not a whole zip archive"]);
    let device = Path::new("/dev/null");
    one_line(&Package::open(device).unwrap_err(), "/dev/null", &["neither a directory nor a zip"]);
}

#[test]
fn a_contest_package_is_recognised_and_said() {
    let contest = TempDir::new().unwrap();
    std::fs::write(contest.path().join("contest.xml"), "<contest/>").unwrap();
    for name in ["b-trees", "a-plus-b"] {
        Sample::default().write(&contest.path().join("problems").join(name));
    }
    let error = Package::open(contest.path()).unwrap_err();
    one_line(&error, "contest.xml", &["problems/a-plus-b, problems/b-trees"]);

    let entries: [(&str, &[u8]); 2] =
        [("round/contest.xml", b"<contest/>"), ("round/problems/sums/problem.xml", b"<problem/>")];
    let error = Package::open(&zip_of(&contest, &entries)).unwrap_err();
    one_line(&error, "package.zip: contest.xml", &["unpack it", "round/problems/sums"]);
}

#[test]
fn the_example_package_is_read() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/corpus/packages/range-sums");
    let package = Package::open(&path).unwrap();
    assert_eq!((package.id.as_str(), package.tests.len()), ("range-sums", 8));
    let tags: BTreeSet<&str> = package.solutions.iter().map(|one| one.label.as_str()).collect();
    assert!(tags.len() == 6 && package.solutions.iter().all(|one| one.language.is_some()));
}

#[test]
fn a_manifest_that_is_no_text_or_asks_for_entities_is_refused() {
    let entity =
        "<!DOCTYPE problem [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><problem>&x;</problem>";
    let wide = format!("<problem>{}", "<a/>".repeat(600_000));
    let deep = format!("<problem>{}", "<a>".repeat(33));
    let long = format!("<problem {}/>", "a=\"=>\" ".repeat(65));
    let huge = format!("<problem><!--{}--></problem>", "x".repeat(8 << 20));
    for (text, said) in [
        (entity.as_bytes().to_vec(), "not well-formed"),
        (vec![0xff, 0xfe, b'<', 0], "UTF-8"),
        (wide.into_bytes(), "nodes"),
        (deep.into_bytes(), "more than 32 deep"),
        (long.into_bytes(), "more than 64 attributes"),
        (huge.into_bytes(), "bytes"),
        (Vec::new(), "not well-formed"),
        (b"<contest/>".to_vec(), "expected a `problem`"),
    ] {
        let mut sample = Sample::default();
        sample.put("problem.xml", text);
        one_line(&sample.open().unwrap_err(), "problem.xml", &[said]);
    }
}

#[test]
fn links_that_leave_a_directory_are_refused_and_links_within_it_are_read() {
    let dir = TempDir::new().unwrap();
    let sample = Sample::default();
    let plain = sample.open_in(dir.path());
    let link = dir.path().join("files/link");
    symlink("../tests/01", &link).unwrap();
    let linked = Package::open(dir.path()).unwrap();
    std::fs::remove_file(&link).unwrap();
    std::fs::copy(dir.path().join("tests/01"), &link).unwrap();
    assert_eq!(Package::open(dir.path()).unwrap().revision, linked.revision);
    assert_ne!(plain.revision, linked.revision);
    for (target, said) in
        [("/etc/passwd", "out of the package"), ("../tests", "no file"), ("missing", "follow")]
    {
        std::fs::remove_file(&link).unwrap();
        symlink(target, &link).unwrap();
        one_line(&Package::open(dir.path()).unwrap_err(), "files/link", &[said]);
    }
}

#[test]
fn a_socket_or_an_unreadable_name_is_no_part_of_a_package() {
    let dir = TempDir::new().unwrap();
    Sample::default().write(dir.path());
    let socket = std::os::unix::net::UnixListener::bind(dir.path().join("tests/socket")).unwrap();
    one_line(&Package::open(dir.path()).unwrap_err(), "tests/socket", &["neither a file"]);
    drop(socket);
    std::fs::remove_file(dir.path().join("tests/socket")).unwrap();
    std::fs::write(dir.path().join("tests/a\nb"), "x").unwrap();
    let error = Package::open(dir.path()).unwrap_err().to_string();
    assert!(error.contains("control characters"), "{error}");
}
