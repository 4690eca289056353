//! `minos-load` as a user types it: what is refused, in one line and with what there is instead.

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
fn what_does_not_exist_is_refused_by_naming_what_does() {
    let rows: [(&[&str], i32, &str); 8] = [
        (&["--profile", "flash"], 2, "there is `steady`"),
        (&["--mix", "warm"], 2, "there is `demo`"),
        (&["--mix", "/nowhere/mix.toml"], 2, "/nowhere/mix.toml"),
        (&["--threshold", "wait.p99<5"], 2, "wait.p99<5s"),
        (&["--hostile", "120%"], 2, "20%"),
        (&["--drain", "soon"], 2, "500ms"),
        (&["--dir", "/nowhere"], 3, "minos up"),
        (&["--nats", "nats://127.0.0.1:1"], 3, "127.0.0.1:1"),
    ];
    for (more, expected, words) in rows {
        let args = [&["run", "--rate", "1/s", "--duration", "5s"], more].concat();
        let (code, stdout, stderr) = minos_load(&args);
        assert_eq!(code, Some(expected), "{more:?}: {stderr}");
        assert!(stderr.contains(words), "{more:?}: {stderr}");
        assert_eq!(stdout, "", "{more:?}");
    }
    let (code, _, stderr) = minos_load(&["run", "--rate", "fast", "--duration", "5s"]);
    assert_eq!(code, Some(2));
    assert!(stderr.contains("20/s"), "{stderr}");
    let (code, stdout, _) = minos_load(&["run", "--help"]);
    assert_eq!(code, Some(0));
    assert!(stdout.contains("Examples"), "{stdout}");
}
