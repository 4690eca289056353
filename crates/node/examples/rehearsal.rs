//! What the queue carries when judging is replaced by nothing, or by a pause: one nats-server, one
//! node in this process, submissions published while they are judged.
//!
//! `cargo run --release -p minos-node --example rehearsal -- [key=value]…`, with `slots=64`,
//! `jobs=4000`, `judging=0ms`, `sync=always` (or a time), `window=64` (publishes under way at once),
//! `backlog=no` (`yes`: all are published before the node starts). Several values separated by
//! commas are measured one after the other. Needs root, as `minos problem push` does.

#![expect(clippy::print_stdout, reason = "the figures are what it is asked for")]

use std::collections::HashMap;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use minos_judge::{Builds, Sandboxed, Workshop, prepare};
use minos_model::{Generation, Job, NodeId, Source, Submission, WallTime};
use minos_node::{NodeConfig, rehearsal};
use minos_problem::{Cache, Languages, Package, Problem};
use minos_queue::server::{LocalServer, ServerOptions};
use minos_queue::{Broker, Topology};
use minos_sandbox::{Sandbox, SandboxConfig};

type Outcome<T> = Result<T, Box<dyn Error>>;

/// One measurement.
#[derive(Debug, Clone)]
struct Plan {
    slots: u16,
    jobs: usize,
    judging: Duration,
    sync: Duration,
    window: usize,
    backlog: bool,
}

fn plans(args: impl Iterator<Item = String>) -> Outcome<Vec<Plan>> {
    let mut given: HashMap<String, String> = HashMap::new();
    for arg in args {
        let (key, value) = arg.split_once('=').ok_or_else(|| format!("`{arg}`: key=value"))?;
        given.insert(key.to_owned(), value.to_owned());
    }
    let mut text = |key: &str, default: &str| given.remove(key).unwrap_or_else(|| default.into());
    let time = |text: &str| text.parse::<WallTime>().map(WallTime::duration);
    let jobs = text("jobs", "4000").parse()?;
    let (window, backlog) = (text("window", "64").parse()?, text("backlog", "no") == "yes");
    let (slots, judging, sync) =
        (text("slots", "64"), text("judging", "0ms"), text("sync", "always"));
    if let Some(key) = given.keys().next() {
        return Err(format!("`{key}` is no key").into());
    }
    let mut plans = Vec::new();
    for sync in sync.split(',') {
        let sync = if sync == "always" { Duration::ZERO } else { time(sync)? };
        for judging in judging.split(',') {
            for slots in slots.split(',') {
                let (slots, judging) = (slots.parse()?, time(judging)?);
                plans.push(Plan { slots, jobs, judging, sync, window, backlog });
            }
        }
    }
    Ok(plans)
}

fn job(index: usize) -> Outcome<Job> {
    Ok(Job {
        submission: Submission {
            id: format!("s{index}").parse()?,
            tenant: "default".parse()?,
            generation: Generation::FIRST,
            problem: "range-sums".parse()?,
            language: "cpp17".parse()?,
            source: Source::Inline(vec![b'x'; 1024]),
        },
        lane: "contest".parse()?,
        pool: "any".parse()?,
    })
}

/// Makes the package ready; blocks.
fn pack(dir: &Path) -> Outcome<(Problem, PathBuf)> {
    let sandbox = Arc::new(Sandbox::open(SandboxConfig::default())?);
    let builds = Builds::open(dir.join("builds"), Builds::DEFAULT_MAX)?;
    let languages = Arc::new(Languages::builtin());
    let mut workshop = Workshop::new(Sandboxed::open(sandbox, 401)?, languages, Arc::new(builds));
    let cache = Cache::open(dir.join("cache"))?;
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let package = Package::open(&root.join("../../tests/corpus/packages/range-sums"))?;
    let problem = prepare(&mut workshop, &package, cache.begin(&package)?)?;
    let archive = dir.join("archive");
    cache.pack(&problem, std::fs::File::create(&archive)?)?;
    Ok((problem, archive))
}

/// Memory of a process, in MiB.
fn memory(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|rest| rest.trim().trim_end_matches(" kB").parse::<u64>().ok()).unwrap_or(0)
        / 1024
}

/// What a long queue costs: the broker's and this process's memory, and how long a status takes.
async fn weigh(broker: &Broker, pids: [u32; 2], when: &str) -> Outcome<()> {
    let asked = Instant::now();
    let pending: u64 = broker.status().await?.lanes.iter().map(|lane| lane.pending).sum();
    let took = asked.elapsed();
    let [server, node] = pids.map(memory);
    println!("    {when}: {pending} wait; server {server} MiB, node {node} MiB; status {took:.1?}");
    Ok(())
}

/// Processor time of a process so far, in seconds.
fn cpu(pid: u32) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let rest = stat.rsplit_once(") ").map(|(_, rest)| rest).unwrap_or_default();
    let ticks: u32 =
        rest.split(' ').skip(11).take(2).filter_map(|ticks| ticks.parse::<u32>().ok()).sum();
    f64::from(ticks) / 100.0
}

async fn publish(broker: &Broker, plan: &Plan) -> Outcome<f64> {
    let began = Instant::now();
    stream::iter(0..plan.jobs)
        .map(async |index| broker.submit(&job(index)?).await.map_err(Box::<dyn Error>::from))
        .buffer_unordered(plan.window)
        .try_for_each(async |_stored| Ok(()))
        .await?;
    Ok(began.elapsed().as_secs_f64())
}

/// A longer queue is not judged to its end.
const MOST_JUDGED: usize = 100_000;

/// Until some of a long queue are judged.
async fn judged_some(broker: &Broker, plan: &Plan) -> Outcome<()> {
    let some = u64::try_from(plan.jobs.min(MOST_JUDGED) / 5)?;
    let mut ticks = tokio::time::interval(Duration::from_millis(100));
    loop {
        ticks.tick().await;
        let pending: u64 = broker.status().await?.lanes.iter().map(|lane| lane.pending).sum();
        if pending + some <= u64::try_from(plan.jobs)? {
            return Ok(());
        }
    }
}

/// Kills the server and waits until it answers again.
async fn restart(server: &LocalServer, broker: &Broker) -> Outcome<()> {
    let pid = server.pid().ok_or("no server")?;
    std::process::Command::new("kill").args(["-KILL", &pid.to_string()]).status()?;
    let mut ticks = tokio::time::interval(Duration::from_millis(5));
    loop {
        ticks.tick().await;
        let back = server.pid().is_some_and(|now| now != pid);
        if back && broker.is_connected() && broker.status().await.is_ok() {
            return Ok(());
        }
    }
}

/// Until every job has its verdict and is acknowledged.
async fn judged(broker: &Broker) -> Outcome<()> {
    let mut ticks = tokio::time::interval(Duration::from_millis(20));
    loop {
        ticks.tick().await;
        let lanes = broker.status().await?.lanes;
        if lanes.iter().all(|lane| lane.pending + lane.in_flight == 0) {
            return Ok(());
        }
    }
}

async fn measure(plan: &Plan, problem: &Problem, archive: &Path) -> Outcome<()> {
    let dir = tempfile::tempdir()?;
    let options = ServerOptions { sync_interval: plan.sync, ..ServerOptions::new(dir.path()) };
    let server = LocalServer::start_with(options).await?;
    let broker = Broker::connect(&server.options()).await?;
    broker.init(&Topology::built_in()).await?;
    let mut archive = tokio::fs::File::open(archive).await?;
    broker.put_package(&problem.id, &problem.revision, &problem.name, &mut archive).await?;

    let state = dir.path().join("node");
    let config = NodeConfig::local(&state, server.options(), plan.slots.try_into().ok())
        .named(NodeId::new("rehearsal")?);
    let open = async || rehearsal::start(config.clone(), broker.clone(), plan.judging).await;
    let pids = [server.pid().unwrap_or_default(), std::process::id()];
    let (began, before, sent, mut node);
    if plan.backlog {
        weigh(&broker, pids, "empty").await?;
        sent = publish(&broker, plan).await?;
        weigh(&broker, pids, "full").await?;
        let asked = Instant::now();
        restart(&server, &broker).await?;
        println!("    the server killed and back in {:.1?}", asked.elapsed());
        before = pids.map(cpu);
        began = Instant::now();
        node = open().await?;
        println!("    the node started in {:.1?}", began.elapsed());
        judged_some(&broker, plan).await?;
        weigh(&broker, [server.pid().unwrap_or_default(), pids[1]], "at work").await?;
        if plan.jobs > MOST_JUDGED {
            node.stop_now();
            node.wait().await?;
            server.stop().await;
            return Ok(());
        }
    } else {
        node = open().await?;
        before = pids.map(cpu);
        began = Instant::now();
        sent = publish(&broker, plan).await?;
    }
    judged(&broker).await?;
    let within = began.elapsed().as_secs_f64();
    let used = [0, 1].map(|who: usize| {
        let (pid, before) = (pids.get(who), before.get(who));
        pid.map_or(0.0, |pid| cpu(*pid)) - before.copied().unwrap_or_default()
    });
    let jobs = f64::from(u32::try_from(plan.jobs)?);
    println!(
        "{:>3} slots, judging {:?}, sync {:?}, backlog {}: {:.0} stored/s, {:.0} jobs/s done; \
         CPU per job: server {:.0} us, node {:.0} us",
        plan.slots,
        plan.judging,
        plan.sync,
        plan.backlog,
        jobs / sent,
        jobs / within,
        used[0] / jobs * 1e6,
        used[1] / jobs * 1e6,
    );
    node.drain();
    node.wait().await?;
    server.stop().await;
    Ok(())
}

#[tokio::main]
async fn main() -> Outcome<()> {
    let plans = plans(std::env::args().skip(1))?;
    let dir = tempfile::tempdir()?;
    let (problem, archive) = pack(dir.path())?;
    for plan in plans {
        measure(&plan, &problem, &archive).await?;
    }
    Ok(())
}
