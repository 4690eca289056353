//! The load generator: killed, and taken up from its journal.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::support::{Scratch, Up, binary, ended, eventually, json, minos, needs_root};

fn load(verb: &str) -> Command {
    let mut load = Command::new(binary("minos-load"));
    load.arg(verb).env_remove("MINOS_NATS_URL").stdin(Stdio::null());
    load
}

fn facts(journal: &Path, event: &str) -> usize {
    let text = std::fs::read_to_string(journal).unwrap_or_default();
    let event = format!("\"event\":\"{event}\"");
    text.lines().filter(|line| line.contains(&event)).count()
}

#[test]
fn a_killed_generator_is_accounted_for_from_its_journal() {
    needs_root();
    let scratch = Scratch::new("load-killed");
    let dir = scratch.path().join("up");
    let _up = Up::start(&dir, 2);
    let out = scratch.path().join("run");
    // Programs whose verdict no slow machine changes.
    let mix = scratch.path().join("mix.toml");
    let programs = "problem = \"range-sums\"\n[honest]\nsums-c = 1\nwrong-prints-zeros = 1\n";
    std::fs::write(&mix, programs).expect("a file");
    let mut run = load("run")
        .args(["--rate", "10/s", "--duration", "10m", "--hostile", "0%"])
        .args(["--dir".as_ref(), dir.as_os_str(), "--out".as_ref(), out.as_os_str()])
        .args(["--mix".as_ref(), mix.as_os_str()])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("minos-load starts");
    let journal = out.join("journal.jsonl");
    eventually(Duration::from_secs(120), "some verdicts", || {
        (facts(&journal, "judged") >= 10).then_some(())
    });
    run.kill().expect("it runs");
    run.wait().expect("it was started here");
    let stored = facts(&journal, "sent");
    let mut cut = std::fs::OpenOptions::new().append(true).open(&journal).expect("the journal");
    cut.write_all(b"{\"event\":\"se").expect("the journal");
    drop(cut);

    let mut verify = load("verify");
    verify.arg(&out).arg("--json").args(["--dir".as_ref(), dir.as_os_str()]);
    let (code, stdout, stderr) = ended(&mut verify);
    assert_eq!(code, 0, "{stdout} {stderr}");
    let report = json(&stdout);
    for key in ["lost", "outstanding", "duplicated", "unexpected", "wrong_verdicts"] {
        assert_eq!(report[key], 0, "{key}: {report}");
    }
    assert_eq!(report["judged"], report["submitted"], "{report}");
    let submitted = usize::try_from(report["submitted"].as_u64().expect("a count"));
    assert!(submitted.expect("a small count") >= stored, "{report}");

    let page = scratch.path().join("report.html");
    let mut html = load("report");
    let (code, _, stderr) = ended(html.arg(&out).arg("-o").arg(&page));
    assert_eq!(code, 0, "{stderr}");
    let page = std::fs::read_to_string(page).expect("the page");
    assert!(page.contains("taken up by") && page.contains("cut in the middle"), "{page}");
}

#[test]
fn what_still_waits_at_the_end_of_a_run_is_outstanding_and_not_lost() {
    needs_root();
    let scratch = Scratch::new("load-outstanding");
    let dir = scratch.path().join("up");
    let _up = Up::start(&dir, 1);
    let at = |mut command: Command| {
        command.args(["--dir".as_ref(), dir.as_os_str()]);
        ended(&mut command)
    };
    let (_, status, _) = at(minos(&["status", "--json"]));
    let node = json(&status)["nodes"][0]["node"].as_str().expect("a node").to_owned();
    let (code, _, stderr) = at(minos(&["drain", &node]));
    assert_eq!(code, 0, "{stderr}");
    let out = scratch.path().join("run");
    let mut run = load("run");
    run.args(["--rate", "20/s", "--duration", "1s", "--hostile", "0%", "--drain", "100ms"]);
    run.arg("--json").arg("--out").arg(&out);
    let (code, stdout, stderr) = at(run);
    assert_eq!(code, 1, "{stdout} {stderr}");
    let report = json(&stdout);
    assert!(report["submitted"].as_u64() > Some(0), "{report}");
    assert_eq!(report["outstanding"], report["submitted"], "{report}");
    assert_eq!((&report["lost"], &report["judged"]), (&0.into(), &0.into()), "{report}");
    let (code, _, stderr) = at(minos(&["resume", &node]));
    assert_eq!(code, 0, "{stderr}");
    let mut verify = load("verify");
    verify.arg(&out).arg("--json");
    let (code, stdout, stderr) = at(verify);
    assert_eq!(code, 0, "{stdout} {stderr}");
    assert_eq!(json(&stdout)["judged"], report["submitted"], "{stdout}");
}
