//! `minos dead`: dead letters.

use clap::Subcommand;
use minos_queue::DeadLetter;
use serde::Serialize;

use crate::broker::{self, BrokerArgs};
use crate::console::{Console, tame};
use crate::exit::{Exit, Outcome};

/// Dead letters: messages that no node could judge, each with its reason.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  minos dead list\n  minos dead show 12\n  minos dead retry 12")]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// One line each: number, subject, reason.
    #[command(after_help = "Example:\n  minos dead list --json")]
    List(ListArgs),
    /// One dead letter with its content.
    #[command(after_help = "Example:\n  minos dead show 12")]
    Show(OneArgs),
    /// Judge it again, as a new generation.
    #[command(after_help = "Example:\n  minos dead retry 12")]
    Retry(OneArgs),
    /// Forget it.
    #[command(after_help = "Example:\n  minos dead drop 12")]
    Drop(OneArgs),
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
struct OneArgs {
    /// Its number in `minos dead list`.
    number: u64,
    /// Print one JSON document on stdout and nothing else there.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    broker: BrokerArgs,
}

/// The most dead letters that one list shows.
const MOST: usize = 1_000;

#[derive(Serialize)]
struct ListDocument {
    schema: &'static str,
    letters: Vec<LetterDocument>,
}

#[derive(Serialize)]
struct LetterDocument {
    number: u64,
    reason: &'static str,
    message: String,
    subject: String,
    tenant: Option<String>,
    submission: Option<String>,
    generation: Option<u32>,
    node: Option<String>,
    delivered: u32,
    buried_ms: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<String>,
}

pub(crate) fn run(console: Console, args: &Args) -> Outcome {
    broker::block_on(async {
        match &args.verb {
            Verb::List(args) => list(console, args).await,
            Verb::Show(args) => show(console, args).await,
            Verb::Retry(args) => retry(console, args).await,
            Verb::Drop(args) => {
                let broker = args.broker.connect().await?;
                broker.drop_dead(args.number).await.map_err(broker::failed)?;
                done(console, args, &format!("dead letter {} is dropped", args.number))
            }
        }
    })
}

async fn list(console: Console, args: &ListArgs) -> Outcome {
    let broker = args.broker.connect().await?;
    let letters = broker.dead_letters(MOST).await.map_err(broker::failed)?;
    if args.json {
        let letters = letters.iter().map(|letter| document(letter, false)).collect();
        console.json(&ListDocument { schema: "minos.dead/1", letters })?;
        return Ok(Exit::Yes);
    }
    for letter in &letters {
        console.say(&line(letter))?;
    }
    if letters.is_empty() {
        console.note("no dead letters");
    }
    Ok(Exit::Yes)
}

async fn show(console: Console, args: &OneArgs) -> Outcome {
    let broker = args.broker.connect().await?;
    let letter = broker.dead_letter(args.number).await.map_err(broker::failed)?;
    if args.json {
        console.json(&document(&letter, true))?;
    } else {
        console.say(&line(&letter))?;
        console.say(&tame(&String::from_utf8_lossy(&letter.body)))?;
    }
    Ok(Exit::Yes)
}

async fn retry(console: Console, args: &OneArgs) -> Outcome {
    let broker = args.broker.connect().await?;
    let (tenant, submission, generation) =
        broker.retry_dead(args.number).await.map_err(broker::failed)?;
    done(
        console,
        args,
        &format!(
            "submission {submission} of tenant {tenant} is judged again, generation {generation}"
        ),
    )
}

fn done(console: Console, args: &OneArgs, line: &str) -> Outcome {
    if args.json {
        console.json(&serde_json::json!({"schema": "minos.dead/1", "done": line}))?;
    } else {
        console.say(line)?;
    }
    Ok(Exit::Yes)
}

fn line(letter: &DeadLetter) -> String {
    format!(
        "{:>6}  {:<16} {}  {}",
        letter.number,
        letter.reason.as_str(),
        tame(&letter.subject),
        tame(&letter.message)
    )
}

fn document(letter: &DeadLetter, whole: bool) -> LetterDocument {
    let judging = letter.address.as_ref().map(|address| &address.judging);
    LetterDocument {
        number: letter.number,
        reason: letter.reason.as_str(),
        message: letter.message.clone(),
        subject: letter.subject.clone(),
        tenant: judging.map(|judging| judging.tenant.to_string()),
        submission: judging.map(|judging| judging.submission.to_string()),
        generation: judging.map(|judging| judging.generation.get()),
        node: letter.node.clone(),
        delivered: letter.delivered,
        buried_ms: letter.buried_ms,
        body: whole.then(|| String::from_utf8_lossy(&letter.body).into_owned()),
    }
}
