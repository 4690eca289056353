//! The `minos` command: every verb, thin. Judging lives in `minos-judge`, boxes in
//! `minos-sandbox`, streams in `minos-queue`, actors in `minos-node`.

#![forbid(unsafe_code)]

mod args;
mod broker;
mod console;
mod exit;
mod values;
mod verbs;

use std::process::ExitCode;

use clap::Parser;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use args::{Cli, Verb};
use console::Console;
use exit::{Exit, Outcome};

fn main() -> ExitCode {
    // The hidden verb comes before anything else: a warden allocates and prints nothing of ours.
    minos_sandbox::announce_warden_verb();
    let console = Console::detect();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage(console, &error),
    };
    minos_node::built_from(option_env!("MINOS_COMMIT").unwrap_or("unknown"));
    match dispatch(console, cli.verb) {
        Ok(exit) => exit.into(),
        Err(failure) => {
            console.note(&format!("minos: {failure}"));
            failure.exit().into()
        }
    }
}

fn dispatch(console: Console, verb: Verb) -> Outcome {
    match verb {
        Verb::Run(args) => verbs::run::run(console, &args),
        Verb::Judge(args) => verbs::judge::run(console, &args),
        Verb::Verify(args) => verbs::verify::run(console, &args),
        Verb::Up(args) => verbs::up::run(console, &args),
        Verb::Node(args) => verbs::node::run(console, &args),
        Verb::Cluster(args) => verbs::cluster::run(console, &args),
        Verb::Problem(args) => verbs::problem::run(console, &args),
        Verb::Submit(args) => verbs::submit::run(console, &args),
        Verb::Result(args) => verbs::result::run(console, &args),
        Verb::Cancel(args) => verbs::cancel::run(console, &args),
        Verb::Status(args) => verbs::status::run(console, &args),
        Verb::Top(args) => verbs::top::run(console, &args),
        Verb::Rejudge(args) => verbs::rejudge::run(console, &args),
        Verb::Dead(args) => verbs::dead::run(console, &args),
        Verb::Drain(args) => verbs::drain::drain(console, &args),
        Verb::Resume(args) => verbs::drain::resume(console, &args),
        Verb::Doctor(args) => verbs::doctor::run(console, &args),
        Verb::Bench(args) => verbs::bench::run(console, &args),
    }
}

/// Help and version are answers; everything else is wrong usage, with a hint where another
/// sandbox's flag was typed.
fn usage(console: Console, error: &clap::Error) -> ExitCode {
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        drop(error.print());
        return Exit::Yes.into();
    }
    if error.kind() == ErrorKind::UnknownArgument
        && let Some(ContextValue::String(flag)) = error.get(ContextKind::InvalidArg)
    {
        let words: Vec<String> =
            std::env::args_os().skip(1).map(|word| word.to_string_lossy().into_owned()).collect();
        if let Some(said) = args::foreign(flag, &words) {
            console.note(&format!("minos: {said}"));
            return Exit::Input.into();
        }
    }
    if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        drop(error.print());
    } else {
        console.note(&format!("minos: {}", one_line(&error.to_string())));
    }
    Exit::Input.into()
}

/// What clap says over several paragraphs, on one line, without the usage.
fn one_line(text: &str) -> String {
    let said = text.split("\nUsage:").next().unwrap_or(text);
    let said = said.split("\nFor more information").next().unwrap_or(said);
    let lines: Vec<&str> = said.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let said = lines.join("; ");
    format!("{} (try --help)", said.trim_start_matches("error: ").replace(":; ", ": "))
}
