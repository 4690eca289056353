//! `minos submit`: one source to the broker, and perhaps its verdict back.

use std::fmt::Write as _;
use std::fs::File;
use std::io::Read;
use std::path::PathBuf;

use minos_model::{
    Generation, Job, Lane, LanguageId, Pool, ProblemRef, Source, Submission, SubmissionId, Tenant,
};
use minos_queue::wire::JudgementV1;
use minos_queue::{JudgingId, Submitted};
use serde::Serialize;

use super::{judge_table, source, workshop};
use crate::broker::{self, BrokerArgs};
use crate::console::Console;
use crate::exit::{Exit, Failure, Outcome};

/// Submit one source; exits 0 once the broker has stored it.
///
/// The same --id twice is the same submission: it is judged once.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    minos submit --problem range-sums solution.cpp --wait\n  \
    minos submit --problem range-sums@3fa9 --language python3 --id team7-12 a.py\n\n\
    Exit codes: 0 stored (with --wait: AC), 1 another verdict, 2 wrong usage, 3 no broker, 4 JE.")]
pub(crate) struct Args {
    /// The problem: ID, or ID@REVISION with a prefix of the revision's hash.
    #[arg(long, value_name = "ID")]
    problem: ProblemRef,
    /// The source.
    source: PathBuf,
    /// Its language [default: by the file's extension].
    #[arg(long, value_name = "ID")]
    language: Option<LanguageId>,
    /// The lane it waits in.
    #[arg(long, default_value = "contest")]
    lane: Lane,
    /// Whose it is.
    #[arg(long, default_value = "default")]
    tenant: Tenant,
    /// The nodes that may take it.
    #[arg(long, default_value = "any")]
    pool: Pool,
    /// Its name, unique within the tenant [default: a new one].
    #[arg(long)]
    id: Option<SubmissionId>,
    /// Wait for the verdict, and exit by it.
    #[arg(long)]
    wait: bool,
    /// How long --wait waits at most.
    #[arg(long, value_name = "TIME", default_value = "1h", requires = "wait")]
    timeout: minos_model::WallTime,
    /// Print one JSON document: what was stored, or with --wait minos.judgement/1.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    broker: BrokerArgs,
}

/// What `submit --json` prints without `--wait`.
#[derive(Serialize)]
struct Receipt<'a> {
    schema: &'static str,
    submission: &'a str,
    tenant: &'a str,
    generation: u32,
    state: &'static str,
}

pub(crate) fn run(console: Console, args: &Args) -> Outcome {
    let languages = workshop::languages()?;
    let language = source::language(&languages, args.language.as_ref(), &args.source)?;
    let source = source::read(&args.source)?;
    let id = match &args.id {
        Some(id) => id.clone(),
        None => fresh_id()?,
    };
    let job = Job {
        submission: Submission {
            id,
            tenant: args.tenant.clone(),
            generation: Generation::FIRST,
            problem: args.problem.clone(),
            language,
            source: Source::Inline(source),
        },
        lane: args.lane.clone(),
        pool: args.pool.clone(),
    };
    broker::block_on(submit(console, args, &job))
}

async fn submit(console: Console, args: &Args, job: &Job) -> Outcome {
    let broker = args.broker.connect().await?;
    let submission = &job.submission;
    let submitted = broker.submit(job).await.map_err(broker::failed)?;
    let state = match &submitted {
        Submitted::Stored => "stored",
        Submitted::AlreadyQueued => "already-queued",
        Submitted::AlreadyJudged(_) => "already-judged",
    };
    if !args.wait {
        if args.json {
            console.json(&Receipt {
                schema: "minos.receipt/1",
                submission: submission.id.as_str(),
                tenant: submission.tenant.as_str(),
                generation: submission.generation.get(),
                state,
            })?;
        } else {
            console.say(submission.id.as_str())?;
        }
        return Ok(Exit::Yes);
    }
    console.note(&format!("submission {}: {state}", submission.id));
    let judgement = match submitted {
        Submitted::AlreadyJudged(judgement) => *judgement,
        Submitted::Stored | Submitted::AlreadyQueued => {
            let bar = console.progress(&format!("waiting for the verdict on {}", submission.id));
            let waited = broker
                .wait_verdict(&JudgingId::of(submission), args.timeout.duration())
                .await
                .map_err(broker::failed)?;
            bar.finish_and_clear();
            waited.ok_or_else(|| {
                Failure::environment(format!(
                    "no verdict on {} within {}; it stays in the queue (type: minos result {})",
                    submission.id, args.timeout, submission.id
                ))
            })?
        }
    };
    if args.json {
        console.json(&JudgementV1::from(&judgement))?;
    } else {
        console.say(&judge_table::in_words(console, &judgement))?;
    }
    Ok(Exit::of_verdict(judgement.verdict))
}

/// A new name: sixteen random hexadecimal digits.
fn fresh_id() -> Result<SubmissionId, Failure> {
    let mut bytes = [0_u8; 8];
    File::open("/dev/urandom")
        .and_then(|mut file| file.read_exact(&mut bytes))
        .map_err(|error| Failure::environment(format!("/dev/urandom: {error} (write --id ID)")))?;
    let mut id = String::new();
    for byte in bytes {
        write!(id, "{byte:02x}").map_err(Failure::judge)?;
    }
    SubmissionId::new(id).map_err(Failure::judge)
}
