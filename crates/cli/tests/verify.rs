//! `minos verify`, as a user types it. Needs what boxes need, and gcc.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

/// A package of two tests that adds two numbers; `tags` are those of the right and of the wrong
/// solution.
fn package(name: &str, tags: [&str; 2], validator: &str) -> PathBuf {
    let dir = std::env::temp_dir().join(format!("minos-verify-{}-{name}", std::process::id()));
    for folder in ["tests", "solutions", "files"] {
        fs::create_dir_all(dir.join(folder)).expect("a directory");
    }
    let put = |path: &str, text: &str| fs::write(dir.join(path), text).expect("a file");
    put("tests/01", "1 2\n");
    put("tests/02", "-5 3\n");
    put("files/val.py", validator);
    let program = |sum: &str| {
        format!(
            "#include <stdio.h>\nint main(void) {{ int a, b; scanf(\"%d %d\", &a, &b); \
             printf(\"%d\\n\", {sum}); return 0; }}\n"
        )
    };
    put("solutions/right.c", &program("a + b"));
    put("solutions/wrong.c", &program("a < 0 ? b : a + b"));
    put(
        "problem.xml",
        &format!(
            r#"<?xml version="1.0" encoding="utf-8" standalone="no"?>
<problem revision="1" short-name="sum">
  <names><name language="english" value="Sum"/></names>
  <judging input-file="" output-file=""><testset name="tests">
    <time-limit>1000</time-limit><memory-limit>67108864</memory-limit><test-count>2</test-count>
    <input-path-pattern>tests/%02d</input-path-pattern>
    <answer-path-pattern>tests/%02d.a</answer-path-pattern>
    <tests><test method="manual" sample="true"/><test method="manual"/></tests>
  </testset></judging>
  <files><executables/></files>
  <assets>
    <checker name="std::ncmp.cpp" type="testlib"/>
    <validators><validator><source path="files/val.py" type="python.3"/></validator></validators>
    <solutions>
      <solution tag="main"><source path="solutions/right.c" type="c.gcc"/></solution>
      <solution tag="{}"><source path="solutions/right.c" type="c.gcc"/></solution>
      <solution tag="{}"><source path="solutions/wrong.c" type="c.gcc"/></solution>
    </solutions>
  </assets>
</problem>
"#,
            tags[0], tags[1]
        ),
    );
    dir
}

const LENIENT: &str = "print(end='')\n";
const STRICT: &str = "import sys\nsys.exit(0 if int(input().split()[0]) > 0 else 3)\n";

fn verify(package: &Path, args: &[&str]) -> (Option<i32>, String, String) {
    let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("cache");
    let output = Command::new(env!("CARGO_BIN_EXE_minos"))
        .arg("verify")
        .arg(package)
        .args(args)
        .env("NO_COLOR", "1")
        .env("MINOS_CACHE", cache)
        .stdin(Stdio::null())
        .output()
        .expect("minos starts");
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[test]
fn a_package_that_is_what_it_says_verifies_with_a_matrix() {
    let package = package("right", ["accepted", "wrong-answer"], LENIENT);
    let (code, stdout, stderr) = verify(&package, &[]);
    assert_eq!(code, Some(0), "{stdout}{stderr}");
    for words in ["right.c", "wrong.c", "AC ", "WA ", "3 of 3 solutions are as they say"] {
        assert!(stdout.contains(words), "{words}: {stdout}");
    }
    let (code, stdout, stderr) = verify(&package, &["--json"]);
    let document: Value = serde_json::from_str(&stdout).expect("one document");
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
    assert_eq!(document["schema"], "minos.verify/1");
    assert_eq!(document["ok"], true);
    assert_eq!(document["tests"], serde_json::json!(["01", "02"]));
    let wrong = &document["solutions"][2];
    assert_eq!((&wrong["verdict"], &wrong["label"]), (&"WA".into(), &"wrong-answer".into()));
    assert_eq!(wrong["tests"][0]["verdict"], "AC");
    fs::remove_dir_all(package).expect("removed");
}

#[test]
fn a_tag_that_is_contradicted_and_an_input_that_is_invalid_are_named() {
    for (name, tags, validator, said) in [
        ("tag", ["accepted", "accepted"], LENIENT, "wrong.c  tag accepted: test 02 is WA"),
        ("right-tag", ["wrong-answer", "wrong-answer"], LENIENT, "right.c  tag wrong-answer"),
        ("input", ["accepted", "wrong-answer"], STRICT, "test 02  validator val rejects the input"),
    ] {
        let package = package(name, tags, validator);
        let (code, stdout, stderr) = verify(&package, &[]);
        assert_eq!(code, Some(1), "{name}: {stdout}{stderr}");
        assert!(stdout.contains(said), "{name}: {stdout}");
        fs::remove_dir_all(package).expect("removed");
    }
}

#[test]
fn what_is_no_package_is_an_input_error() {
    let (code, stdout, stderr) = verify(Path::new("/nowhere"), &["--json"]);
    assert_eq!((code, stdout.as_str()), (Some(2), ""));
    assert!(stderr.contains("/nowhere"), "{stderr}");
}

#[test]
fn a_validator_that_does_not_compile_is_an_input_error_and_a_case_without_its_file_is_found() {
    let tags = ["accepted", "wrong-answer"];
    let broken = package("broken", tags, "def");
    let (code, stdout, stderr) = verify(&broken, &[]);
    assert_eq!(code, Some(2), "{stdout}{stderr}");
    assert!(stdout.contains("validator: val.py does not compile"), "{stdout}");
    fs::remove_dir_all(broken).expect("removed");

    let lost = package("lost", tags, LENIENT);
    let manifest = lost.join("problem.xml");
    let text = fs::read_to_string(&manifest).expect("a manifest");
    let pattern = |name: &str, ending: &str| {
        format!("<{name}-path-pattern>files/checker-tests/%02d{ending}</{name}-path-pattern>")
    };
    let (input, output, answer) =
        (pattern("input", ""), pattern("output", ".o"), pattern("answer", ".a"));
    let checker = format!(
        "<checker name=\"std::ncmp.cpp\" type=\"testlib\"><testset><test-count>1</test-count>{input}\
         {output}{answer}<tests><test verdict=\"ok\"/></tests></testset></checker>"
    );
    let plain = "<checker name=\"std::ncmp.cpp\" type=\"testlib\"/>";
    fs::write(&manifest, text.replace(plain, &checker)).expect("a manifest");
    let (code, stdout, stderr) = verify(&lost, &[]);
    assert_eq!(code, Some(1), "{stdout}{stderr}");
    let said = "checker test 1  the package holds no file `files/checker-tests/01`";
    assert!(stdout.contains(said), "{stdout}");
    fs::remove_dir_all(lost).expect("removed");
}

#[test]
fn a_solution_that_has_to_fail_is_judged_on_all_tests_where_there_are_scores() {
    for (points, second, score) in [
        (["", ""], "SK", Value::Null),
        (["points=\"3.5\"", "points=\"6.25\""], "AC", serde_json::json!(6.25)),
    ] {
        let package = package("scores", ["accepted", "rejected"], LENIENT);
        fs::write(package.join("tests/01"), "-5 3\n").expect("a file");
        fs::write(package.join("tests/02"), "1 2\n").expect("a file");
        let manifest = package.join("problem.xml");
        let text = fs::read_to_string(&manifest).expect("a manifest");
        let [one, two] = points;
        let tests = format!("<test method=\"manual\" {one}/><test method=\"manual\" {two}/>");
        let text = text
            .replace("<test method=\"manual\" sample=\"true\"/><test method=\"manual\"/>", &tests);
        fs::write(&manifest, text).expect("a manifest");
        let (code, stdout, stderr) = verify(&package, &["--json"]);
        assert_eq!(code, Some(0), "{stdout}{stderr}");
        let document: Value = serde_json::from_str(&stdout).expect("one document");
        let wrong = &document["solutions"][2];
        assert_eq!(wrong["tests"][1]["verdict"], second, "{wrong}");
        assert_eq!(wrong["score"]["points"], score, "{wrong}");
        fs::remove_dir_all(package).expect("removed");
    }
}
