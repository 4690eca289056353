//! What comes from outside and is wrong: one clear line and the exit code that is promised.

use std::path::Path;
use std::process::Command;

use crate::support::{Scratch, binary, ended, minos, needs_root};

/// A small Polygon package, whole; each test spoils one thing.
const MANIFEST: &str = r#"<?xml version="1.0" encoding="utf-8"?>
<problem revision="1" short-name="twice">
  <names><name language="english" value="Twice"/></names>
  <judging><testset name="tests">
    <time-limit>1000</time-limit><memory-limit>67108864</memory-limit><test-count>2</test-count>
    <input-path-pattern>tests/%02d</input-path-pattern>
    <answer-path-pattern>tests/%02d.a</answer-path-pattern>
    <tests><test method="manual"/><test method="manual"/></tests>
  </testset></judging>
  <files><resources/><executables/></files>
  <assets>
    <checker type="testlib"><source path="files/check.cpp" type="cpp.g++17"/></checker>
    <solutions><solution tag="main"><source path="solutions/main.py" type="python.3"/></solution></solutions>
  </assets>
</problem>
"#;

const CHECKER: &str = r#"#include "testlib.h"
int main(int argc, char **argv) {
    registerTestlibCmd(argc, argv);
    if (ouf.readInt() != ans.readInt()) quitf(_wa, "differs");
    quitf(_ok, "same");
}
"#;

/// The package, whole; its problem is `twice`.
pub(crate) fn package(scratch: &Scratch) -> std::path::PathBuf {
    scratch.file("twice/problem.xml", MANIFEST);
    scratch.file("twice/files/check.cpp", CHECKER);
    scratch.file("twice/solutions/main.py", "print(2 * int(input()))\n");
    for (name, content) in [("01", "1\n"), ("01.a", "2\n"), ("02", "5\n"), ("02.a", "10\n")] {
        scratch.file(&format!("twice/tests/{name}"), content);
    }
    scratch.file("ok.py", "print(2 * int(input()))\n");
    scratch.path().join("twice")
}

/// Runs a command of `minos` that must fail: its code, and its one line.
#[track_caller]
fn refused(command: &mut Command, code: i32, words: &[&str]) {
    let (got, stdout, stderr) = ended(command);
    assert_eq!(got, code, "stdout {stdout:?} stderr {stderr:?}");
    let lines: Vec<&str> = stderr.lines().filter(|line| !line.trim().is_empty()).collect();
    assert_eq!(lines.len(), 1, "not one line: {stderr:?}");
    for word in words {
        assert!(stderr.contains(word), "`{word}` is not in {stderr:?}");
    }
    assert!(!stderr.contains("panicked"), "{stderr}");
}

fn judge(package: &Path, source: &Path) -> Command {
    let mut command = minos(&["judge"]);
    command.arg(package).arg(source);
    command
}

#[test]
fn a_whole_package_is_judged() {
    needs_root();
    let scratch = Scratch::new("whole");
    let package = package(&scratch);
    let (code, stdout, stderr) =
        ended(judge(&package, &scratch.path().join("ok.py")).arg("--json"));
    assert_eq!(code, 0, "{stderr}");
    assert_eq!(crate::support::json(&stdout)["verdict"], "AC", "{stdout}");
}

#[test]
fn a_broken_package_is_refused_by_file_and_field() {
    needs_root();
    /// The test's name, how the package is spoiled, what the line must say.
    type Row = (&'static str, fn(&Scratch), &'static [&'static str]);
    let rows: [Row; 5] = [
        ("xml", |s| drop(s.file("twice/problem.xml", "<problem><judging>")), &["problem.xml"]),
        (
            "limit",
            |s| {
                let text = MANIFEST.replace(">1000<", ">fast<");
                s.file("twice/problem.xml", text);
            },
            &["problem.xml", "time-limit", "fast"],
        ),
        (
            "missing-test",
            |s| std::fs::remove_file(s.path().join("twice/tests/02")).expect("it is there"),
            &["tests/02"],
        ),
        (
            "no-manifest",
            |s| std::fs::remove_file(s.path().join("twice/problem.xml")).expect("it is there"),
            &["problem.xml"],
        ),
        (
            "checker",
            |s| drop(s.file("twice/files/check.cpp", "int main() { return nothing; }\n")),
            &["check.cpp", "compile"],
        ),
    ];
    for (name, spoil, words) in rows {
        let scratch = Scratch::new(name);
        let package = package(&scratch);
        spoil(&scratch);
        refused(&mut judge(&package, &scratch.path().join("ok.py")), 2, words);
    }
}

#[test]
fn a_package_that_reaches_outside_itself_is_refused() {
    needs_root();
    let scratch = Scratch::new("outside");
    let package = package(&scratch);
    let link = package.join("tests/02");
    std::fs::remove_file(&link).expect("it is there");
    std::os::unix::fs::symlink("/etc/passwd", &link).expect("a link");
    refused(&mut judge(&package, &scratch.path().join("ok.py")), 2, &["tests/02", "link"]);

    let zip = scratch.path().join("slip.zip");
    let script = "import sys, zipfile\n\
        z = zipfile.ZipFile(sys.argv[1], 'w')\n\
        z.writestr('problem.xml', '<problem/>')\n\
        z.writestr('../outside', 'x')\n\
        z.close()\n";
    let status = Command::new("python3").args(["-c", script]).arg(&zip).status();
    assert!(status.is_ok_and(|status| status.success()), "python3 writes the zip");
    refused(&mut judge(&zip, &scratch.path().join("ok.py")), 2, &["../outside"]);
    assert!(!scratch.path().join("outside").exists());
}

#[test]
fn a_source_that_cannot_be_judged_is_refused() {
    needs_root();
    let scratch = Scratch::new("source");
    let package = package(&scratch);
    let big = scratch.file("big.py", vec![b'#'; 10 << 20]);
    refused(&mut judge(&package, &big), 2, &["big.py", "256 KiB"]);
    let missing = scratch.path().join("missing.py");
    refused(&mut judge(&package, &missing), 2, &["missing.py", "No such file"]);
    let strange = scratch.file("a.xyz", "");
    refused(&mut judge(&package, &strange), 2, &["a.xyz", "--language", "python3"]);
    let ok = scratch.path().join("ok.py");
    refused(judge(&package, &ok).args(["--language", "brainfuck"]), 2, &["brainfuck", "cpp17"]);
    refused(judge(&scratch.path().join("nowhere"), &ok).arg("--json"), 2, &["nowhere"]);
}

#[test]
fn without_namespaces_and_root_it_says_what_is_missing() {
    needs_root();
    // Root of a user namespace that allows no further one, with every capability dropped.
    let script = "echo 0 > /proc/sys/user/max_user_namespaces && \
        exec setpriv --bounding-set=-all --inh-caps=-all \"$@\"";
    let minos = binary("minos");
    let bare = |args: &[&str]| {
        let mut command = Command::new("unshare");
        command
            .args(["--user", "--map-root-user", "sh", "-c", script, "sh"])
            .arg(&minos)
            .args(args);
        command
    };
    refused(&mut bare(&["run", "--", "/bin/true"]), 3, &["namespace"]);
    let (code, stdout, _) = ended(&mut bare(&["run", "--json", "--", "/bin/true"]));
    assert_eq!(code, 3);
    assert_eq!(crate::support::json(&stdout)["cause"]["kind"], "setup", "{stdout}");
}

#[test]
fn without_a_broker_it_says_what_to_type() {
    let scratch = Scratch::new("no-broker");
    let source = scratch.file("a.py", "");
    let source = source.to_str().expect("a path in UTF-8");
    let dir = scratch.path().join("none");
    let dir = dir.to_str().expect("a path in UTF-8");
    let verbs: [&[&str]; 6] = [
        &["submit", "--problem", "p", source],
        &["result", "s1"],
        &["status"],
        &["dead", "list"],
        &["problem", "list"],
        &["drain", "n1"],
    ];
    for verb in verbs {
        refused(minos(verb).args(["--dir", dir]), 3, &["minos up"]);
        refused(
            minos(verb).args(["--nats", "nats://127.0.0.1:1"]),
            3,
            &["127.0.0.1:1", "minos up"],
        );
    }
}

#[test]
fn without_nats_server_it_says_how_to_get_one() {
    let scratch = Scratch::new("no-server");
    let mut up = minos(&["up", "--dir"]);
    up.arg(scratch.path().join("up"))
        .env("PATH", "/nonexistent")
        .env("MINOS_CACHE", scratch.path().join("cache"))
        .env_remove("MINOS_NATS_SERVER");
    refused(&mut up, 3, &["nats-server"]);
}
