//! `minos cancel`: one submission.

use minos_model::{SubmissionId, Tenant};
use minos_queue::Cancelled;

use super::judge;
use crate::broker::{self, BrokerArgs};
use crate::console::Console;
use crate::exit::{Exit, Failure, Outcome};

/// Cancel one submission: its verdict will be CS.
///
/// One that is waiting is never judged; one that is being judged is broken off.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  minos cancel team7-12\n\n\
    Exit codes: 0 cancelled, 1 it has its verdict already, 2 unknown, 3 no broker.")]
pub(crate) struct Args {
    /// The submission.
    id: SubmissionId,
    /// Whose it is.
    #[arg(long, default_value = "default")]
    tenant: Tenant,
    #[command(flatten)]
    broker: BrokerArgs,
}

pub(crate) fn run(console: Console, args: &Args) -> Outcome {
    let operator = judge::this_node()?;
    broker::block_on(async {
        let broker = args.broker.connect().await?;
        let (id, tenant) = (&args.id, &args.tenant);
        match broker.cancel(tenant, id, &operator).await.map_err(broker::failed)? {
            Cancelled::Now(_) => {
                console.say(&format!("submission {id} is cancelled"))?;
                Ok(Exit::Yes)
            }
            Cancelled::AlreadyJudged(judgement) => {
                console
                    .say(&format!("submission {id} was judged before: {}", judgement.verdict))?;
                Ok(Exit::No)
            }
            Cancelled::Unknown => {
                Err(Failure::input(format!("submission {id} of tenant {tenant} is unknown")))
            }
        }
    })
}
