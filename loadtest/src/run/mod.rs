//! `minos-load run`: from the command line to the exit code.
//!
//! ```text
//!  plan (drawn) ──▶ sender ──▶ broker ──▶ … ──▶ verdicts ──▶ collector ──▶ journal ──▶ report
//!                     │                          progress ──▶    ▲
//!                     └──── sent, stored ────────────────────────┤
//!                           samples of cluster and machine ──────┘
//! ```

mod bare;
mod climb;
mod collect;
mod follow;
mod plan;
mod prepare;
mod progress;
mod sample;
mod send;
mod watch;

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, anyhow};
use minos_queue::{Broker, endpoint};

use crate::args::{Common, RunArgs};
use crate::corpus::Mix;
use crate::journal::{Fact, Journal, NodeFact, ProgramFact, SCHEMA, Start, micros};
use crate::machine::Machine;
use crate::processes::Processes;
use crate::profile::Profile;
use crate::report::{self, Report};
use crate::{Failure, note, say};
use collect::Ends;
pub(crate) use collect::{facts_of, finish};
pub(crate) use plan::Plan;
use sample::Sampler;
pub(crate) use watch::Watch;

/// Time to get ready before the first planned send.
const START_IN: Duration = Duration::from_millis(300);

/// Runs the replay; whether it was good.
///
/// # Errors
/// When it could not take place.
pub(crate) fn run(args: &RunArgs) -> Result<bool, Failure> {
    let mut mix = Mix::load(args.mix.as_deref()).map_err(Failure::Input)?;
    let plan = Plan::draw(args, &mut mix).map_err(Failure::Input)?;
    let out = match &args.out {
        Some(dir) => dir.clone(),
        None => std::env::temp_dir().join(plan.tenant.as_str()),
    };
    if out.join(crate::journal::FILE).exists() {
        let shown = out.display();
        return Err(Failure::Input(anyhow!("--out {shown}: there is a journal already")));
    }
    let report =
        runtime()?.block_on(replay(args, mix, plan, &out)).map_err(Failure::Environment)?;
    tell(&report, args.json)?;
    Ok(report.is_good())
}

/// Two threads: one that keeps the times of sending, one for what comes back.
pub(crate) fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| Failure::Environment(anyhow!("no runtime: {error}")))
}

/// Connects as all verbs do.
pub(crate) async fn connect(common: &Common) -> Result<Broker> {
    let (nats, creds) = (common.nats.as_deref(), common.creds.as_deref());
    let options = endpoint::resolve(nats, creds, &common.dir, "minos-load")?;
    Ok(Broker::connect(&options).await?)
}

/// Prints a report the way that was asked for.
pub(crate) fn tell(report: &Report, json: bool) -> Result<(), Failure> {
    if json {
        let text = serde_json::to_string(report);
        say(&text.map_err(|error| Failure::Environment(error.into()))?);
    } else {
        say(&report.in_words());
    }
    Ok(())
}

async fn replay(args: &RunArgs, mix: Mix, plan: Plan, out: &std::path::Path) -> Result<Report> {
    let broker = connect(&args.common).await?;
    for problem in mix.problems() {
        prepare::push_when_missing(&broker, &args.common, &problem).await?;
    }
    let known = broker.nodes().await.unwrap_or_default();
    let judges = known.iter().any(|node| !node.draining && node.unready.is_empty());
    let warmed = if mix.warm || plan.storm_size() > 0 {
        Some(prepare::warm_up(&broker, &mix, known.len()).await?)
    } else {
        if judges {
            prepare::first_of_each(&broker, &mix).await?;
        }
        None
    };
    let bare = bare::measure(&mix);
    let nodes = prepare::nodes(&broker).await;

    let processes = Processes::of_directory(&args.common.dir);
    let processes = processes.filter(|_| args.common.nats.is_none());
    let (mix, plan) = (Arc::new(mix), Arc::new(plan));
    let mut journal = Journal::create(out).with_context(|| format!("--out {}", out.display()))?;
    note(&format!("{}; journal {}", plan.in_words(), journal.path().display()));
    prepare::go_first();

    let start = Instant::now() + START_IN;
    let nodes = nodes.iter().map(|node| NodeFact {
        node: node.node.to_string(),
        slots: node.slots,
        isolation: node.isolation.to_string(),
        version: node.version.clone(),
    });
    let fact = start_fact(args, &mix, &plan, nodes.collect(), processes.is_some());
    journal.write(&Fact::Start(Box::new(fact)))?;
    for piece in plan.pieces() {
        journal.write(&piece)?;
    }
    warmed.into_iter().chain(bare).try_for_each(|fact| journal.write(&fact))?;
    journal.flush()?;

    let sampler = Sampler { broker: broker.clone(), processes, start };
    let ends = Ends {
        drain: args.drain.duration(),
        breakpoint: (args.profile == Profile::Breakpoint).then(|| plan.promise(&args.threshold)),
    };
    collect::run(&plan, &mix, sampler, ends, &mut journal).await?;
    drop(journal);
    report::finish(out)
}

fn start_fact(args: &RunArgs, mix: &Mix, plan: &Plan, nodes: Vec<NodeFact>, local: bool) -> Start {
    let since = (SystemTime::now() + START_IN).duration_since(UNIX_EPOCH).unwrap_or_default();
    let programs = mix.programs().iter().map(|program| ProgramFact {
        name: program.name.clone(),
        problem: program.problem.clone(),
        language: program.language.to_string(),
        expected: program.expected.clone(),
        class: program.class.clone(),
        hostile: program.hostile,
    });
    Start {
        schema: SCHEMA.to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        commit: option_env!("MINOS_COMMIT").map(str::to_owned),
        tenant: plan.tenant.to_string(),
        started_unix_us: micros(since),
        seed: args.seed,
        profile: args.profile.name(),
        rate_per_s: args.rate.per_second(),
        duration_s: plan.duration.as_secs_f64(),
        time_scale: args.time_scale.map(|scale| scale.to_string()),
        mix: mix.name.clone(),
        hostile: plan.hostile,
        planned: u64::try_from(plan.times.len()).unwrap_or(u64::MAX),
        storm: u64::try_from(plan.storm_size()).unwrap_or(u64::MAX),
        storm_at_us: micros(plan.storm_at),
        thresholds: args.threshold.iter().map(ToString::to_string).collect(),
        programs: programs.collect(),
        machine: Machine::look(),
        nodes,
        local,
    }
}
