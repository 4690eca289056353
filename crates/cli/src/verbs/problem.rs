//! `minos problem`: packages in the object store.

use std::fs::File;
use std::io::Seek;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Subcommand;
use minos_model::ProblemRef;
use minos_problem::{Package, Problem};
use minos_queue::{ProblemEntry, Pushed};
use serde::Serialize;

use super::workshop::{self, Place};
use super::{verify, verify_table};
use crate::broker::{self, BrokerArgs};
use crate::console::Console;
use crate::exit::{Exit, Failure, Outcome, with_causes};

/// Push, list and show problems.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    minos problem push ./range-sums\n  minos problem list\n  minos problem show range-sums")]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Verify a package, make its tests and answers, and store it under its content's hash.
    #[command(after_help = "Examples:\n  \
        minos problem push ./range-sums\n  minos problem push range-sums-12.zip --json")]
    Push(PushArgs),
    /// Every problem with the revision pushed last.
    #[command(after_help = "Example:\n  minos problem list --json")]
    List(ListArgs),
    /// One problem with all its revisions.
    #[command(after_help = "Example:\n  minos problem show range-sums")]
    Show(ShowArgs),
}

#[derive(Debug, clap::Args)]
struct PushArgs {
    /// A directory or a zip; Polygon or ICPC/Kattis.
    package: PathBuf,
    /// Push it without judging its solutions first (see `minos verify`).
    #[arg(long)]
    unverified: bool,
    /// Leave an input validator out of that, by the name of its file; may be given several times.
    #[arg(long, value_name = "NAME")]
    skip_validator: Vec<String>,
    /// Print one JSON document on stdout and nothing else there.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    broker: BrokerArgs,
}

#[derive(Debug, clap::Args)]
struct ListArgs {
    /// Print one JSON document on stdout and nothing else there.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    broker: BrokerArgs,
}

#[derive(Debug, clap::Args)]
struct ShowArgs {
    /// ID, or ID@REVISION with a prefix of the revision's hash.
    problem: ProblemRef,
    /// Print one JSON document on stdout and nothing else there.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    broker: BrokerArgs,
}

#[derive(Serialize)]
struct PushedDocument<'a> {
    schema: &'static str,
    id: &'a str,
    revision: String,
    name: &'a str,
    tests: usize,
    /// What the package holds and nobody here uses.
    notes: &'a [String],
    state: &'static str,
}

#[derive(Serialize)]
struct ListDocument {
    schema: &'static str,
    problems: Vec<EntryDocument>,
}

#[derive(Serialize)]
struct EntryDocument {
    id: String,
    revision: String,
    name: String,
    bytes: u64,
    pushed_ms: u64,
    latest: bool,
}

pub(crate) fn run(console: Console, args: &Args) -> Outcome {
    match &args.verb {
        Verb::Push(args) => push(console, args),
        Verb::List(args) => broker::block_on(list(console, args)),
        Verb::Show(args) => broker::block_on(show(console, args)),
    }
}

fn push(console: Console, args: &PushArgs) -> Outcome {
    let mut package = workshop::open_package(&args.package)?;
    verify::skip_validators(&mut package, &args.skip_validator)?;
    for note in &package.notes {
        console.note(&format!("note: {note}"));
    }
    if !args.unverified {
        verified(console, &package)?;
    }
    broker::block_on(async {
        let broker = args.broker.connect().await?;
        let bar = console.progress(&format!("preparing {}", package.id));
        let (problem, archive) = tokio::task::block_in_place(|| prepared(&package))?;
        bar.set_message(format!("pushing {}", package.id));
        let mut archive = tokio::fs::File::from_std(archive);
        let pushed = broker
            .put_package(&problem.id, &problem.revision, &problem.name, &mut archive)
            .await
            .map_err(broker::failed)?;
        bar.finish_and_clear();
        let state = match pushed {
            Pushed::New => "new",
            Pushed::AlreadyThere => "already-there",
            Pushed::Replaced => {
                console
                    .note("note: what the broker had of this revision was damaged; it is replaced");
                "replaced"
            }
        };
        if args.json {
            console.json(&PushedDocument {
                schema: "minos.pushed/1",
                id: problem.id.as_str(),
                revision: problem.revision.to_string(),
                name: &problem.name,
                tests: problem.tests.len(),
                notes: &package.notes,
                state,
            })?;
        } else {
            console.say(&format!("{}@{}", problem.id, problem.revision))?;
        }
        Ok(Exit::Yes)
    })
}

/// Refuses a package that is not what it says.
fn verified(console: Console, package: &Package) -> Result<(), Failure> {
    let verification = verify::verify(console, package, false)?;
    if verification.exit() == Exit::Yes {
        return Ok(());
    }
    console.note(&verify_table::in_words(console, &verification));
    let what = if verification.exit() == Exit::Environment {
        "it could not be checked whole"
    } else {
        "it does not verify"
    };
    let line = format!(
        "package {}: {what}, so it is not pushed; mend it, or add --unverified",
        package.id
    );
    match verification.exit() {
        // A solution in a language that this machine lacks proves nothing against the package, but
        // of one that could not be looked at nothing is proved.
        Exit::Environment if !verification.troubles.is_empty() => Err(Failure::environment(line)),
        Exit::Yes | Exit::Environment => Ok(()),
        Exit::JudgeFault => Err(Failure::judge(line)),
        Exit::Input => Err(Failure::input(line)),
        Exit::No => Err(Failure::no(line)),
    }
}

/// The problem complete, and its archive in a file that has no name.
fn prepared(package: &Package) -> Result<(Problem, File), Failure> {
    let mut place = Place::open(Arc::new(workshop::languages()?))?;
    let problem = place.prepared(package)?;
    let failed = |error: std::io::Error| Failure::environment(format!("a temporary file: {error}"));
    let mut archive = unnamed_file().map_err(failed)?;
    place
        .cache
        .pack(&problem, &mut archive)
        .map_err(|error| Failure::environment(with_causes(&error)))?;
    archive.rewind().map_err(failed)?;
    Ok((problem, archive))
}

/// A temporary file that is gone with its descriptor.
fn unnamed_file() -> std::io::Result<File> {
    let path = std::env::temp_dir().join(format!("minos-push-{}", std::process::id()));
    let file = File::options().read(true).write(true).create_new(true).open(&path)?;
    std::fs::remove_file(&path)?;
    Ok(file)
}

async fn list(console: Console, args: &ListArgs) -> Outcome {
    let broker = args.broker.connect().await?;
    let entries = broker.list_problems().await.map_err(broker::failed)?;
    if args.json {
        let problems = entries.iter().map(|entry| document(entry, true)).collect();
        console.json(&ListDocument { schema: "minos.problems/1", problems })?;
        return Ok(Exit::Yes);
    }
    for entry in &entries {
        console.say(&line(entry, false))?;
    }
    if entries.is_empty() {
        console.note("no problems (type: minos problem push PACKAGE)");
    }
    Ok(Exit::Yes)
}

async fn show(console: Console, args: &ShowArgs) -> Outcome {
    let broker = args.broker.connect().await?;
    let meant = broker.resolve(&args.problem).await.map_err(broker::failed)?;
    let mut entries = broker.revisions(&args.problem.id).await.map_err(broker::failed)?;
    if args.problem.revision.is_some() {
        entries.retain(|entry| entry.revision == meant);
    }
    if args.json {
        let problems =
            entries.iter().map(|entry| document(entry, entry.revision == meant)).collect();
        console.json(&ListDocument { schema: "minos.problems/1", problems })?;
        return Ok(Exit::Yes);
    }
    for entry in &entries {
        console.say(&line(entry, entry.revision == meant))?;
    }
    Ok(Exit::Yes)
}

fn line(entry: &ProblemEntry, marked: bool) -> String {
    let mark = if marked { "  <- meant by this name" } else { "" };
    let size = minos_model::Bytes::new(entry.bytes);
    format!("{}@{}  {}  {size}{mark}", entry.id, entry.revision, entry.title)
}

fn document(entry: &ProblemEntry, latest: bool) -> EntryDocument {
    EntryDocument {
        id: entry.id.to_string(),
        revision: entry.revision.to_string(),
        name: entry.title.clone(),
        bytes: entry.bytes,
        pushed_ms: entry.pushed_ms,
        latest,
    }
}
