//! What happens to submissions when everything is killed at once.

use std::collections::HashMap;
use std::time::Duration;

use crate::nats::Nats;
use crate::support::{Scratch, Up, ended, eventually, json, needs_root, output, root};

/// How many submissions are on their way when the power goes.
const SUBMISSIONS: usize = 50;

/// Sources with the verdicts they must get, cheap enough for fifty of them.
const PROGRAMS: [(&str, &str, &str); 3] = [
    ("right.py", "AC", include_str!("programs/right.py")),
    ("wrong.py", "WA", include_str!("programs/wrong.py")),
    ("crash.py", "RTE", include_str!("programs/crash.py")),
];

#[test]
fn killed_in_the_middle_of_fifty_submissions_every_one_gets_its_one_verdict() {
    needs_root();
    let scratch = Scratch::new("crash");
    let dir = scratch.path().join("up");
    let up = Up::start(&dir, 2);
    let package = root().join("tests/corpus/packages/range-sums");
    let push = ["problem", "push", "--unverified", package.to_str().expect("a path in UTF-8")];
    let (code, _, stderr) = ended(&mut up.minos(&push));
    assert_eq!(code, 0, "{stderr}");

    let mut expected = HashMap::new();
    for index in 0..SUBMISSIONS {
        let (name, verdict, text) = PROGRAMS[index % PROGRAMS.len()];
        let source = scratch.file(name, text);
        let id = format!("s{index}");
        let submit = ["submit", "--problem", "range-sums", "--id", &id];
        let (code, _, stderr) = ended(up.minos(&submit).arg(&source));
        assert_eq!(code, 0, "{stderr}");
        expected.insert(id, verdict);
    }
    let judged = |up: &Up, id: &str| {
        let (code, stdout, _) = ended(&mut up.minos(&["result", id, "--json"]));
        (code == 0).then(|| json(&stdout))
    };
    eventually(Duration::from_secs(60), "the first verdict", || judged(&up, "s0"));
    let pending = output(&mut up.minos(&["result", "s49"])).status.code();
    assert_eq!(pending, Some(1), "all were judged before the power went; send more");
    up.kill_everything();

    let mut up = Up::start(&dir, 2);
    for (id, verdict) in &expected {
        let judgement =
            eventually(Duration::from_secs(150), &format!("verdict on {id}"), || judged(&up, id));
        assert_eq!(judgement["verdict"], *verdict, "{id}: {judgement}");
    }
    let mut nats = Nats::of_directory(&dir);
    assert_eq!(nats.messages("RESULTS"), SUBMISSIONS as u64, "one verdict each, no more");
    eventually(Duration::from_secs(30), "the queue is empty", || {
        (nats.messages("JOBS") == 0).then_some(())
    });
    up.signal("TERM");
    assert_eq!(up.wait(Duration::from_secs(30)), 0, "{}", up.log());
}
