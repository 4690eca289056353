//! `minos-load run`, from the command line to the exit code.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, anyhow, bail};
use minos_model::{ProblemRef, Tenant};
use minos_queue::{Broker, QueueError, endpoint};
use rand::SeedableRng;
use rand_chacha::ChaCha12Rng;

use crate::args::RunArgs;
use crate::corpus::{self, Mix};
use crate::journal::{Fact, Journal};
use crate::node_cpu::NodeCpu;
use crate::replay::{self, Plan};
use crate::report::{Facts, Report};
use crate::{Failure, note, say, schedule};

/// Runs the replay; whether it was good.
///
/// # Errors
/// When it could not take place.
pub(crate) fn run(args: &RunArgs) -> Result<bool, Failure> {
    if args.profile != "steady" {
        return Err(Failure::Input(anyhow!(
            "--profile {}: this version has no such profile; there is `steady`",
            args.profile
        )));
    }
    let mix = Mix::load(args.mix.as_deref()).map_err(Failure::Input)?;
    let plan = plan(args, &mix).map_err(Failure::Input)?;
    let report = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .context("no runtime")
        .and_then(|runtime| runtime.block_on(replay(args, &mix, &plan)))
        .map_err(Failure::Environment)?;
    if args.json {
        let text =
            serde_json::to_string(&report).map_err(|error| Failure::Environment(error.into()))?;
        say(&text);
    } else {
        say(&report.in_words());
    }
    Ok(report.is_good())
}

/// Draws times and programs from the seed: two streams of draws, so that the programs stay the
/// same when only the rate changes.
fn plan(args: &RunArgs, mix: &Mix) -> Result<Plan> {
    let duration = args.duration.duration();
    let times = schedule::poisson(args.rate, duration, args.seed);
    if times.is_empty() {
        bail!("--rate and --duration leave nothing to send; raise one of them");
    }
    if times.len() >= schedule::MOST {
        bail!("--rate and --duration make more than {} submissions", schedule::MOST);
    }
    let mut draws = ChaCha12Rng::seed_from_u64(args.seed);
    draws.set_stream(1);
    let programs = mix.draw(times.len(), args.hostile.get(), &mut draws)?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let tenant = Tenant::new(format!("load-{}-{}", now.as_millis(), std::process::id()))?;
    let problem: ProblemRef = mix.problem.parse()?;
    Ok(Plan { tenant, problem, times, programs })
}

async fn replay(args: &RunArgs, mix: &Mix, plan: &Plan) -> Result<Report> {
    let (nats, creds) = (args.nats.as_deref(), args.creds.as_deref());
    let options = endpoint::resolve(nats, creds, &args.dir, "minos-load")?;
    let broker = Broker::connect(&options).await?;
    push_when_missing(&broker, args, &plan.problem).await?;

    let out = match &args.out {
        Some(dir) => dir.clone(),
        None => std::env::temp_dir().join(plan.tenant.as_str()),
    };
    let mut journal = Journal::create(&out).with_context(|| format!("--out {}", out.display()))?;
    let duration = args.duration.duration();
    journal.write(&Fact::Start {
        schema: Journal::SCHEMA,
        version: env!("CARGO_PKG_VERSION"),
        rate_per_s: args.rate.per_second(),
        duration_s: duration.as_secs_f64(),
        hostile: args.hostile.get(),
        seed: args.seed,
        tenant: plan.tenant.as_str(),
        problem: &mix.problem,
        planned: plan.times.len(),
    })?;
    note(&format!(
        "sending {} submissions in {} ({}), journal {}",
        plan.times.len(),
        args.duration,
        args.rate,
        journal.path().display()
    ));
    let drain = args.drain.duration();
    go_first();
    let node = NodeCpu::of_directory(&args.dir).filter(|_| args.nats.is_none());
    let before = node.and_then(NodeCpu::used);
    let ledger = replay::run(&broker, plan, mix, drain, &mut journal).await?;
    let after = node.and_then(NodeCpu::used);
    let node_cpu = before.zip(after).map(|(before, after)| after.saturating_sub(before));
    let expected: Vec<_> = mix.programs().iter().map(|program| program.expected.clone()).collect();
    let report = Report::new(&Facts {
        ledger: &ledger,
        expected: &expected,
        thresholds: &args.threshold,
        duration,
        node_cpu,
        seed: args.seed,
        tenant: plan.tenant.as_str(),
        journal: journal.path().display().to_string(),
    });
    let text = serde_json::to_string_pretty(&report)?;
    std::fs::write(out.join("report.json"), text).context("the report")?;
    Ok(report)
}

/// Asks for a real-time priority, so that judging on the same machine does not delay the sends. On
/// a machine that refuses, lateness is measured as anywhere, and reported.
fn go_first() {
    let pid = std::process::id().to_string();
    let chrt = ["--all-tasks", "--rr", "--pid", "1", pid.as_str()];
    let asked =
        Command::new("chrt").args(chrt).stdout(Stdio::null()).stderr(Stdio::null()).status();
    if !asked.is_ok_and(|status| status.success()) {
        note("no real-time priority for the sends (it takes root); late ones will be counted");
    }
}

/// Pushes the built-in package of the mix's problem, unless the cluster has the problem.
async fn push_when_missing(broker: &Broker, args: &RunArgs, problem: &ProblemRef) -> Result<()> {
    match broker.resolve(problem).await {
        Ok(_) => return Ok(()),
        Err(QueueError::UnknownProblem(_)) => {}
        Err(error) => return Err(error.into()),
    }
    note(&format!("the cluster has no problem {problem}: pushing the built-in package"));
    let scratch = std::env::temp_dir().join(format!("minos-load-push-{}", std::process::id()));
    let package = scratch.join(problem.id.as_str());
    let pushed = corpus::unfold_package(problem.id.as_str(), &package).and_then(|found| {
        if found {
            push(&package, args)
        } else {
            bail!("problem {problem} is not there (type: minos problem push PACKAGE)")
        }
    });
    std::fs::remove_dir_all(&scratch).ok();
    pushed
}

/// Preparing a package takes a judge, so `minos problem push` does it.
fn push(package: &Path, args: &RunArgs) -> Result<()> {
    let minos = find_minos()?;
    let mut command = Command::new(&minos);
    command.args(["problem", "push"]).arg(package).arg("--dir").arg(&args.dir);
    if let Some(nats) = &args.nats {
        command.arg("--nats").arg(nats);
    }
    if let Some(creds) = &args.creds {
        command.arg("--creds").arg(creds);
    }
    let output = command.output().with_context(|| minos.display().to_string())?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    bail!("`minos problem push` failed: {}", said.trim())
}

/// `minos` beside this program, else on PATH.
fn find_minos() -> Result<PathBuf> {
    let beside = std::env::current_exe().ok().map(|path| path.with_file_name("minos"));
    let on_path = std::env::var_os("PATH")
        .map(|path| std::env::split_paths(&path).map(|dir| dir.join("minos")).collect::<Vec<_>>())
        .unwrap_or_default();
    beside.into_iter().chain(on_path).find(|path| path.is_file()).context(
        "the problem must be pushed first, and there is no `minos` beside this program or on PATH \
         (type: minos problem push PACKAGE)",
    )
}
