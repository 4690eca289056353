//! The whole system on one machine: a round of the corpus, bad messages, and an orderly end.

use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::nats::Nats;
use crate::support::{Scratch, Up, binary, ended, eventually, json, needs_root, root};
use serde_json::Value;

fn push_range_sums(up: &Up) {
    let package = root().join("tests/corpus/packages/range-sums");
    let push = ["problem", "push", "--unverified", package.to_str().expect("a path in UTF-8")];
    let (code, _, stderr) = ended(&mut up.minos(&push));
    assert_eq!(code, 0, "{stderr}");
}

fn submit(up: &Up, source: &Path, language: &str, more: &[&str]) -> Child {
    up.minos(&["submit", "--problem", "range-sums", "--language", language])
        .args(more)
        .arg(source)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("minos submit starts")
}

fn judgement(mut submit: Child) -> (i32, Value) {
    let mut stdout = String::new();
    submit.stdout.take().expect("a pipe").read_to_string(&mut stdout).expect("stdout");
    let mut stderr = String::new();
    submit.stderr.take().expect("a pipe").read_to_string(&mut stderr).expect("stderr");
    let code = submit.wait().expect("it was started here").code().unwrap_or(-1);
    assert!(!stdout.is_empty(), "no judgement: {stderr}");
    (code, json(&stdout))
}

#[test]
fn a_round_of_the_demonstration_gets_the_verdicts_it_must() {
    needs_root();
    let scratch = Scratch::new("round");
    let mut up = Up::start(&scratch.path().join("up"), 2);
    push_range_sums(&up);
    let mut waiting = Vec::new();
    for kind in ["honest", "hostile"] {
        let folder = root().join("tests/corpus").join(kind);
        for entry in std::fs::read_dir(folder).expect("the corpus") {
            let folder = entry.expect("the corpus").path();
            let text = std::fs::read_to_string(folder.join("expect.toml")).expect("expect.toml");
            let expect: toml::Table = text.parse().expect("expect.toml");
            if expect.get("demo").and_then(toml::Value::as_bool) != Some(true) {
                continue;
            }
            let source = std::fs::read_dir(&folder)
                .expect("the corpus")
                .map(|entry| entry.expect("the corpus").path())
                .find(|path| path.file_stem().is_some_and(|stem| stem == "source"))
                .expect("a source");
            let language = expect["language"].as_str().expect("a language").to_owned();
            let verdict = expect["verdict"].as_str().expect("a verdict").to_owned();
            let child = submit(&up, &source, &language, &["--wait", "--json"]);
            waiting.push((folder, verdict, child));
        }
    }
    assert!(waiting.len() >= 20, "only {} programs are marked `demo`", waiting.len());
    let mut differing = Vec::new();
    for (folder, expected, child) in waiting {
        let (code, judgement) = judgement(child);
        if judgement["verdict"] != expected.as_str() {
            differing.push(format!("{}: {expected}, got {judgement}", folder.display()));
        }
        assert_eq!(code == 0, judgement["verdict"] == "AC", "{judgement}");
    }
    assert!(differing.is_empty(), "{}", differing.join("\n"));
    up.signal("TERM");
    assert_eq!(up.wait(Duration::from_secs(30)), 0, "{}", up.log());
}

#[test]
fn a_message_that_is_no_job_is_a_dead_letter_and_holds_up_nobody() {
    needs_root();
    let scratch = Scratch::new("poison");
    let up = Up::start(&scratch.path().join("up"), 2);
    push_range_sums(&up);
    let mut nats = Nats::of_directory(&scratch.path().join("up"));
    nats.publish("jobs.contest.any.default.poison.1", b"this is no job");

    let right = root().join("tests/tests/e2e/programs/right.py");
    let (code, judged) = judgement(submit(&up, &right, "python3", &["--wait", "--json"]));
    assert_eq!((code, &judged["verdict"]), (0, &Value::from("AC")), "{judged}");

    let result = eventually(Duration::from_secs(60), "a verdict on the poison", || {
        let (code, stdout, _) = ended(&mut up.minos(&["result", "poison", "--json"]));
        (code == 0).then(|| json(&stdout))
    });
    assert_eq!(result["verdict"], "JE", "{result}");
    let (code, stdout, stderr) = ended(&mut up.minos(&["dead", "list", "--json"]));
    assert_eq!(code, 0, "{stderr}");
    assert!(stdout.contains("poison"), "{stdout}");
}

#[test]
fn sigterm_finishes_what_is_held_and_a_live_directory_is_not_shared() {
    needs_root();
    let scratch = Scratch::new("drain");
    let dir = scratch.path().join("up");
    let mut up = Up::start(&dir, 1);
    push_range_sums(&up);
    let mut second = crate::support::minos(&["up", "--dir"]);
    let (code, _, stderr) = ended(second.arg(&dir));
    assert_eq!(code, 3, "{stderr}");
    assert_eq!(stderr.lines().count(), 1, "{stderr}");

    let right = root().join("tests/tests/e2e/programs/right.py");
    let child = submit(&up, &right, "python3", &["--id", "held", "--wait", "--json"]);
    eventually(Duration::from_secs(30), "a slot takes it", || {
        let (_, stdout, _) = ended(&mut up.minos(&["result", "held", "--json"]));
        (stdout.contains("testing") || stdout.contains("AC")).then_some(())
    });
    let (_, judged) = judgement(child);
    assert_eq!(judged["verdict"], "AC", "{judged}");
    up.signal("TERM");
    assert_eq!(up.wait(Duration::from_secs(30)), 0, "{}", up.log());
}

#[test]
fn a_short_load_is_accounted_for_to_the_last_submission() {
    needs_root();
    let scratch = Scratch::new("load");
    let dir = scratch.path().join("up");
    let _up = Up::start(&dir, 2);
    let out = scratch.path().join("journal");
    let mut load = Command::new(binary("minos-load"));
    load.args(["run", "--rate", "5/s", "--duration", "4s", "--json", "--threshold", "lost==0"])
        .args(["--dir".as_ref(), dir.as_os_str(), "--out".as_ref(), out.as_os_str()])
        .env_remove("MINOS_NATS_URL");
    let (code, stdout, stderr) = ended(&mut load);
    assert_eq!(code, 0, "{stdout} {stderr}");
    let report = json(&stdout);
    assert_eq!(report["judged"], report["submitted"], "{report}");
    for key in ["lost", "duplicated", "wrong_verdicts", "judge_errors", "refused"] {
        assert_eq!(report[key], 0, "{key}: {report}");
    }
    let journal = std::fs::read_to_string(out.join("journal.jsonl")).expect("the journal");
    let judged = journal.lines().filter(|line| line.contains("\"event\":\"judged\"")).count();
    assert_eq!(report["judged"], judged, "{report}");
}
