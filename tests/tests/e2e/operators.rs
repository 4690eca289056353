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
fn result(up: &Up, id: &str) -> Value {
    let (code, stdout, stderr) = ended(&mut up.minos(&["result", id, "--json"]));
    assert_eq!(code, 0, "{stderr}");
    json(&stdout)
}

#[track_caller]
fn latest(up: &Up, id: &str) -> (Value, Value) {
    let judgement = result(up, id);
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
        let compile = &result(&up, id)["compile"];
        assert_eq!(compile["cached"], true, "a rejudge compiles nothing: {compile}");
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
fn a_drained_node_finishes_what_it_holds_and_takes_nothing_and_status_shows_it() {
    needs_root();
    let scratch = Scratch::new("drained");
    let up = Up::start(&scratch.path().join("up"), 1);
    push(&up, &package(&scratch, None));
    let slow = scratch.file("slow.py", "import time\ntime.sleep(2)\n");
    for id in ["held", "next"] {
        let submit = ["submit", "--problem", "range-sums", "--id", id];
        assert_eq!(ended(up.minos(&submit).arg(&slow)).0, 0);
    }
    let status = || json(&ended(&mut up.minos(&["status", "--json"])).1);
    let told = |what: &str, is: &dyn Fn(&Value) -> bool| {
        eventually(Duration::from_secs(60), what, || Some(status()).filter(is))
    };
    let contest = |status: &Value| {
        let lanes = status["lanes"].as_array().expect("lanes");
        lanes.iter().find(|lane| lane["lane"] == "contest").cloned().expect("a lane")
    };
    let verdicts = |status: &Value| -> u64 {
        let recent = status["recent"].as_object().expect("a table");
        recent.values().filter_map(Value::as_u64).sum()
    };
    let busy = told("one is judged, one waits", &|status| {
        let lane = contest(status);
        (&lane["in_flight"], &lane["pending"]) == (&1.into(), &1.into())
            && status["nodes"][0]["busy"] == 1
    });
    assert!(contest(&busy)["oldest_ms"].is_u64(), "{busy}");
    let node = busy["nodes"][0]["node"].as_str().expect("a name").to_owned();
    let (code, stdout, stderr) = ended(&mut up.minos(&["drain", &node]));
    assert_eq!(code, 0, "{stderr}");
    assert!(stdout.contains(&node), "{stdout}");
    let drained = told("what it held is judged, and no more", &|status| {
        let node = &status["nodes"][0];
        node["draining"] == true && node["busy"] == 0 && verdicts(status) == 1
    });
    let lane = contest(&drained);
    assert_eq!((&lane["in_flight"], &lane["pending"]), (&0.into(), &1.into()), "{drained}");
    assert_eq!(
        (&drained["nodes"][0]["ready"], &drained["nodes"][0]["restarts"]),
        (&false.into(), &0.into())
    );
    for page in ["status", "top"] {
        let (_, page, stderr) = ended(&mut up.minos(&[page]));
        for word in
            [&node, "restarts", ", draining", "not ready: drain", "contest", "oldest", "10 min: "]
        {
            assert!(page.contains(word), "no `{word}`: {page} {stderr}");
        }
    }
    assert_eq!(ended(&mut up.minos(&["result", "next", "--json"])).0, 1);
    assert_eq!(ended(&mut up.minos(&["resume", &node])).0, 0);
    told("the other is judged", &|status| verdicts(status) == 2);
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
    let newer = format!(r#"{{"schema":"minos.job/{mark}"}}"#);
    nats.publish("jobs.contest.any.default.newer.1", newer.as_bytes());
    nats.publish("jobs.contest.any.default.poison.1", format!("{mark}{{").as_bytes());
    nats.publish("jobs.contest.any.default.quoted.1", format!("\"{mark}\"").as_bytes());
    // So is a checker that fails, and what it quotes is not.
    let twice = crate::bad_input::package(&scratch);
    let checker = "#include \"testlib.h\"\nint main(int argc, char **argv) {\n\
        registerTestlibCmd(argc, argv);\n\
        quitf(_fail, \"no number: %s\", ouf.readToken().c_str());\n}\n";
    std::fs::write(twice.join("files/check.cpp"), checker).expect("a checker");
    push(&up, &twice);
    let says = scratch.file("says.py", format!("print('{mark}')\n"));
    let submit = ["submit", "--problem", "twice", "--id", "says", "--wait", "--json"];
    let (code, stdout, stderr) = ended(up.minos(&submit).arg(says));
    assert_eq!((code, &json(&stdout)["fault"]), (4, &Value::from("checker")), "{stderr}");
    for id in ["poison", "quoted"] {
        eventually(Duration::from_secs(60), "a verdict on what is no job", || {
            let (code, ..) = ended(&mut up.minos(&["result", id, "--json"]));
            (code == 0).then_some(())
        });
    }
    let (_, letters, _) = ended(&mut up.minos(&["dead", "list"]));
    assert_eq!(letters.matches(mark).count(), 2, "dead letters have the words: {letters}");
    let log = up.log();
    for id in ["speaks", "newer", "poison", "quoted", "says"] {
        assert!(log.contains(id), "no line names {id}: {log}");
    }
    let line = log.lines().find(|line| line.contains(mark));
    assert_eq!(line, None);
}
