//! What operators type: a rejudge, looked at and applied; what is unknown; and what logs never say.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;

use crate::support::{Scratch, Up, ended, eventually, json, needs_root, root};

/// The package of the corpus, with another answer to its first test where one is given.
fn package(scratch: &Scratch, answer: Option<&str>) -> PathBuf {
    fn copy(from: &Path, to: &Path) {
        std::fs::create_dir_all(to).expect("a folder");
        for entry in std::fs::read_dir(from).expect("the corpus") {
            let entry = entry.expect("the corpus");
            let target = to.join(entry.file_name());
            if entry.path().is_dir() {
                copy(&entry.path(), &target);
            } else {
                std::fs::copy(entry.path(), target).expect("a file of the corpus");
            }
        }
    }
    let to = scratch.path().join(if answer.is_some() { "wrong" } else { "mended" });
    copy(&root().join("tests/corpus/packages/range-sums"), &to);
    if let Some(answer) = answer {
        std::fs::write(to.join("tests/01.a"), answer).expect("an answer");
    }
    to
}

#[track_caller]
fn push(up: &Up, package: &Path) {
    let push = ["problem", "push", "--unverified", package.to_str().expect("a path in UTF-8")];
    let (code, _, stderr) = ended(&mut up.minos(&push));
    assert_eq!(code, 0, "{stderr}");
}

#[track_caller]
fn judged(up: &Up, source: &Path, id: &str) -> Value {
    let submit = ["submit", "--problem", "range-sums", "--id", id, "--wait", "--json"];
    let (_, stdout, stderr) = ended(up.minos(&submit).arg(source));
    assert!(!stdout.is_empty(), "{stderr}");
    json(&stdout)
}

#[track_caller]
fn latest(up: &Up, id: &str) -> (Value, Value) {
    let (code, stdout, stderr) = ended(&mut up.minos(&["result", id, "--json"]));
    assert_eq!(code, 0, "{stderr}");
    let judgement = json(&stdout);
    (judgement["generation"].clone(), judgement["verdict"].clone())
}

#[test]
fn a_problem_whose_tests_were_wrong_is_rejudged_after_a_look() {
    needs_root();
    let scratch = Scratch::new("rejudge");
    let up = Up::start(&scratch.path().join("up"), 2);
    push(&up, &package(&scratch, Some("16\n5\n4\n")));
    let programs = root().join("tests/tests/e2e/programs");
    for (id, program) in [("r1", "right.py"), ("r2", "right.py"), ("w1", "wrong.py")] {
        assert_eq!(judged(&up, &programs.join(program), id)["verdict"], "WA");
    }
    push(&up, &package(&scratch, None));

    let rejudge = ["rejudge", "--problem", "range-sums", "--json"];
    let (code, stdout, stderr) = ended(&mut up.minos(&rejudge));
    assert_eq!(code, 0, "{stderr}");
    let preview = json(&stdout);
    let expected = serde_json::json!([
        {"old": "WA", "new": "AC", "count": 2}, {"old": "WA", "new": "WA", "count": 1}
    ]);
    let mut matrix = preview["matrix"].as_array().expect("a matrix").clone();
    matrix.sort_by_key(|cell| cell["new"].to_string());
    assert_eq!(Value::from(matrix), expected, "{preview}");
    assert_eq!((&preview["changed"], &preview["applied"]), (&2.into(), &false.into()));
    let first = (Value::from(1), Value::from("WA"));
    assert_eq!(latest(&up, "r1"), first, "a preview counts for nobody");

    let (code, stdout, stderr) = ended(up.minos(&rejudge).arg("--apply"));
    assert_eq!(code, 0, "{stderr}");
    let applied = json(&stdout);
    assert_eq!((&applied["published"], &applied["applied"]), (&3.into(), &true.into()));
    assert_eq!(applied["rejudge"], preview["rejudge"], "what was looked at");
    for (id, verdict) in [("r1", "AC"), ("r2", "AC"), ("w1", "WA")] {
        assert_eq!(latest(&up, id), (2.into(), verdict.into()), "{id}");
    }
}

#[test]
fn what_is_unknown_is_one_line_and_exit_code_2() {
    needs_root();
    let scratch = Scratch::new("unknown");
    let up = Up::start(&scratch.path().join("up"), 1);
    for words in [
        &["result", "nobody"][..],
        &["result", "no.identifier"],
        &["result", "nobody", "--generation", "0"],
        &["cancel", "nobody"],
        &["cancel", "a b"],
        &["dead", "show", "7"],
        &["dead", "retry", "7"],
        &["dead", "drop", "7"],
        &["dead", "show", "x"],
        &["drain", "nobody"],
        &["resume", "nobody"],
        &["rejudge", "--problem", "nothing"],
        &["rejudge", "--problem", "a@xyz"],
    ] {
        let (code, stdout, stderr) = ended(&mut up.minos(words));
        assert_eq!(code, 2, "{words:?}: {stdout:?} {stderr:?}");
        assert_eq!(stderr.trim().lines().count(), 1, "{words:?}: {stderr:?}");
    }
}

#[test]
fn a_log_never_says_what_a_contestant_wrote() {
    needs_root();
    let scratch = Scratch::new("logs");
    let dir = scratch.path().join("up");
    let up = Up::spawn_with(&dir, 2, &[("MINOS_LOG", "trace")]);
    up.wait_until_it_answers();
    push(&up, &package(&scratch, None));
    let mark = "Xyzzy4711";
    let speaks = format!(
        "import sys\nprint('{mark}')\nprint('{mark}', file=sys.stderr)\nraise Exception('{mark}')\n"
    );
    let python = scratch.file("speaks.py", speaks);
    let broken = scratch.file("broken.cpp", format!("#error {mark}\nint main() {{ {mark} }}\n"));
    assert_ne!(judged(&up, &python, "speaks")["verdict"], "AC");
    let compile = judged(&up, &broken, "broken");
    assert_eq!(compile["verdict"], "CE");
    assert!(compile["compile"]["log"].as_str().is_some_and(|log| log.contains(mark)), "{compile}");
    // A message that is no job is told of, and what it says is not.
    let mut nats = crate::nats::Nats::of_directory(&dir);
    nats.publish("jobs.contest.any.default.poison.1", format!("{mark}{{").as_bytes());
    eventually(Duration::from_secs(60), "a verdict on the poison", || {
        let (code, ..) = ended(&mut up.minos(&["result", "poison", "--json"]));
        (code == 0).then_some(())
    });
    let log = up.log();
    assert!(log.contains("speaks") && log.contains("poison"), "no line names them: {log}");
    let line = log.lines().find(|line| line.contains(mark));
    assert_eq!(line, None);
}
