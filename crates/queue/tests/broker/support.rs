//! A cluster of one test: a private server, a short topology, jobs and judgements.

use std::time::{Duration, Instant};

use minos_model::{
    Generation, Isolation, Job, JudgedProblem, Judgement, NodeId, Source, Submission, Verdict,
};
use minos_queue::server::LocalServer;
use minos_queue::{Broker, Delivery, Lanes, Rotation, Topology};

/// How long a test waits for anything.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);
/// How long a delivery of a test stays ours without a beat.
pub(crate) const ACK_WAIT: Duration = Duration::from_millis(600);

pub(crate) struct Cluster {
    pub(crate) server: LocalServer,
    pub(crate) broker: Broker,
    pub(crate) directory: tempfile::TempDir,
}

/// The built-in topology with deliveries that run out soon, three at most.
pub(crate) fn topology() -> Topology {
    Topology { ack_wait: ACK_WAIT, max_deliver: 3, ..Topology::built_in() }
}

pub(crate) async fn cluster() -> Cluster {
    cluster_of(&topology()).await
}

pub(crate) async fn cluster_of(topology: &Topology) -> Cluster {
    let directory = tempfile::tempdir().unwrap();
    let server = LocalServer::start(directory.path()).await.unwrap();
    let broker = Broker::connect(&server.options()).await.unwrap();
    broker.init(topology).await.unwrap();
    Cluster { server, broker, directory }
}

impl Cluster {
    pub(crate) async fn lanes(&self) -> Lanes {
        let pool = "any".parse().unwrap();
        let lanes = self.broker.lanes(&pool).await.unwrap();
        self.broker.bind(&lanes, &pool).await.unwrap()
    }

    /// The next delivery, waited for.
    pub(crate) async fn take(&self, lanes: &Lanes, rotation: &mut Rotation) -> Delivery {
        eventually("a delivery", async || {
            lanes.next(rotation, Duration::from_millis(100)).await.ok().flatten()
        })
        .await
    }
}

/// Asks until there is an answer.
pub(crate) async fn eventually<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    let mut ticks = tokio::time::interval(Duration::from_millis(2));
    loop {
        ticks.tick().await;
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(Instant::now() < deadline, "no {what} within {PATIENCE:?}");
    }
}

pub(crate) fn job(id: &str) -> Job {
    job_in("contest", id)
}

pub(crate) fn job_in(lane: &str, id: &str) -> Job {
    Job {
        submission: Submission {
            id: id.parse().unwrap(),
            tenant: "default".parse().unwrap(),
            generation: Generation::FIRST,
            problem: "aplusb".parse().unwrap(),
            language: "cpp17".parse().unwrap(),
            source: Source::Inline(b"int main(){}".to_vec()),
        },
        lane: lane.parse().unwrap(),
        pool: "any".parse().unwrap(),
    }
}

pub(crate) fn node(name: &str) -> NodeId {
    name.parse().unwrap()
}

pub(crate) fn judgement(job: &Job, verdict: Verdict, by: &str) -> Judgement {
    Judgement {
        submission: job.submission.id.clone(),
        tenant: job.submission.tenant.clone(),
        generation: job.submission.generation,
        problem: JudgedProblem { id: job.submission.problem.id.clone(), revision: None },
        language: job.submission.language.clone(),
        verdict,
        score: None,
        decided_by: None,
        groups: Vec::new(),
        fault: None,
        compile: None,
        tests: Vec::new(),
        node: node(by),
        attempt: 1,
        isolation: Some(Isolation::Rootless),
    }
}
