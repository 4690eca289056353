//! `minos judge`: one source against one package on this machine, with no broker.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use minos_judge::{Options, SubmissionToJudge};
use minos_model::{Fault, Generation, LanguageId, NodeId, Stage, SubmissionId, Tenant};
use minos_queue::wire::JudgementV1;

use super::workshop::{self, Place};
use super::{judge_table, source};
use crate::console::Console;
use crate::exit::{Exit, Failure, Outcome};

/// Judge one source against one package on this machine, with no broker.
///
/// A package is a directory or a zip, from Polygon or in ICPC/Kattis format. What has to be made
/// of it (tests, answers, checker) is made once and kept in `MINOS_CACHE`, or ~/.cache/minos.
/// `MINOS_LANGUAGES` names a directory of language files to take the place of the built-in ones.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    minos judge ./range-sums solution.cpp\n  \
    minos judge range-sums-12.zip solution.py --language python3 --all-tests --json\n\n\
    Exit codes: 0 AC, 1 another verdict, 2 the package, its checker or the source is unusable,\n\
    3 this machine lacks namespaces or a compiler, 4 the judge failed (JE).")]
pub(crate) struct Args {
    /// A directory or a zip.
    package: PathBuf,
    /// The source.
    source: PathBuf,
    /// Its language [default: what the package says of this very source, else by the file's
    /// extension].
    #[arg(long, value_name = "ID")]
    language: Option<LanguageId>,
    /// Run every test, also after one that fails.
    #[arg(long)]
    all_tests: bool,
    /// Print minos.judgement/1 on stdout and nothing else there.
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(console: Console, args: &Args) -> Outcome {
    let languages = Arc::new(workshop::languages()?);
    let text = source::read(&args.source)?;
    let package = workshop::open_package(&args.package)?;
    let wanted = args.language.as_ref().or_else(|| package.language_of(&text));
    let language = if package.mode.submit_answer && wanted.is_none() {
        // An answer that is submitted is in no language.
        LanguageId::new("text").map_err(Failure::judge)?
    } else {
        source::language(&languages, wanted, &args.source)?
    };
    let bar = console.progress(&format!("preparing {}", package.id));
    let mut place = Place::open(languages)?;
    let problem = place.prepared(&package)?;

    let submission = SubmissionToJudge {
        id: submission_id(&args.source)?,
        tenant: Tenant::new("default").map_err(Failure::judge)?,
        generation: Generation::FIRST,
        language,
        source: &text,
        attempt: 1,
        node: this_node()?,
    };
    let options = Options { all_tests: args.all_tests };
    let mut tell = |stage: Stage| bar.set_message(in_words(stage));
    let judged =
        minos_judge::judge(&mut place.workshop, &submission, &problem, &options, &mut tell);
    bar.finish_and_clear();
    let judgement = match judged {
        Ok(judgement) => judgement,
        Err(unjudged) if is_missing_compiler(&unjudged) => {
            return Err(Failure::environment(unjudged.trouble));
        }
        Err(unjudged) => unjudged.judgement,
    };
    if args.json {
        console.json(&JudgementV1::from(&judgement))?;
    } else {
        console.say(&judge_table::in_words(console, &judgement))?;
    }
    Ok(Exit::of_verdict(judgement.verdict))
}

/// The machine lacks something before a line of the submission was compiled.
fn is_missing_compiler(unjudged: &minos_judge::Unjudged) -> bool {
    unjudged.trouble.fault == Fault::Node && unjudged.judgement.compile.is_none()
}

fn in_words(stage: Stage) -> String {
    match stage {
        Stage::Received => "received".to_owned(),
        Stage::Compiling => "compiling".to_owned(),
        Stage::Testing { test, of } => format!("test {test} of {of}"),
        Stage::Done => "done".to_owned(),
    }
}

/// The file's name, as far as an identifier can carry it.
fn submission_id(source: &Path) -> Result<SubmissionId, Failure> {
    let name = source.file_name().unwrap_or_default().to_string_lossy();
    let id: String = name
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || c == '_' { c } else { '-' })
        .take(64)
        .collect();
    SubmissionId::new(if id.is_empty() { "source".to_owned() } else { id }).map_err(Failure::input)
}

/// This machine's name, as far as an identifier can carry it.
///
/// # Errors
/// Never on a machine with a name.
pub(crate) fn this_node() -> Result<NodeId, Failure> {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let id: String = name
        .trim()
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || c == '_' { c } else { '-' })
        .take(64)
        .collect();
    NodeId::new(if id.is_empty() { "localhost".to_owned() } else { id })
        .map_err(Failure::environment)
}
