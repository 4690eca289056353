//! What a run needs before its clock starts: the problem, warm builds, a priority.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail};
use minos_model::{
    Generation, Job, Lane, Pool, ProblemRef, Source, Submission, SubmissionId, Tenant,
};
use minos_queue::wire::Form;
use minos_queue::{Broker, NodeState, QueueError};

use crate::args::Common;
use crate::corpus::{self, Mix, Program};
use crate::journal::{self, Fact, micros};
use crate::note;
use crate::num::float;

/// A round of warming up in which so many builds were reused is the last.
const WARM: f64 = 0.999;
/// Every node must have made every build, and nobody can choose the node: so many rounds per node
/// are tried.
const ROUNDS_PER_NODE: usize = 6;
/// How long the first beat of a node is waited for.
const FIRST_BEAT: Duration = Duration::from_secs(15);
/// How long the first of each are waited for.
const FIRSTS: Duration = Duration::from_secs(60);
/// How long one round may take.
const ROUND: Duration = Duration::from_secs(300);

/// One submission of a program.
pub(crate) fn job(
    tenant: &Tenant,
    index: usize,
    program: &Program,
    source: Vec<u8>,
    lane: &Lane,
) -> Result<Job> {
    let submission = Submission {
        id: SubmissionId::new(journal::id(index))?,
        tenant: tenant.clone(),
        generation: Generation::FIRST,
        problem: program.problem.parse()?,
        language: program.language.clone(),
        source: Source::Inline(source),
    };
    Ok(Job { submission, lane: lane.clone(), pool: Pool::new("any")? })
}

/// The nodes there are. A cluster that has just started has none yet, so the first beat is waited
/// for.
pub(super) async fn nodes(broker: &Broker) -> Vec<NodeState> {
    let deadline = Instant::now() + FIRST_BEAT;
    loop {
        let nodes = broker.nodes().await.unwrap_or_default();
        if !nodes.is_empty() {
            return nodes;
        }
        if Instant::now() >= deadline {
            note("no node beats: what is sent will wait for one");
            return nodes;
        }
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
}

/// Has every generated program judged until its build is reused wherever it is judged.
pub(super) async fn warm_up(broker: &Broker, mix: &Mix, nodes: usize) -> Result<Fact> {
    let began = Instant::now();
    let programs: Vec<_> = mix.generated().map(|(_, program)| program).collect();
    note(&format!("warming up: {} builds", programs.len()));
    let (mut submissions, mut cached_share) = (0, 0.0);
    for round in 0..=ROUNDS_PER_NODE * nodes.max(1) {
        let seen = judged(broker, &format!("warm-{round}"), &programs, ROUND).await?;
        if seen.len() < programs.len() {
            bail!("warming up: {} of {} verdicts after {ROUND:?}", seen.len(), programs.len());
        }
        submissions += u64::try_from(programs.len()).unwrap_or(0);
        let cached = u64::try_from(seen.values().filter(|cached| **cached).count()).unwrap_or(0);
        cached_share = float(cached) / crate::num::float_len(programs.len().max(1));
        if cached_share >= WARM {
            break;
        }
    }
    Ok(Fact::Warmed { submissions, cached_share, took_us: micros(began.elapsed()) })
}

/// Has a program of every language judged against every problem, so that the run does not begin with
/// what a platform has long done before its contest does: pushing the problem, whose jury's programs
/// are compiled then. A run begins without it after a while, for it may be the very thing to measure.
pub(super) async fn first_of_each(broker: &Broker, mix: &Mix) -> Result<()> {
    let mut firsts = Vec::<&Program>::new();
    for program in mix.programs().iter().filter(|program| !program.hostile) {
        let same =
            |one: &&Program| (&one.problem, &one.language) == (&program.problem, &program.language);
        if !firsts.iter().any(same) {
            firsts.push(program);
        }
    }
    note(&format!("one submission for each of {} languages and problems", firsts.len()));
    let seen = judged(broker, "first", &firsts, FIRSTS).await?;
    if seen.len() < firsts.len() {
        let missing = firsts.len() - seen.len();
        note(&format!("{missing} of them have no verdict after {FIRSTS:?}: going on without"));
    }
    Ok(())
}

/// Has each program judged once, for a tenant of that name and for at most so long: whether its build
/// was reused, of those that have a verdict.
async fn judged(
    broker: &Broker,
    name: &str,
    programs: &[&Program],
    most: Duration,
) -> Result<HashMap<SubmissionId, bool>> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let tenant = Tenant::new(format!("{name}-{}-{}", now.as_millis(), std::process::id()))?;
    let lane = Lane::new("contest")?;
    let mut verdicts = broker.verdicts(Some(&tenant), true).await?;
    for (index, program) in programs.iter().enumerate() {
        let job = job(&tenant, index, program, program.source.clone(), &lane)?;
        broker.submit_new(&job, Form::Binary).await?;
    }
    let deadline = Instant::now() + most;
    let mut seen = HashMap::new();
    while seen.len() < programs.len() {
        let left = deadline.saturating_duration_since(Instant::now());
        let Ok(judgement) = tokio::time::timeout(left, verdicts.next()).await else { break };
        let judgement = judgement?;
        let cached = judgement.compile.as_ref().is_some_and(|compile| compile.cached);
        seen.insert(judgement.submission, cached);
    }
    Ok(seen)
}

/// Asks for a real-time priority, so that judging on the same machine does not delay the sends. On
/// a machine that refuses, lateness is measured as anywhere, and reported.
pub(super) fn go_first() {
    let pid = std::process::id().to_string();
    let chrt = ["--all-tasks", "--rr", "--pid", "1", pid.as_str()];
    let asked =
        Command::new("chrt").args(chrt).stdout(Stdio::null()).stderr(Stdio::null()).status();
    if !asked.is_ok_and(|status| status.success()) {
        note("no real-time priority for the sends (it takes root); late ones will be counted");
    }
}

/// Pushes the built-in package of a problem, unless the cluster has the problem.
pub(super) async fn push_when_missing(
    broker: &Broker,
    common: &Common,
    problem: &str,
) -> Result<()> {
    let problem: ProblemRef = problem.parse().with_context(|| format!("problem {problem}"))?;
    match broker.resolve(&problem).await {
        Ok(_) => return Ok(()),
        Err(QueueError::UnknownProblem(_)) => {}
        Err(error) => return Err(error.into()),
    }
    note(&format!("the cluster has no problem {problem}: pushing the built-in package"));
    let scratch = std::env::temp_dir().join(format!("minos-load-push-{}", std::process::id()));
    let package = scratch.join(problem.id.as_str());
    let pushed = corpus::unfold_package(problem.id.as_str(), &package).and_then(|found| {
        if found {
            push(&package, common)
        } else {
            bail!("problem {problem} is not there (type: minos problem push PACKAGE)")
        }
    });
    std::fs::remove_dir_all(&scratch).ok();
    pushed
}

/// Preparing a package takes a judge, so `minos problem push` does it.
fn push(package: &Path, common: &Common) -> Result<()> {
    let minos = find_minos()?;
    let mut command = Command::new(&minos);
    command.args(["problem", "push", "--unverified"]).arg(package).arg("--dir").arg(&common.dir);
    if let Some(nats) = &common.nats {
        command.arg("--nats").arg(nats);
    }
    if let Some(creds) = &common.creds {
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
