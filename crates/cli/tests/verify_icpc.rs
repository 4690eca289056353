//! `minos verify` on packages of ICPC/Kattis, as a user types it. Needs what boxes need.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::Value;

/// A directory that is gone with its owner.
struct Place(PathBuf);

impl Place {
    /// The language files that a test has written beside the package.
    fn languages(&self) -> Option<PathBuf> {
        Some(self.0.join("languages")).filter(|dir| dir.is_dir())
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

/// A package of one sample and one secret test whose answer is the input, with these files more.
fn package(files: &[(&str, &str)]) -> Place {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let name = format!("minos-verify-icpc-{}-{number}", std::process::id());
    let place = Place(std::env::temp_dir().join(name));
    let basis = [
        (
            "problem.yaml",
            "problem_format_version: 2025-09\nname: Same\nuuid: x\nlimits: {time_limit: 1}\n",
        ),
        ("data/sample/1.in", "1\n"),
        ("data/sample/1.ans", "1\n"),
        ("data/secret/2.in", "22\n"),
        ("data/secret/2.ans", "22\n"),
        ("submissions/accepted/same.py", "print(input())\n"),
    ];
    for (path, text) in basis.iter().chain(files) {
        let path = place.0.join("same").join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a directory");
        fs::write(path, text).expect("a file");
    }
    place
}

fn verify(package: &Place, args: &[&str]) -> (Option<i32>, Value, String) {
    let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("cache");
    let output = Command::new(env!("CARGO_BIN_EXE_minos"))
        .args(["verify", "--json"])
        .arg(package.0.join("same"))
        .args(args)
        .env("MINOS_CACHE", cache)
        .envs(package.languages().map(|dir| ("MINOS_LANGUAGES", dir)))
        .stdin(Stdio::null())
        .output()
        .expect("minos starts");
    let document = serde_json::from_slice(&output.stdout).unwrap_or(Value::Null);
    (output.status.code(), document, String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn an_input_validator_may_be_a_script_of_one_file() {
    let (bash, perl) = ("input_validators/v.sh", "input_validators/v.pl");
    let folder = "input_validators/v/v.sh";
    let helper = ("input_validators/v/digits", "[0-9]+");
    for (code, said, files) in [
        (0, "", [(bash, "[[ $(cat) =~ ^[0-9]+$ ]] && exit 42\n"), helper]),
        (0, "", [(folder, "grep -Eqxf digits && exit 42\n"), helper]),
        (0, "", [(perl, "#!/usr/bin/env perl\nexit(<> =~ /^\\d+$/ ? 42 : 43);\n"), helper]),
        (1, "rejects the input", [(bash, "#!/bin/sh\nread n; exit $((41 + ${#n}))\n"), helper]),
        (3, "names `/no/such`", [(perl, "#!/no/such\n"), helper]),
        (3, "type `pl`", [(perl, "exit 42;\n"), helper]),
    ] {
        let package = package(&files[..if files[0].0 == folder { 2 } else { 1 }]);
        let (ended, document, stderr) = verify(&package, &[]);
        assert_eq!(ended, Some(code), "{files:?}: {document} {stderr}");
        let told = format!("{} {}", document["package"], document["troubles"]);
        assert!(told.contains(said), "{files:?}: {told}");
    }
}

#[test]
fn a_driver_of_the_package_finds_a_solution_by_its_name() {
    let package = package(&[
        ("include/python3/main.py", "from same import same\nprint(same(input()))\n"),
        ("submissions/accepted/same.py", "def same(text): return text\n"),
        ("submissions/wrong_answer/other/same.py", "def same(text): return text + '1'\n"),
    ]);
    let (code, document, stderr) = verify(&package, &[]);
    assert_eq!(code, Some(0), "{document} {stderr}");
}

#[test]
fn an_answer_of_several_files_has_one_for_each_test() {
    let manifest = "problem_format_version: 2025-09\nname: Same\nuuid: x\ntype: submit-answer\n\
                    limits: {time_limit: 1}\n";
    let (good, bad) = ("submissions/accepted/all", "submissions/wrong_answer/some");
    let (sample, secret) = (format!("{good}/sample/1.out"), format!("{good}/2.out"));
    let (other, lost) = (format!("{bad}/1.out"), format!("{bad}/3.out"));
    let package = package(&[
        ("problem.yaml", manifest),
        (&sample, "1\n"),
        (&secret, "22\n"),
        (&other, "1\n"),
        (&lost, "22\n"),
    ]);
    fs::remove_file(package.0.join("same/submissions/accepted/same.py")).expect("removed");
    let (code, document, stderr) = verify(&package, &[]);
    assert_eq!(code, Some(0), "{document} {stderr}");
    let lost = &document["solutions"][1]["tests"][1];
    assert_eq!(lost["verdict"], "WA", "{lost}");
    assert_eq!(lost["comment"], "no output: no file for the test secret/2 was submitted");
}

#[test]
fn a_validator_in_viva_is_named_and_is_left_out_only_when_told() {
    let package = package(&[
        ("input_validators/v.viva", "n (n >= 1);\n"),
        ("input_validators/w.ctd", "INT(1, 20) NEWLINE\n"),
    ]);
    let (code, document, _) = verify(&package, &[]);
    // What can be looked at is looked at all the same.
    assert_eq!(code, Some(1), "{document}");
    assert_eq!(document["package"][0]["place"], "test secret/2");
    let trouble = document["troubles"][0]["message"].as_str().expect("a trouble");
    for words in ["v.viva", "VIVA", "v.ctd", "--skip-validator v.viva"] {
        assert!(trouble.contains(words), "{words}: {trouble}");
    }
    let skipped = ["--skip-validator", "v.viva", "--skip-validator", "w.ctd"];
    let (code, document, stderr) = verify(&package, &skipped);
    assert_eq!(code, Some(0), "{document} {stderr}");
    assert_eq!(document["notes"][0], "input validator v.viva is left out, as asked");
    let (code, _, stderr) = verify(&package, &["--skip-validator", "u.py"]);
    assert_eq!(code, Some(2), "{stderr}");
    assert!(stderr.contains("it has: v.viva, w.ctd"), "{stderr}");
}

#[test]
fn a_validator_sees_what_the_submission_is_given_and_proofs_are_valid_inputs() {
    let validator = "import os, sys\n\
        sys.exit(42 if input() != 'bad' and sys.argv[1:2] != ['x'] else 7)\n";
    let files = "import os, sys\nsys.exit(42 if sys.argv[1:] == ['own', 'arg'] and \
        open('beside').read() == 'b' else 9)\n";
    for (said, extra) in [
        ("valid_output/1", vec![("data/valid_output/1.in", "bad\n")]),
        ("", vec![("data/valid_output/1.in", "3\n")]),
        (
            "test sample/1",
            vec![("data/valid_output/1.in", "3\n"), ("data/sample/1.yaml", "args: [x]\n")],
        ),
    ] {
        let proof = [
            ("input_validators/v.py", validator),
            ("data/valid_output/1.ans", "3\n"),
            ("data/valid_output/1.out", "3\n"),
        ];
        let package = package(&[&proof[..], &extra].concat());
        let (code, document, stderr) = verify(&package, &[]);
        assert_eq!(code, Some(i32::from(!said.is_empty())), "{document} {stderr}");
        assert_eq!(document["package"][0]["place"].as_str().unwrap_or_default(), said);
    }
    let given = package(&[
        ("input_validators/v.py", files),
        ("data/sample/1.files/beside", "b"),
        ("data/secret/2.files/beside", "b"),
        ("data/sample/1.yaml", "args: [arg]\ninput_validator_args: [own]\n"),
        ("data/secret/2.yaml", "args: [arg]\ninput_validator_args: {v.py: [own]}\n"),
    ]);
    let (code, document, stderr) = verify(&given, &[]);
    assert_eq!(code, Some(0), "{document} {stderr}");
}

#[test]
fn outputs_that_people_are_shown_for_samples_have_to_be_right() {
    let reject = ("output_validator/v.py", "import sys\nsys.exit(42 if input() == '2' else 43)\n");
    let right = ("submissions/accepted/same.py", "print(2)\n");
    for (found, files) in [
        (vec!["sample/1.ans"], vec![]),
        (vec![], vec![("data/sample/1.out", "2\n")]),
        (vec!["sample/1.out"], vec![("data/sample/1.out", "3\n")]),
        (vec![], vec![("data/sample/1.ans.statement", "?\n")]),
    ] {
        let package = package(&[&[reject, right], &files[..]].concat());
        let (code, document, stderr) = verify(&package, &[]);
        let places: Vec<&str> = document["package"]
            .as_array()
            .expect("findings")
            .iter()
            .filter_map(|finding| finding["place"].as_str())
            .collect();
        assert_eq!(places, found, "{document} {stderr}");
        assert_eq!(code, Some(i32::from(!found.is_empty())));
    }
}

#[test]
fn a_language_that_is_added_by_a_file_is_one_that_packages_may_use() {
    let package = package(&[
        ("submissions/accepted/same.sh", "cat\n"),
        (
            "../languages/bash.toml",
            "name = \"Bash\"\nextensions = [\"sh\"]\ndefault_for = [\"sh\"]\nsource = \"main.sh\"\n\
             polygon = []\nkattis = [\"bash\"]\npackages = []\nprocesses = 16\nfiles = 64\nversion = [\"/bin/bash\", \"--version\"]\n\
             hello = \"echo hello\"\n[compile]\nargv = [\"/bin/bash\", \"-n\", \"main.sh\"]\n\
             artefacts = [\"main.sh\"]\n[compile.limits]\ncpu = \"10s\"\nwall = \"30s\"\n\
             memory = \"64MiB\"\noutput = \"1MiB\"\nprocesses = 4\nfiles = 64\n\
             [run]\nargv = [\"/bin/bash\", \"main.sh\"]\n",
        ),
    ]);
    fs::remove_file(package.0.join("same/submissions/accepted/same.py")).expect("removed");
    let (code, document, stderr) = verify(&package, &[]);
    assert_eq!(code, Some(0), "{document} {stderr}");
    assert_eq!(document["solutions"][0]["language"], "bash");
}
