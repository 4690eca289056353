//! `minos-load` as a user types it: what is refused, in one line and with what there is instead.

use std::path::Path;
use std::process::{Command, Stdio};

fn minos_load(args: &[&str]) -> (Option<i32>, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_minos-load"))
        .args(args)
        .env_remove("MINOS_NATS_URL")
        .env_remove("MINOS_DIR")
        .stdin(Stdio::null())
        .output()
        .expect("minos-load starts");
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[test]
fn a_run_that_cannot_be_is_refused_by_naming_what_there_is() {
    let dir = tempfile::tempdir().expect("a directory");
    let curve = dir.path().join("bad.curve");
    std::fs::write(&curve, "1 2\nthree\n").expect("a file");
    let mine = dir.path().join("mine");
    std::fs::create_dir_all(mine.join("answer")).expect("a directory");
    std::fs::write(mine.join("answer/source.c"), "int main;").expect("a file");
    let mix = dir.path().join("mix.toml");
    let text = "problem = 'p'\nprograms = 'mine'\n[honest]\nanswer = 1\n";
    std::fs::write(&mix, text).expect("a file");
    std::fs::write(dir.path().join("journal.jsonl"), "").expect("a file");
    let path = |path: &Path| path.to_str().expect("a plain path").to_owned();
    let (curve, mix, taken) = (path(&curve), path(&mix), path(dir.path()));
    let rows: [(&[&str], i32, &str); 19] = [
        (&["--rate", "0/s"], 2, "must be above zero"),
        (&["--rate", "fast"], 2, "20/s"),
        (&["--profile", "lunch"], 2, "last-hour"),
        (&["--profile", &curve], 2, "bad.curve:2: `three` is no rate"),
        (&["--mix", "/nowhere/mix.toml"], 2, "/nowhere/mix.toml"),
        (&["--mix", &mix], 2, "no expect.toml, so nobody knows the right verdict"),
        (&["--threshold", "wait.p99<5"], 2, "wait.p99<5s"),
        (&["--hostile", "120%"], 2, "20%"),
        (&["--drain", "soon"], 2, "500ms"),
        (&["--time-scale", "0"], 2, "0.01"),
        (&["--duration", "0s"], 2, "above zero"),
        (&["--rate", "1/h", "--duration", "1ms"], 2, "leave nothing to send"),
        (&["--rate", "1M/s", "--duration", "1h"], 2, "more than"),
        (&["--storm", "0"], 2, "1..=10000000"),
        (&["--out", &taken], 2, "there is a journal already"),
        (&["--dir", "/nowhere"], 3, "minos up"),
        (&["--nats", "nats://127.0.0.1:1"], 3, "127.0.0.1:1"),
        (&["--mix", "warm", "--dir", "/nowhere"], 3, "minos up"),
        (&["--profile", "icpc-5h", "--mix", "icpc", "--dir", "/nowhere"], 3, "minos up"),
    ];
    for (more, expected, words) in rows {
        let rate: &[&str] = if more.contains(&"--rate") { &[] } else { &["--rate", "1/s"] };
        let args = [&["run"], rate, more].concat();
        let (code, stdout, stderr) = minos_load(&args);
        assert_eq!(code, Some(expected), "{more:?}: {stderr}");
        assert!(stderr.contains(words), "{more:?}: {stderr}");
        assert_eq!((stdout.as_str(), stderr.lines().count()), ("", 1), "{more:?}: {stderr}");
    }
}

#[test]
fn a_report_of_what_is_no_run_is_refused_in_one_line() {
    let dir = tempfile::tempdir().expect("a directory");
    let shown = dir.path().to_str().expect("a plain path");
    let rows: [(Option<&str>, &str); 4] = [
        (None, "not the directory of a run"),
        (Some(""), "nothing was sent"),
        (Some("{\"event\":\"sent\"\n"), "nothing was sent"),
        (Some("x\ny\n"), "journal.jsonl:1: not a record"),
    ];
    for (journal, words) in rows {
        if let Some(text) = journal {
            std::fs::write(dir.path().join("journal.jsonl"), text).expect("a file");
        }
        for args in
            [&["report", shown][..], &["report", shown, "--format", "json"], &["verify", shown]]
        {
            let (code, stdout, stderr) = minos_load(args);
            assert_eq!(code, Some(2), "{args:?}: {stderr}");
            assert!(stderr.contains(words), "{args:?}: {stderr}");
            assert_eq!((stdout.as_str(), stderr.lines().count()), ("", 1), "{args:?}: {stderr}");
        }
    }
    let (code, _, stderr) = minos_load(&["plan", "--rate", "1/s", "--costs", shown]);
    assert_eq!(code, Some(2), "{stderr}");
    assert!(stderr.contains("report.json"), "{stderr}");
}

#[test]
fn every_verb_helps_with_an_example() {
    for verb in ["run", "report", "verify", "plan"] {
        let (code, stdout, _) = minos_load(&[verb, "--help"]);
        assert_eq!(code, Some(0), "{verb}");
        assert!(
            stdout.contains("Example") && stdout.contains(&format!("minos-load {verb}")),
            "{stdout}"
        );
    }
}
