//! The shape of a cluster: a changed `cluster.toml` is told with old and new values before it is
//! applied, and a wrong one is refused with all that is wrong.

use serde_json::{Value, json};

use crate::support::{Scratch, Up, ended, json, minos, needs_root, root};

fn shipped() -> String {
    let file = root().join("cluster-config/cluster.toml");
    std::fs::read_to_string(file).expect("cluster.toml")
}

#[test]
fn what_would_change_is_told_with_old_and_new_values_then_done_then_nothing_is_left() {
    needs_root();
    let scratch = Scratch::new("shape");
    let up = Up::start(&scratch.path().join("up"), 1);
    let init = |file: &str, more: &[&str]| {
        let (code, stdout, stderr) =
            ended(up.minos(&["cluster", "init", "--config", file]).args(more));
        assert_eq!(code, 0, "{stderr}");
        (stdout, stderr)
    };
    let file = scratch.file("before.toml", shipped());
    let before = file.to_str().expect("a path in UTF-8");
    init(before, &[]);
    let text = shipped()
        .replace("weight = 8", "weight = 9")
        .replace("max_deliver = 5", "max_deliver = 6")
        .replace("max_bytes = \"512MiB\"", "max_bytes = \"768MiB\"");
    let file = scratch.file("after.toml", &text);
    let after = file.to_str().expect("a path in UTF-8");

    let differing = |document: &Value| -> Vec<Value> {
        let changes = document["changes"].as_array().expect("a list");
        changes.iter().filter(|change| change["change"] != "none").cloned().collect()
    };
    let setting =
        |setting: &str, old: &str, new: &str| json!({"setting": setting, "old": old, "new": new});
    let update = |what: &str, settings: &[Value]| json!({"what": what, "change": "update", "settings": settings});
    let deliver = setting("max_deliver", "5", "6");
    let expected = [
        update("stream DEAD", &[setting("max_bytes", "512MiB", "768MiB")]),
        update(
            "consumers of lane contest, pool any",
            &[deliver.clone(), setting("weight", "8", "9")],
        ),
        update("consumers of lane practice, pool any", std::slice::from_ref(&deliver)),
        update("consumers of lane rejudge, pool any", &[deliver]),
    ];
    // Telling changes nothing.
    for _again in 0..2 {
        let told = json(&init(after, &["--dry-run", "--json"]).0);
        assert_eq!(differing(&told), expected);
        assert_eq!((&told["applied"], &told["misplaced_jobs"]), (&json!(false), &json!(0)));
    }
    let (stdout, _) = init(after, &["--dry-run"]);
    assert!(stdout.contains("to update: stream DEAD: max_bytes: 512MiB -> 768MiB\n"), "{stdout}");
    let (stdout, stderr) = init(after, &["--json"]);
    assert_eq!(differing(&json(&stdout)), expected);
    assert_eq!(json(&stdout)["applied"], true);
    assert!(stderr.contains("to update: stream DEAD: max_bytes: 512MiB -> 768MiB\n"), "{stderr}");
    assert_eq!(differing(&json(&init(after, &["--json"]).0)), [Value::Null; 0]);

    let text = text.replace("[[lane]]\nname = \"practice\"\nweight = 3\n", "");
    let file = scratch.file("smaller.toml", text);
    let smaller = file.to_str().expect("a path in UTF-8");
    let unused = |document: &str| -> Vec<(Value, Value, Value)> {
        let document = json(document);
        let unused = document["unused"].as_array().expect("a list").iter();
        unused
            .map(|one| (one["lane"].clone(), one["jobs"].clone(), one["removed"].clone()))
            .collect()
    };
    let practice = |removed: bool| [(json!("practice"), json!(0), json!(removed))];
    let (stdout, stderr) = init(smaller, &["--json"]);
    assert_eq!(unused(&stdout), practice(false));
    assert!(stderr.contains("minos cluster init --remove-unused"), "{stderr}");
    assert_eq!(unused(&init(smaller, &["--json", "--remove-unused"]).0), practice(true));
    assert_eq!(unused(&init(smaller, &["--json"]).0), []);
}

#[test]
fn a_wrong_file_is_refused_with_all_its_mistakes_and_their_paths() {
    let scratch = Scratch::new("wrong-shape");
    let cluster = shipped()
        .replace("replicas = 1", "replicas = \"one\"")
        .replace("ack_wait = \"20s\"", "ack_wait = \"20 parsecs\"")
        .replace("max_deliver = 5", "max_delivery = 5");
    let node = "slots = \"two\"\n[cache]\npackages = \"20 parsecs\"\n[judging]\nlonger = \"5m\"\n";
    for (verb, text, paths) in [
        (
            &["cluster", "init", "--check", "--config"][..],
            cluster.as_str(),
            &[
                "replicas: ",
                "delivery.ack_wait: ",
                "delivery.max_deliver: ",
                "delivery.max_delivery: ",
            ][..],
        ),
        (
            &["node", "--check", "--config"][..],
            node,
            &["slots: ", "cache.packages: ", "judging.longer: "][..],
        ),
    ] {
        let file = scratch.file("wrong.toml", text);
        let (code, stdout, stderr) = ended(minos(verb).arg(&file));
        assert_eq!((code, stdout.as_str()), (2, ""), "{stderr}");
        assert_eq!(stderr.trim().lines().count(), 1, "{stderr}");
        for path in paths.iter().chain(&["wrong.toml: "]) {
            assert!(stderr.contains(path), "`{path}` is not in {stderr}");
        }
    }
}
