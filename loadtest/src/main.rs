//! The `minos-load` command: open-loop replay of bursts against a running minos, with a ledger of
//! what was promised to every submission and what became of it.
//!
//! [`run`] draws a plan, sends it and writes a journal; [`record`] is the journal read back, and
//! [`report`] is made from it alone. [`verify`] finishes the accounting of a killed run, and
//! [`plan`] says what a cluster must be for a load, from the costs a run measured.

#![forbid(unsafe_code)]

mod args;
mod corpus;
mod curve;
mod journal;
mod label;
mod machine;
mod num;
mod plan;
mod processes;
mod profile;
mod rate;
mod record;
mod report;
mod run;
mod schedule;
mod threshold;
mod verify;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;
use clap::error::ErrorKind;

use args::{Cli, Verb};

/// A verb that could not be done, with its exit code.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Wrong usage or invalid input.
    Input(anyhow::Error),
    /// No broker, no problem, no disk.
    Environment(anyhow::Error),
}

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    let done = match &cli.verb {
        Verb::Run(args) => run::run(args),
        Verb::Report(args) => report::write(args),
        Verb::Verify(args) => verify::run(args),
        Verb::Plan(args) => plan::run(args),
    };
    match done {
        Ok(good) => ExitCode::from(u8::from(!good)),
        Err(failure) => {
            let (code, error) = match failure {
                Failure::Input(error) => (2, error),
                Failure::Environment(error) => (3, error),
            };
            note(&format!("minos-load: {error:#}"));
            ExitCode::from(code)
        }
    }
}

/// Help and version are answers, also where no verb is given; a mistake is one line.
fn usage(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() || error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        drop(error.print());
    } else {
        let text = error.to_string();
        let said = text.trim_start_matches("error: ").lines();
        let said =
            said.take_while(|line| !line.starts_with("Usage:") && !line.starts_with("For more"));
        let said: Vec<&str> = said.map(str::trim).filter(|line| !line.is_empty()).collect();
        note(&format!("minos-load: {} (try --help)", said.join(" ")));
    }
    ExitCode::from(if error.use_stderr() { 2 } else { 0 })
}

/// Prints one line of news on stderr; news may be lost.
pub(crate) fn note(line: &str) {
    let mut stderr = io::stderr().lock();
    drop(writeln!(stderr, "{line}"));
}

/// Prints the answer on stdout; a reader that has left is no failure.
pub(crate) fn say(text: &str) {
    let mut stdout = io::stdout().lock();
    drop(writeln!(stdout, "{text}"));
}
