//! The broker, the problem and the node of one measurement, and what they use of the machine.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use minos_judge::{Builds, Sandboxed, Workshop, prepare};
use minos_model::{Generation, Job, NodeId, Source, Submission};
use minos_node::{NodeConfig, NodeHandle, rehearsal};
use minos_problem::{Cache, Languages, Package, Problem};
use minos_queue::server::{LocalServer, ServerOptions};
use minos_queue::{Broker, Topology};
use minos_sandbox::{Sandbox, SandboxConfig};

use crate::Outcome;
use crate::plan::Plan;

/// A package that is ready, and its archive.
pub(crate) struct Ready {
    pub(crate) problem: Problem,
    archive: PathBuf,
}

/// Makes the package ready; blocks.
pub(crate) fn pack(dir: &Path) -> Outcome<Ready> {
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
    Ok(Ready { problem, archive })
}

/// A broker with its streams and the problem.
pub(crate) struct Stage {
    pub(crate) server: LocalServer,
    pub(crate) broker: Broker,
    pub(crate) directory: tempfile::TempDir,
    pub(crate) revision: minos_model::Digest,
}

impl Stage {
    pub(crate) async fn set(plan: &Plan, ready: &Ready) -> Outcome<Self> {
        let directory = tempfile::tempdir()?;
        let options =
            ServerOptions { sync_interval: plan.sync, ..ServerOptions::new(directory.path()) };
        let server = LocalServer::start_with(options).await?;
        let broker = Broker::connect(&server.options()).await?;
        broker.init(&Topology::built_in()).await?;
        let mut archive = tokio::fs::File::open(&ready.archive).await?;
        let Problem { id, revision, name, .. } = &ready.problem;
        broker.put_package(id, revision, name, &mut archive).await?;
        Ok(Self { server, broker, directory, revision: *revision })
    }

    /// The node, with a state directory of its own.
    pub(crate) async fn node(&self, plan: &Plan) -> Outcome<NodeHandle> {
        let state = self.directory.path().join("node");
        let config = NodeConfig::local(&state, self.server.options(), plan.slots.try_into().ok())
            .named(NodeId::new("rehearsal")?);
        rehearsal::start(config, self.broker.clone(), plan.judging).await.map_err(Box::from)
    }

    /// Until every slot of a node waits for a job.
    pub(crate) async fn idle(node: &NodeHandle, plan: &Plan) {
        let mut ticks = tokio::time::interval(Duration::from_millis(5));
        while node.slots().idle < u32::from(plan.slots) {
            ticks.tick().await;
        }
    }

    /// The broker's process and this one.
    pub(crate) fn pids(&self) -> [u32; 2] {
        [self.server.pid().unwrap_or_default(), std::process::id()]
    }

    /// Publishes jobs, some at once; the seconds it took.
    pub(crate) async fn publish(
        &self,
        jobs: impl Iterator<Item = Outcome<Job>>,
        window: usize,
    ) -> Outcome<f64> {
        let began = Instant::now();
        stream::iter(jobs)
            .map(async |job| self.broker.submit(&job?).await.map_err(Box::from))
            .buffer_unordered(window)
            .try_for_each(async |_stored| Outcome::Ok(()))
            .await?;
        Ok(began.elapsed().as_secs_f64())
    }

    pub(crate) async fn unfinished(&self) -> Outcome<u64> {
        let lanes = self.broker.status().await?.lanes;
        Ok(lanes.iter().map(|lane| lane.pending + lane.in_flight).sum())
    }

    /// Until every job has its verdict and is acknowledged.
    pub(crate) async fn judged(&self) -> Outcome<()> {
        let mut ticks = tokio::time::interval(Duration::from_millis(20));
        loop {
            ticks.tick().await;
            if self.unfinished().await? == 0 {
                return Ok(());
            }
        }
    }

    /// What a long queue costs: memory of broker and node, and how long a status takes.
    pub(crate) async fn weigh(&self, when: &str) -> Outcome<()> {
        let asked = Instant::now();
        let pending: u64 = self.broker.status().await?.lanes.iter().map(|lane| lane.pending).sum();
        let took = asked.elapsed();
        let [server, node] = self.pids().map(memory);
        println!(
            "    {when}: {pending} wait; server {server} MiB, node {node} MiB; status {took:.1?}"
        );
        Ok(())
    }
}

/// A submission of a team.
pub(crate) fn job(tenant: &str, id: &str) -> Outcome<Job> {
    Ok(Job {
        submission: Submission {
            id: id.parse()?,
            tenant: tenant.parse()?,
            generation: Generation::FIRST,
            problem: "range-sums".parse()?,
            language: "cpp17".parse()?,
            source: Source::Inline(vec![b'x'; 1024]),
        },
        lane: "contest".parse()?,
        pool: "any".parse()?,
    })
}

/// So many, all of one team.
pub(crate) fn jobs(count: usize) -> impl Iterator<Item = Outcome<Job>> {
    (0..count).map(|index| job("default", &format!("s{index}")))
}

/// Memory of a process, in MiB.
fn memory(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|rest| rest.trim().trim_end_matches(" kB").parse::<u64>().ok()).unwrap_or(0)
        / 1024
}

/// Processor time of a process so far, in seconds.
pub(crate) fn cpu(pid: u32) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let rest = stat.rsplit_once(") ").map(|(_, rest)| rest).unwrap_or_default();
    let ticks: u32 =
        rest.split(' ').skip(11).take(2).filter_map(|ticks| ticks.parse::<u32>().ok()).sum();
    f64::from(ticks) / 100.0
}
