//! The command line: what may be typed, and nothing that acts.

use clap::{Parser, Subcommand};

use crate::verbs;

/// A judging cluster for programming olympiads.
#[derive(Debug, Parser)]
#[command(
    name = "minos",
    version,
    propagate_version = true,
    arg_required_else_help = true,
    after_help = "Examples:\n  \
        minos doctor                                  what this machine can isolate and measure\n  \
        minos judge ./range-sums solution.cpp         one source against one package, no broker\n  \
        minos up --slots 2                            the whole system on this machine\n  \
        minos submit --problem range-sums a.cpp --wait\n\n\
        Exit codes: 0 success (verdict AC), 1 the answer is no, 2 wrong usage or invalid input,\n\
        3 this machine or environment cannot do it, 4 judge fault."
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Run one program in one box.
    Run(verbs::run::Args),
    /// Judge one source against one package on this machine, with no broker.
    Judge(verbs::judge::Args),
    /// Check a package, and judge all its solutions against what their authors say of them.
    Verify(verbs::verify::Args),
    /// The whole system on this machine: a private broker and one node.
    Up(verbs::up::Args),
    /// A production node; SIGTERM drains, a second SIGTERM stops at once.
    Node(verbs::node::Args),
    /// Create or update streams, consumers and buckets.
    Cluster(verbs::cluster::Args),
    /// Push, list and show problems.
    Problem(verbs::problem::Args),
    /// Submit one source; exits 0 once the broker has stored it.
    Submit(verbs::submit::Args),
    /// The verdict on one submission.
    Result(verbs::result::Args),
    /// Cancel one submission.
    Cancel(verbs::cancel::Args),
    /// Nodes, slots, lanes and dead letters.
    Status(verbs::status::Args),
    /// The same, live.
    Top(verbs::top::Args),
    /// Judge every submission of a problem again; preview first, then --apply.
    Rejudge(verbs::rejudge::Args),
    /// Dead letters, each with its reason.
    Dead(verbs::dead::Args),
    /// Stop a node from pulling; what it holds is finished.
    Drain(verbs::drain::DrainArgs),
    /// Let a drained node pull again.
    Resume(verbs::drain::ResumeArgs),
    /// What this machine can isolate and measure, what is missing, what to type.
    Doctor(verbs::doctor::Args),
    /// What this machine can do: bare spawn against boxed run.
    Bench(verbs::bench::Args),
}

/// Names that people know from other sandboxes, and ours.
const FOREIGN: &[(&str, &str)] = &[
    ("--time", "--cpu"),
    ("--time-limit", "--cpu"),
    ("--cpu-time", "--cpu"),
    ("--extra-time", "--wall"),
    ("--wall-time", "--wall"),
    ("--real-time", "--wall"),
    ("--timeout", "--wall"),
    ("--mem", "--memory"),
    ("--cg-mem", "--memory"),
    ("--memory-limit", "--memory"),
    ("--fsize", "--output"),
    ("--output-limit", "--output"),
    ("--open-files", "--files"),
    ("--procs", "--processes"),
    ("--nproc", "--processes"),
    ("--dir", "--bind"),
    ("--meta", "--json"),
    ("-t", "--cpu"),
    ("-w", "--wall"),
    ("-m", "--memory"),
    ("-f", "--output"),
    ("-p", "--processes"),
    ("-d", "--bind"),
    ("-E", "--env"),
    ("-i", "--stdin"),
    ("-o", "--stdout"),
    ("-r", "--stderr"),
    ("-M", "--json"),
    ("-x", "--wall"),
    ("-k", "--stack"),
    ("-n", "--files"),
];

/// Habits of other sandboxes that need nothing here, and why.
const NEEDLESS: &[(&str, &str)] = &[
    ("--init", "every run gets a fresh box, made in a moment: nothing is to be prepared"),
    ("--cleanup", "a box is gone when its run is over: nothing is to be cleaned up"),
    ("--run", "`minos run` is that already: put the program after `--`"),
    ("--box-id", "every run gets a fresh box of its own: any number may run at once"),
    ("-b", "every run gets a fresh box of its own: any number may run at once"),
    ("--cg", "control groups are used wherever there are any (`minos doctor`)"),
    ("--cg-timing", "control groups are used wherever there are any (`minos doctor`)"),
    ("--silent", "nothing is said but the report"),
    ("-s", "nothing is said but the report"),
    ("--share-net", "no box has a network"),
    ("--full-env", "the environment is PATH, HOME, LANG and what `--env K=V` adds"),
    ("-e", "the environment is PATH, HOME, LANG and what `--env K=V` adds"),
    ("--chdir", "a program starts in /w, an empty directory of its own"),
    ("-c", "a program starts in /w, an empty directory of its own"),
    ("--quota", "files are memory of the run: `--memory` limits them together"),
    ("-q", "files are memory of the run: `--memory` limits them together"),
    ("--no-cg", "control groups are used wherever there are any (`minos doctor`)"),
    ("--stderr-to-stdout", "write `sh -c 'exec ./program 2>&1'`"),
];

/// What to say to a flag of another sandbox, with its value when one was given.
pub(crate) fn foreign(flag: &str, words: &[String]) -> Option<String> {
    if let Some(hint) = foreign_hint(flag, words) {
        return Some(format!("there is no `{flag}`; did you mean `{hint}`?"));
    }
    let name = flag.split_once('=').map_or(flag, |(name, _value)| name);
    let (_, why) = NEEDLESS.iter().find(|(needless, _)| *needless == name)?;
    Some(format!("there is no `{name}`, leave it out: {why}"))
}

/// What to type instead of a flag of another sandbox, with its value when one was given.
fn foreign_hint(flag: &str, words: &[String]) -> Option<String> {
    let (name, inline) = match flag.split_once('=') {
        Some((name, value)) => (name, Some(value.to_owned())),
        None => (flag, None),
    };
    let (_, ours) = FOREIGN.iter().find(|(foreign, _)| *foreign == name)?;
    let value = inline.or_else(|| {
        let at = words.iter().position(|word| word == name || word.starts_with(name))?;
        let word = words.get(at)?;
        let glued = word.strip_prefix(name).map(|rest| rest.trim_start_matches('='));
        match glued {
            Some(rest) if !rest.is_empty() => Some(rest.to_owned()),
            _ => words.get(at + 1).filter(|next| !next.starts_with('-')).cloned(),
        }
    });
    Some(match value {
        Some(file) if ours == &"--json" => format!("{ours} >{file}"),
        Some(value) => format!("{ours} {}", with_unit(ours, &value)),
        None => (*ours).to_owned(),
    })
}

/// isolate writes seconds and kilobytes without a unit; ours have one.
fn with_unit(ours: &str, value: &str) -> String {
    let bare = !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    match ours {
        "--cpu" | "--wall" if bare => format!("{value}s"),
        "--memory" | "--output" | "--stack" if bare => format!("{value}K"),
        _ => value.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_verb_helps_with_an_example() {
        fn check(command: &clap::Command, path: &str) {
            let path = format!("{path} {}", command.get_name());
            if command.get_name() == "help" {
                return;
            }
            let after = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            assert!(after.contains("Example"), "`{path}` has no example");
            assert!(after.contains("minos "), "`{path}`: the example does not call minos");
            for inner in command.get_subcommands() {
                check(inner, &path);
            }
        }
        check(&Cli::command(), "");
    }

    #[test]
    fn the_habits_of_other_sandboxes_are_recognised() {
        for (line, flag, hint) in [
            ("run --time 2 -- /bin/true", "--time", "--cpu 2s"),
            ("run --time=0.5 -- /bin/true", "--time", "--cpu 0.5s"),
            ("run -t 2 -- /bin/true", "-t", "--cpu 2s"),
            ("run --mem 65536 -- /bin/true", "--mem", "--memory 65536K"),
            ("run --mem 64MiB -- /bin/true", "--mem", "--memory 64MiB"),
            ("run --wall-time 3", "--wall-time", "--wall 3s"),
            ("run --meta", "--meta", "--json"),
            ("run --meta=m.txt -- true", "--meta", "--json >m.txt"),
            ("run -M m.txt -- true", "-M", "--json >m.txt"),
            ("run -k 65536 -- true", "-k", "--stack 65536K"),
            ("run -x 0.5 -- true", "-x", "--wall 0.5s"),
        ] {
            let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
            assert_eq!(foreign_hint(flag, &words).as_deref(), Some(hint), "{line}");
        }
        assert_eq!(foreign("--frobnicate", &[]), None);
        for flag in ["--init", "--cleanup", "--run", "--box-id=3", "-b", "--cg", "-s"] {
            let said = foreign(flag, &[]).unwrap();
            assert!(said.contains("leave it out"), "{said}");
        }
    }
}
