//! `minos rejudge`: every submission of a problem judged again, looked at, and then made to count.

use std::collections::VecDeque;
use std::time::Duration;

use minos_model::{Lane, LanguageId, ProblemRef, SubmissionId, Tenant, Verdict, WallTime};
use minos_queue::{Applied, Broker, Matrix, Plan, Rejudge, RejudgeScope, Trial};
use tokio::time::Instant;

use super::rejudge_report::{Report, TryAgain, in_words};
use crate::broker::{self, BrokerArgs};
use crate::console::Console;
use crate::exit::{Exit, Failure, Outcome};

/// Judge every submission of a problem again; show what would change, and with --apply make it so.
///
/// The submissions are judged in the lane of rejudges, with the revision of the problem that was
/// pushed last, and nobody but you sees those verdicts. Then the matrix old verdict -> new verdict
/// is printed. --apply publishes exactly those verdicts, each as a new generation.
///
/// A rejudge that was interrupted is carried on by the same command. Submissions that wait for
/// their first verdict, and cancelled ones, are left alone.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    minos rejudge --problem range-sums                    what would change\n  \
    minos rejudge --problem range-sums --apply            make it so\n  \
    minos rejudge --problem range-sums --verdict TLE --language python3\n  \
    minos rejudge --problem range-sums --discard          forget the preview\n\n\
    Exit codes: 0 done, 2 unknown problem, 3 no broker or not judged in time (the same command\n\
    carries on), 4 some could not be judged: their verdicts stay.")]
pub(crate) struct Args {
    /// The problem: ID (the revision pushed last), or ID@REVISION.
    #[arg(long, value_name = "ID")]
    problem: ProblemRef,
    /// Publish the verdicts as new generations, after the matrix is printed.
    #[arg(long)]
    apply: bool,
    /// Forget an open rejudge: what waits is taken out of the queue, nothing was changed.
    #[arg(long, conflicts_with = "apply")]
    discard: bool,
    /// Only this tenant's submissions.
    #[arg(long)]
    tenant: Option<Tenant>,
    /// Only this submission.
    #[arg(long, value_name = "ID")]
    submission: Option<SubmissionId>,
    /// Only submissions in this language.
    #[arg(long, value_name = "ID")]
    language: Option<LanguageId>,
    /// Only submissions that have this verdict now.
    #[arg(long)]
    verdict: Option<Verdict>,
    /// The lane they are judged in.
    #[arg(long, default_value = "rejudge")]
    lane: Lane,
    /// How long to wait for the verdicts at most.
    #[arg(long, value_name = "TIME", default_value = "24h")]
    timeout: WallTime,
    /// Print one JSON document on stdout and nothing else there.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    broker: BrokerArgs,
}

/// Changes that are listed one by one.
const CHANGES: usize = 1_000;
/// Between two looks for verdicts that came in.
const LOOK: Duration = Duration::from_millis(250);

/// What was found, as far as it fits on a page.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// How many went from which verdict to which.
    pub(super) matrix: Matrix,
    /// Those that differ, at most [`CHANGES`].
    pub(super) changes: VecDeque<Trial>,
    /// How many have their new verdict.
    pub(super) judged: u64,
    /// How many of them differ.
    pub(super) changed: u64,
    /// How many could not be judged.
    pub(super) failed: u64,
}

impl Seen {
    fn add(&mut self, trial: Trial) {
        self.judged += 1;
        *self.matrix.entry((trial.old, trial.new.verdict)).or_default() += 1;
        if trial.new.verdict == Verdict::JudgeError {
            self.failed += 1;
        } else if trial.old != Some(trial.new.verdict) {
            self.changed += 1;
            if self.changes.len() < CHANGES {
                self.changes.push_back(trial);
            }
        }
    }
}

pub(crate) fn run(console: Console, args: &Args) -> Outcome {
    broker::block_on(rejudge(console, args))
}

async fn rejudge(console: Console, args: &Args) -> Outcome {
    let broker = args.broker.connect().await?;
    let scope = RejudgeScope {
        problem: args.problem.id.clone(),
        revision: broker.resolve(&args.problem).await.map_err(broker::failed)?,
        tenant: args.tenant.clone(),
        submission: args.submission.clone(),
        language: args.language.clone(),
        verdict: args.verdict,
    };
    let rejudge = broker.open_rejudge(&scope).await.map_err(broker::failed)?;
    let number = rejudge.number;
    if args.discard {
        broker.drop_rejudge(&rejudge).await.map_err(broker::failed)?;
        console.note(&format!("rejudge {number} of {} is discarded", args.problem));
        return Ok(Exit::Yes);
    }
    if rejudge.resumed {
        console.note(&format!("minos: carrying on with rejudge {number}"));
    }
    let plan = plan(console, args, &broker, &rejudge).await?;
    let seen = watch(console, args, &broker, &rejudge, &plan).await?;
    let applied = if args.apply {
        if !args.json {
            console.say(&in_words(console, &rejudge, &plan, &seen))?;
        }
        Some(apply(console, &broker, &rejudge, seen.judged).await?)
    } else {
        None
    };
    if args.json {
        console.json(&Report::new(&rejudge, &plan, &seen, applied.as_ref()))?;
    } else if let Some(applied) = applied {
        console.say(&format!(
            "applied: {} verdicts are published as new generations",
            applied.published + applied.before
        ))?;
    } else {
        console.say(&in_words(console, &rejudge, &plan, &seen))?;
        if seen.judged > 0 {
            console.note("nothing is changed yet; to make it so, the same command with --apply");
        }
    }
    if seen.failed > 0 {
        let hint = "their verdicts stay (type: minos dead list)";
        return Err(Failure::judge(format!("{} could not be judged; {hint}", seen.failed)));
    }
    Ok(Exit::Yes)
}

async fn plan(
    console: Console,
    args: &Args,
    broker: &Broker,
    rejudge: &Rejudge,
) -> Result<Plan, Failure> {
    let bar = console.progress("sending submissions to be judged again");
    let told = |plan: &Plan| {
        bar.set_message(format!("sending submissions to be judged again: {}", plan.tried));
    };
    let plan = broker.plan_rejudge(rejudge, &args.lane, told).await;
    bar.finish_and_clear();
    plan.map_err(broker::failed)
}

/// Reads verdicts as they come in, until no trial is left in the queue.
async fn watch(
    console: Console,
    args: &Args,
    broker: &Broker,
    rejudge: &Rejudge,
    plan: &Plan,
) -> Result<Seen, Failure> {
    let bar = console.progress("judging");
    let deadline = Instant::now() + args.timeout.duration();
    let mut trials = broker.trials(rejudge);
    let mut seen = Seen::default();
    let mut looks = tokio::time::interval(LOOK);
    loop {
        looks.tick().await;
        // Asked before the walk: what has left the queue by now is seen by it.
        let trying = broker.is_trying(rejudge).await.map_err(broker::failed)?;
        trials.read(|trial| seen.add(trial)).await.map_err(broker::failed)?;
        bar.set_message(format!("judged {} of {}", seen.judged, plan.tried));
        if !trying {
            break;
        }
        if Instant::now() >= deadline {
            let (done, all) = (seen.judged, plan.tried);
            return Err(Failure::environment(TryAgain { done, all, timeout: args.timeout }));
        }
    }
    bar.finish_and_clear();
    if seen.judged < plan.tried {
        return Err(Failure::environment(format!(
            "{} of {} verdicts of the preview are gone: raise streams.trials.max_bytes in cluster.toml, run `minos cluster init`, then this again",
            plan.tried - seen.judged,
            plan.tried
        )));
    }
    Ok(seen)
}

async fn apply(
    console: Console,
    broker: &Broker,
    rejudge: &Rejudge,
    all: u64,
) -> Result<Applied, Failure> {
    let bar = console.progress("publishing verdicts");
    let told = |applied: &Applied| {
        let done = applied.published + applied.before + applied.failed;
        bar.set_message(format!("publishing verdicts: {done} of {all}"));
    };
    let applied = broker.apply_rejudge(rejudge, told).await.map_err(broker::failed)?;
    bar.finish_and_clear();
    broker.close_rejudge(rejudge).await.map_err(broker::failed)?;
    Ok(applied)
}
