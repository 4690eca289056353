//! Every check and every test, in sections, quick ones first; all of them run even when one
//! fails, and the end lists those that did.

mod deploy;
mod layering;
mod promises;
mod report;
mod tidy;
mod tree;

use anyhow::Result;

use self::report::Report;
use crate::{setup, shell, vm};

/// Installs what is needed and runs everything: this is what has to pass.
///
/// # Errors
/// Lists the sections that failed.
pub(crate) fn everything() -> Result<()> {
    setup::everything()?;
    if !shell::is_root() {
        println!("note: not root: the tests that make boxes at full isolation will fail");
    }
    let mut report = Report::default();
    quick_sections(&mut report)?;
    report
        .section("deny", || cargo(&["deny", "--offline", "check", "bans", "licenses", "sources"]));
    report.section("clippy", || {
        cargo(&["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"])
    });
    report.section("docs", || {
        let mut doc = shell::command("cargo", &["doc", "--workspace", "--no-deps", "--locked"]);
        shell::run(doc.args(["--document-private-items"]).env("RUSTDOCFLAGS", "-Dwarnings"))
    });
    // Tests of one crate start binaries of another: the warden, the command itself.
    report.section("build", || cargo(&["build", "--workspace", "--bins", "--locked"]));
    report.section("tests", || cargo(&["nextest", "run", "--workspace", "--locked"]));
    report.section("vm", vm::run);
    report.finish()
}

/// The checks that take seconds; installs nothing but the spelling checker.
///
/// # Errors
/// Lists the sections that failed.
pub(crate) fn quick() -> Result<()> {
    let mut report = Report::default();
    quick_sections(&mut report)?;
    report.finish()
}

fn quick_sections(report: &mut Report) -> Result<()> {
    let tree = tree::Tree::read()?;
    report.section("tidy", || tidy::check(&tree));
    report.section("promises", || promises::check(&tree));
    report.section("layering", layering::check);
    report.section("deploy", deploy::check);
    report.section("typos", || {
        shell::run(&mut shell::command(setup::typos()?, &["--config", ".typos.toml"]))
    });
    report.section("fmt", || cargo(&["fmt", "--all", "--check"]));
    Ok(())
}

fn cargo(args: &[&str]) -> Result<()> {
    shell::run(&mut shell::command("cargo", args))
}
