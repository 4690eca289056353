//! `minos run`, as a user types it: what is refused, and what is reported. Needs root.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::Value;

/// A command of `minos` and what it ended with.
struct Ended {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

fn minos(args: &[&str]) -> Ended {
    let output = Command::new(env!("CARGO_BIN_EXE_minos"))
        .args(args)
        .env("NO_COLOR", "1")
        .stdin(Stdio::null())
        .output()
        .expect("minos starts");
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Ended { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

fn report(args: &[&str]) -> Value {
    let ended = minos(args);
    serde_json::from_str(&ended.stdout)
        .unwrap_or_else(|error| panic!("{error}: {:?} {:?}", ended.stdout, ended.stderr))
}

fn scratch(name: &str) -> PathBuf {
    let dir = std::env::temp_dir().join(format!("minos-run-{}-{name}", std::process::id()));
    std::fs::create_dir_all(&dir).expect("a directory");
    dir
}

#[test]
fn what_cannot_be_run_is_refused_in_one_line() {
    let dir = scratch("refused");
    let plain = dir.join("plain");
    std::fs::write(&plain, "text").expect("a file");
    let (dir, plain) = (dir.to_str().expect("UTF-8"), plain.to_str().expect("UTF-8"));
    let file_below_file = format!("{plain}/x");
    let rows: [(&[&str], &[&str]); 20] = [
        (&["--", "./nowhere"], &["./nowhere", "No such file"]),
        (&["--", "no-such-name"], &["no-such-name", "PATH"]),
        (&["--", dir], &["not a file"]),
        (&["--", plain], &["not executable", "chmod +x"]),
        (&["--cpu", "0s", "--", "true"], &["cpu", "the least is 1 us"]),
        (&["--memory", "0", "--", "true"], &["memory", "512 KiB"]),
        (&["--cpu", "1000h", "--", "true"], &["cpu", "highest"]),
        (&["--processes", "0", "--", "true"], &["processes"]),
        (&["--stdin", "/nowhere", "--", "true"], &["--stdin", "/nowhere"]),
        (&["--bind", "/nowhere:/x", "--", "true"], &["--bind", "/nowhere"]),
        (&["--stdout", "/nowhere/x", "--", "true"], &["--stdout", "/nowhere/x"]),
        (&["--json", "--stdout", "-", "--", "true"], &["--json", "--stdout"]),
        (&["--wall", "0s", "--", "true"], &["wall", "the least is 1 us"]),
        (&["--memory", "2000000GiB", "--", "true"], &["memory"]),
        (&["--output", "18446744073709551616", "--", "true"], &["--output"]),
        (&["--files", "0", "--", "true"], &["files", "4"]),
        (&["--stack", "1", "--", "true"], &["stack", "64 KiB"]),
        (&["--stdin", dir, "--", "true"], &["--stdin", "a directory"]),
        (&["--stdout", dir, "--", "true"], &["--stdout", "directory"]),
        (&["--", &file_below_file], &["Not a directory"]),
    ];
    for (args, words) in rows {
        let ended = minos(&[&["run"], args].concat());
        assert_eq!(ended.code, Some(2), "{args:?}: {}", ended.stderr);
        assert_eq!(ended.stderr.trim_end().lines().count(), 1, "{args:?}: {}", ended.stderr);
        for word in words {
            assert!(ended.stderr.contains(word), "{args:?}: `{word}` not in {}", ended.stderr);
        }
        assert_eq!(ended.stdout, "", "{args:?}");
    }
    std::fs::remove_dir_all(dir).expect("it was made here");
}

#[test]
fn what_is_no_limit_is_refused_with_the_way_to_write_it() {
    for (args, words) in [
        (["--cpu", "2"], "2s"),
        (["--cpu", "-1s"], "--cpu"),
        (["--memory", "lots"], "256MiB"),
        (["--processes", "many"], "--processes"),
        (["--bind", "/tmp"], "HOST:BOX"),
        (["--env", "NAME"], "NAME=VALUE"),
        (["--repeat", "0"], "--repeat"),
    ] {
        let ended = minos(&[&["run"], args.as_slice(), &["--", "true"]].concat());
        assert_eq!(ended.code, Some(2), "{args:?}: {}", ended.stderr);
        assert!(ended.stderr.contains(words), "{args:?}: {}", ended.stderr);
        assert_eq!(ended.stderr.trim_end().lines().count(), 1, "{args:?}: {}", ended.stderr);
    }
}

#[test]
fn the_flags_of_isolate_are_answered_with_ours() {
    for (args, hint) in [
        (["--time", "2"], "did you mean `--cpu 2s`?"),
        (["--mem", "65536"], "did you mean `--memory 65536K`?"),
        (["--wall-time", "3"], "did you mean `--wall 3s`?"),
        (["-x", "0.5"], "did you mean `--wall 0.5s`?"),
        (["-k", "65536"], "did you mean `--stack 65536K`?"),
        (["-M", "m.txt"], "did you mean `--json >m.txt`?"),
        (["--init", "--cg"], "leave it out: every run gets a fresh box"),
        (["--cleanup", "--cg"], "leave it out: a box is gone"),
        (["-b", "3"], "leave it out: every run gets a fresh box"),
        (["--box-id=3", "--cg"], "leave it out: every run gets a fresh box"),
        (["--run", "--cg"], "leave it out: `minos run` is that already"),
        (["-s", "--cg"], "leave it out: nothing is said"),
        (["--cg", "--init"], "leave it out: control groups"),
    ] {
        let ended = minos(&[&["run"], args.as_slice(), &["--", "true"]].concat());
        assert_eq!(ended.code, Some(2), "{args:?}");
        assert!(ended.stderr.contains(hint), "{args:?}: {}", ended.stderr);
        assert_eq!(ended.stderr.lines().count(), 1, "{args:?}: {}", ended.stderr);
    }
}

#[test]
fn help_is_an_answer_and_nonsense_is_not() {
    for verb in ["run", "judge", "up", "submit", "status", "doctor", "bench"] {
        let ended = minos(&[verb, "--help"]);
        assert_eq!(ended.code, Some(0), "{verb}");
        assert!(ended.stdout.contains("Example"), "{verb}: {}", ended.stdout);
    }
    assert_eq!(minos(&[]).code, Some(2));
    assert_eq!(minos(&["frobnicate"]).code, Some(2));
    assert_eq!(minos(&["run"]).code, Some(2));
}

#[test]
fn a_run_is_reported_with_its_cause() {
    let rows: [(&[&str], &str, Value, i32); 6] = [
        (&["--", "true"], "exited", Value::from(0), 0),
        (&["--", "false"], "exited", Value::from(1), 1),
        (&["--", "sh", "-c", "exit 137"], "exited", Value::from(137), 1),
        (&["--", "sh", "-c", "kill -9 $$"], "signalled", Value::Null, 1),
        (&["--cpu", "100ms", "--", "sh", "-c", "while :; do :; done"], "limit", Value::Null, 1),
        (&["--wall", "200ms", "--", "sleep", "5"], "limit", Value::Null, 1),
    ];
    for (args, kind, exit_code, code) in rows {
        let all = [&["run", "--json"], args].concat();
        let ended = minos(&all);
        assert_eq!(ended.code, Some(code), "{args:?}: {}", ended.stderr);
        let report: Value = serde_json::from_str(&ended.stdout).expect("one document");
        assert_eq!(report["cause"]["kind"], kind, "{args:?}: {report}");
        assert_eq!(report["exit_code"], exit_code, "{args:?}: {report}");
        for key in ["signal", "cpu_us", "wall_us", "memory_bytes", "stdout_bytes", "stderr_bytes"] {
            assert!(report.get(key).is_some(), "{key}: {report}");
        }
    }
}

#[test]
fn a_program_outside_the_visible_directories_and_a_large_argument_are_run() {
    let dir = scratch("outside");
    let script = dir.join("say");
    std::fs::write(&script, "#!/bin/sh\necho \"${#1}\"\n").expect("a script");
    let everybody = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(&script, everybody).expect("its mode");
    let out = dir.join("out");
    let large = "x".repeat(100 << 10);
    let mut args = vec!["run", "--stdout", out.to_str().expect("UTF-8"), "--json", "--"];
    args.extend([script.to_str().expect("UTF-8"), large.as_str()]);
    let ended = minos(&args);
    assert_eq!(ended.code, Some(0), "{} {}", ended.stdout, ended.stderr);
    assert_eq!(std::fs::read_to_string(&out).expect("its output"), format!("{}\n", 100 << 10));
    // A megabyte is more than a box takes.
    args.extend([large.as_str(); 10]);
    let ended = minos(&args);
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(2), ""), "{}", ended.stderr);
    assert_eq!(ended.stderr.trim_end().lines().count(), 1, "{}", ended.stderr);
    assert!(ended.stderr.contains("stdin"), "{}", ended.stderr);
    std::fs::remove_dir_all(dir).expect("it was made here");
}

#[test]
fn a_program_that_only_its_owner_may_read_runs_and_such_a_script_is_refused() {
    let dir = scratch("private");
    let (program, script) = (dir.join("program"), dir.join("script"));
    std::fs::copy("/bin/true", &program).expect("a copy");
    std::fs::write(&script, "#!/bin/sh\n").expect("a script");
    for path in [&program, &script] {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o700)).expect("its owner");
    }
    let run = report(&["run", "--json", "--", program.to_str().expect("UTF-8")]);
    assert_eq!(run["exit_code"], 0, "{run}");
    let ended = minos(&["run", "--", script.to_str().expect("UTF-8")]);
    assert_eq!(ended.code, Some(2), "{}", ended.stderr);
    assert!(ended.stderr.contains("chmod o+rx"), "{}", ended.stderr);
    std::fs::remove_dir_all(dir).expect("it was made here");
}

#[test]
fn stderr_is_kept_to_64_kib_in_a_file_too() {
    let dir = scratch("stderr");
    let kept = dir.join("kept");
    let write = "head -c 65537 /dev/zero >&2";
    let args =
        ["run", "--json", "--stderr", kept.to_str().expect("UTF-8"), "--", "sh", "-c", write];
    let run = report(&args);
    assert_eq!(run["flags"], serde_json::json!(["stderr_cut"]), "{run}");
    assert_eq!(run["stderr_bytes"], 65_537, "{run}");
    assert_eq!(std::fs::metadata(&kept).expect("the file").len(), 65_536);
    std::fs::remove_dir_all(dir).expect("it was made here");
}

#[test]
fn streams_environment_and_binds_are_what_was_asked_for() {
    let dir = scratch("streams");
    let file = |name: &str| dir.join(name).to_str().expect("UTF-8").to_owned();
    std::fs::write(file("in"), "5\n").expect("a file");
    let bind = format!("{}:/data", dir.display());
    let (stdin, out, err) = (file("in"), file("out"), file("err"));
    let script = "read n; echo $n $A $HOME; pwd; cat /data/in >&2; echo x > /data/y";
    let report = report(&[
        "run", "--json", "--stdin", &stdin, "--stdout", &out, "--stderr", &err, "--env", "A=b",
        "--bind", &bind, "--", "sh", "-c", script,
    ]);
    assert_eq!(std::fs::read_to_string(&out).expect("stdout"), "5 b /w\n/w\n");
    assert!(std::fs::read_to_string(&err).expect("stderr").starts_with("5\n"));
    assert_ne!(report["exit_code"], 0, "a bind is read-only unless said: {report}");
    assert_eq!(report["stdout_bytes"], 10, "{report}");
    assert!(!dir.join("y").exists());
    std::fs::remove_dir_all(dir).expect("it was made here");
}

#[test]
fn an_argument_of_any_length_is_passed_or_refused_in_one_line() {
    let length = |length: usize| {
        let argument = "x".repeat(length);
        let script = "test ${#1} -gt 1000";
        minos(&["run", "--json", "--", "sh", "-c", script, "sh", &argument])
    };
    // 128 KiB is what the kernel takes in one argument, its end included, and more than a box takes
    // in all together.
    assert_eq!(length(120 << 10).code, Some(0));
    for too_long in [(128 << 10) - 64, (128 << 10) - 1] {
        let ended = length(too_long);
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(2), ""), "{}", ended.stderr);
        assert_eq!(ended.stderr.trim_end().lines().count(), 1, "{}", ended.stderr);
        assert!(ended.stderr.contains("at most 131072"), "{}", ended.stderr);
    }
}

#[test]
fn a_signal_ends_a_run_as_cancelled_and_its_document_is_printed() {
    for signal in ["TERM", "INT"] {
        let dir = scratch(signal);
        let begun = dir.join("begun");
        let bind = format!("{}:/out:rw", dir.display());
        std::fs::set_permissions(&dir, std::fs::Permissions::from_mode(0o777)).expect("its mode");
        let mut child = Command::new(env!("CARGO_BIN_EXE_minos"))
            .args(["run", "--json", "--repeat", "3", "--bind", &bind])
            .args(["--", "sh", "-c", "echo > /out/begun; exec sleep 20"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("minos starts");
        while !begun.exists() {
            assert!(child.try_wait().expect("a child").is_none(), "it ended before it began");
            std::thread::yield_now();
        }
        let kill = format!("kill -s {signal} {}", child.id());
        assert!(Command::new("sh").args(["-c", &kill]).status().expect("sh").success());
        let output = child.wait_with_output().expect("its end");
        assert_eq!(output.status.code(), Some(1), "{signal}");
        let report: Value = serde_json::from_slice(&output.stdout).expect("one document");
        assert_eq!(report["cause"]["kind"], "cancelled", "{report}");
        assert_eq!(report["runs"].as_array().map(Vec::len), None, "there is no run after it");
        std::fs::remove_dir_all(dir).expect("it was made here");
    }
}

#[test]
fn several_runs_are_one_document_and_each_box_is_fresh() {
    let script = "test ! -e left && echo > left";
    let report = report(&["run", "--json", "--repeat", "5", "--", "sh", "-c", script]);
    let runs = report["runs"].as_array().expect("runs");
    assert_eq!(runs.len(), 5);
    assert!(runs.iter().all(|run| run["exit_code"] == 0), "{report}");
    assert_eq!(report["schema"], "minos.run/1");
}
