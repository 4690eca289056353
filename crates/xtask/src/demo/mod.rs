//! The demonstration: the whole system on this machine, a problem, and programs that are right,
//! wrong, slow, greedy or hostile, each with the verdict it must get.

mod cluster;
mod table;

use std::thread;

use anyhow::{Context, Result, bail};
use minos_tests::corpus::{self, Program};

use self::cluster::{Client, Cluster};
use self::table::Row;
use crate::{setup, shell};

/// Builds, starts, judges, compares and stops everything.
///
/// # Errors
/// When anything does not start, or a verdict is not the expected one.
pub(crate) fn run() -> Result<()> {
    setup::running()?;
    if !shell::is_root() {
        println!("demo: not root: boxes are made at the isolation level `rootless`");
    }
    println!("demo: building in release mode (the first time takes some minutes)");
    // The whole workspace, as a plain `cargo build --release` has it: nothing is built twice.
    let args = ["build", "--release", "--locked", "--workspace", "--bins"];
    shell::run(&mut shell::command("cargo", &args))?;
    let minos = shell::target().join("release/minos");
    let mut programs = corpus::all()?;
    programs.retain(|program| program.expect.demo);

    let mut cluster = Cluster::start(&minos)?;
    // All programs of the demonstration are judged against this one problem.
    let package = corpus::range_sums();
    println!("demo: minos problem push --unverified {}", package.display());
    shell::run(cluster.client.verb(&["problem", "push", "--unverified"]).arg(&package))?;
    let problem = package.file_name().context("the package has no name")?.to_string_lossy();
    println!("demo: submitting {} programs to {problem}", programs.len());
    let rows = judge(&cluster.client, &problem, &programs)?;
    cluster.stop()?;

    table::print(&rows);
    let wrong = rows.iter().filter(|row| !row.is_as_expected()).count();
    println!("\n{} verdicts as expected, {wrong} not", rows.len() - wrong);
    if wrong > 0 {
        bail!("{wrong} verdicts differ from what is expected");
    }
    Ok(())
}

/// Submits all programs at once and waits for every verdict; rows are in the programs' order.
fn judge(client: &Client, problem: &str, programs: &[Program]) -> Result<Vec<Row>> {
    thread::scope(|scope| {
        let waiting: Vec<_> = programs
            .iter()
            .map(|program| scope.spawn(|| submit(client, problem, program)))
            .collect();
        waiting
            .into_iter()
            .map(|thread| thread.join().unwrap_or_else(|_| bail!("a submitting thread crashed")))
            .collect()
    })
}

fn submit(client: &Client, problem: &str, program: &Program) -> Result<Row> {
    let mut submit = client.verb(&["submit", "--problem", problem]);
    submit.args(["--language", program.expect.language.as_str(), "--wait", "--json"]);
    submit.arg(&program.source);
    let output = submit.output().context("`minos submit` did not start")?;
    // It exits with 1 when the verdict is not AC: what counts is the document.
    serde_json::from_slice(&output.stdout)
        .map(|judgement| Row::new(program, judgement))
        .with_context(|| {
            let said = String::from_utf8_lossy(&output.stderr);
            format!("`minos submit` of {} printed no judgement: {}", program.name, said.trim())
        })
}
