//! Tells a program which commit it was built from.

use std::path::Path;
use std::process::Command;

/// As `MINOS_COMMIT`, where git knows or whoever builds it says so in that variable.
pub(crate) fn tell() {
    let git = |args: &[&str]| {
        let output = Command::new("git").args(args).output().ok()?;
        let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        (output.status.success() && !text.is_empty()).then_some(text)
    };
    // Written at each commit, so that the name does not grow old.
    if let Some(log) = git(&["rev-parse", "--git-path", "logs/HEAD"])
        && Path::new(&log).is_file()
    {
        println!("cargo::rerun-if-changed={log}");
    }
    println!("cargo::rerun-if-env-changed=MINOS_COMMIT");
    let given = std::env::var("MINOS_COMMIT").ok().filter(|commit| !commit.is_empty());
    if let Some(commit) = given.or_else(|| git(&["rev-parse", "--short=12", "HEAD"])) {
        println!("cargo::rustc-env=MINOS_COMMIT={commit}");
    }
}
