//! `minos result`: one submission.

use minos_model::{Generation, Stage, SubmissionId, Tenant};
use minos_queue::Standing;
use minos_queue::wire::JudgementV1;
use serde::Serialize;

use super::judge_table;
use crate::broker::{self, BrokerArgs};
use crate::console::Console;
use crate::exit::{Exit, Failure, Outcome};

/// The verdict on one submission.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  minos result team7-12\n  minos result team7-12 --json\n\n\
    Exit codes: 0 judged, 1 pending, 2 unknown, 3 no broker.")]
pub(crate) struct Args {
    /// The submission.
    id: SubmissionId,
    /// Whose it is.
    #[arg(long, default_value = "default")]
    tenant: Tenant,
    /// Which judging of it [default: the latest].
    #[arg(long)]
    generation: Option<Generation>,
    /// Print minos.judgement/1 on stdout; its verdict is null while the submission is pending.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    broker: BrokerArgs,
}

/// What `result --json` prints of a submission that waits or is being judged.
#[derive(Serialize)]
struct Pending<'a> {
    schema: &'static str,
    submission: &'a str,
    tenant: &'a str,
    generation: u32,
    verdict: Option<&'a str>,
    stage: Option<&'static str>,
}

pub(crate) fn run(console: Console, args: &Args) -> Outcome {
    broker::block_on(async {
        let broker = args.broker.connect().await?;
        let standing = broker
            .standing(&args.tenant, &args.id, args.generation)
            .await
            .map_err(broker::failed)?;
        match standing {
            Standing::Unknown => Err(Failure::input(format!(
                "submission {} of tenant {} is unknown (hint: --tenant, or it is forgotten by now)",
                args.id, args.tenant
            ))),
            Standing::Judged(judgement) => {
                if args.json {
                    console.json(&JudgementV1::from(judgement.as_ref()))?;
                } else {
                    console.say(&judge_table::in_words(console, &judgement))?;
                }
                Ok(Exit::Yes)
            }
            Standing::Pending { judging } => {
                let progress = broker.last_progress(&judging).await.map_err(broker::failed)?;
                let stage = progress.map(|progress| progress.stage);
                if args.json {
                    console.json(&Pending {
                        schema: "minos.judgement/1",
                        submission: judging.submission.as_str(),
                        tenant: judging.tenant.as_str(),
                        generation: judging.generation.get(),
                        verdict: None,
                        stage: stage.map(name),
                    })?;
                } else {
                    console.say(&format!("pending: {}", stage.map_or("in the queue", name)))?;
                }
                Ok(Exit::No)
            }
        }
    })
}

const fn name(stage: Stage) -> &'static str {
    match stage {
        Stage::Received => "received",
        Stage::Compiling => "compiling",
        Stage::Testing { .. } => "testing",
        Stage::Done => "done",
    }
}
