//! What comes through the queue and is wrong, or finds something wrong: each message ends as a dead
//! letter with its reason and a JE, and holds up nobody.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};

use crate::nats::Nats;
use crate::support::{Scratch, Up, ended, eventually, json, needs_root, root};

/// How long a job may take that is handed back a few times before it is buried.
const PATIENCE: Duration = Duration::from_secs(90);

#[track_caller]
fn push(up: &Up) -> Value {
    let package = root().join("tests/corpus/packages/range-sums");
    let package = package.to_str().expect("a path in UTF-8");
    let push = ["problem", "push", "--unverified", "--json", package];
    let (code, stdout, stderr) = ended(&mut up.minos(&push));
    assert_eq!(code, 0, "{stderr}");
    json(&stdout)["state"].clone()
}

fn right() -> PathBuf {
    root().join("tests/tests/e2e/programs/right.py")
}

#[track_caller]
fn submit(up: &Up, source: &Path, id: &str) -> Value {
    let submit = ["submit", "--problem", "range-sums", "--id", id, "--wait", "--json"];
    let (_, stdout, stderr) = ended(up.minos(&submit).arg(source));
    assert!(!stdout.is_empty(), "{stderr}");
    json(&stdout)
}

/// The verdict on a submission, waited for.
#[track_caller]
fn verdict(up: &Up, id: &str) -> Value {
    eventually(PATIENCE, &format!("a verdict on {id}"), || {
        let (code, stdout, _) = ended(&mut up.minos(&["result", id, "--json"]));
        (code == 0).then(|| json(&stdout))
    })
}

#[track_caller]
fn letters(up: &Up) -> Vec<Value> {
    let (code, stdout, stderr) = ended(&mut up.minos(&["dead", "list", "--json"]));
    assert_eq!(code, 0, "{stderr}");
    json(&stdout)["letters"].as_array().expect("a list").clone()
}

/// Stops the one node from pulling, or lets it pull again, and waits until it says so.
#[track_caller]
fn rest(up: &Up, rests: bool) {
    let node = || {
        let (code, stdout, stderr) = ended(&mut up.minos(&["status", "--json"]));
        assert_eq!(code, 0, "{stderr}");
        json(&stdout)["nodes"][0].clone()
    };
    let name = node()["node"].as_str().expect("a name").to_owned();
    let verb = if rests { "drain" } else { "resume" };
    let (code, _, stderr) = ended(&mut up.minos(&[verb, &name]));
    assert_eq!(code, 0, "{stderr}");
    eventually(PATIENCE, verb, || (node()["draining"] == rests).then_some(()));
}

#[test]
fn each_bad_job_ends_with_its_reason_and_a_je_and_holds_up_nobody() {
    needs_root();
    let scratch = Scratch::new("bad-jobs");
    let dir = scratch.path().join("up");
    let up = Up::start(&dir, 2);
    push(&up);
    let job = |change: Value| {
        let mut job = json!({"schema": "minos.job/1", "problem": "range-sums",
            "language": "python3", "source": "print(1)"});
        for (key, value) in change.as_object().expect("a table") {
            job[key] = value.clone();
        }
        job.to_string().into_bytes()
    };
    /// Submission, message, reason, what the dead letter says, whose fault it is.
    type Row = (&'static str, Vec<u8>, &'static str, &'static str, &'static str);
    let rows: Vec<Row> = vec![
        ("no-text", vec![0xff, 0xfe, 0], "undecodable", "line 1", "broker"),
        ("no-table", b"[1, 2]".to_vec(), "undecodable", "line 1", "broker"),
        ("cut", job(json!({}))[..40].to_vec(), "undecodable", "EOF", "broker"),
        ("no-schema", job(json!({"schema": null})), "undecodable", "minos.job/1", "broker"),
        ("other-schema", job(json!({"schema": "a.b/1"})), "undecodable", "minos.job/1", "broker"),
        ("bad-type", job(json!({"source": 5})), "undecodable", "source", "broker"),
        ("no-source", job(json!({"source": null})), "undecodable", "source: missing", "broker"),
        ("bad-name", job(json!({"problem": "a b"})), "undecodable", "problem", "broker"),
        ("bad-language", job(json!({"language": "c\n\u{1b}[2J"})), "undecodable", "lang", "broker"),
        (
            "large",
            job(json!({"source": "x".repeat((256 << 10) + 1)})),
            "undecodable",
            "262145",
            "broker",
        ),
        ("gone", job(json!({"problem": "nowhere"})), "unknown-problem", "nowhere", "package"),
        ("strange", job(json!({"language": "intercal"})), "unknown-language", "intercal", "node"),
    ];
    let mut nats = Nats::of_directory(&dir);
    // A newer node may read this one: it waits, and is in nobody's way.
    nats.publish("jobs.contest.any.default.newer.1", &job(json!({"schema": "minos.job/2"})));
    for (id, body, ..) in &rows {
        nats.publish(&format!("jobs.contest.any.default.{id}.1"), body);
    }
    let judged = submit(&up, &right(), "good");
    assert_eq!(judged["verdict"], "AC", "{judged}");
    for (id, _, reason, says, fault) in &rows {
        let judged = verdict(&up, id);
        assert_eq!((&judged["verdict"], &judged["fault"]), (&json!("JE"), &json!(fault)), "{id}");
        let letters = letters(&up);
        let letter = letters.iter().find(|letter| letter["submission"] == *id);
        let letter = letter.unwrap_or_else(|| panic!("{id} is not among {letters:#?}"));
        assert_eq!(letter["reason"], *reason, "{letter}");
        let message = letter["message"].as_str().expect("a message");
        assert!(message.contains(says), "{id}: {message}");
        assert!(!message.contains(char::is_control), "{id}: {message:?}");
    }
    let (code, stdout, stderr) = ended(&mut up.minos(&["result", "newer", "--json"]));
    assert_eq!((code, &json(&stdout)["verdict"]), (1, &Value::Null), "{stdout} {stderr}");
    assert_eq!(letters(&up).len(), rows.len());
}

#[test]
fn a_package_that_is_corrupt_or_not_whole_in_the_store_is_a_je_until_it_is_pushed_again() {
    needs_root();
    let scratch = Scratch::new("corrupt");
    let dir = scratch.path().join("up");
    let up = Up::start(&dir, 1);
    // A node that rests fetches nothing, else it may have the package before the store is damaged.
    rest(&up, true);
    assert_eq!(push(&up), "new");
    let mut nats = Nats::of_directory(&dir);
    let last = br#"{"last_by_subj":"$O.PKG.C.>"}"#;
    for (id, instead, said) in [
        ("lost", None, "is damaged"),
        ("early", Some(b"what a broken disk gives back"), "is damaged"),
    ] {
        let chunk = nats.request_with("$JS.API.STREAM.MSG.GET.OBJ_PKG", last);
        let (subject, sequence) = (&chunk["message"]["subject"], &chunk["message"]["seq"]);
        let subject = subject.as_str().unwrap_or_else(|| panic!("no chunk: {chunk}"));
        let delete = json!({"seq": sequence}).to_string();
        nats.request_with("$JS.API.STREAM.MSG.DELETE.OBJ_PKG", delete.as_bytes());
        if let Some(bytes) = instead {
            nats.publish(subject, bytes);
        }
        rest(&up, false);
        let judged = submit(&up, &right(), id);
        assert_eq!((&judged["verdict"], &judged["fault"]), (&json!("JE"), &json!("package")));
        let letters = letters(&up);
        let letter = letters.iter().find(|letter| letter["submission"] == id);
        let letter = letter.unwrap_or_else(|| panic!("{id} is not among {letters:#?}"));
        assert_eq!(letter["reason"], "package", "{letter}");
        let message = letter["message"].as_str().expect("a message");
        assert!(message.contains("range-sums") && message.contains(said), "{message}");
        rest(&up, true);
        assert_eq!(push(&up), "replaced");
        assert_eq!(push(&up), "already-there");
    }
    rest(&up, false);
    let letters = letters(&up);
    let letter = letters.iter().find(|letter| letter["submission"] == "early");
    let number = letter.expect("the letter of the second")["number"].to_string();
    let (code, _, stderr) = ended(&mut up.minos(&["dead", "retry", &number]));
    assert_eq!(code, 0, "{stderr}");
    let again = verdict(&up, "early");
    assert_eq!((&again["verdict"], &again["generation"]), (&json!("AC"), &json!(2)), "{again}");
}
