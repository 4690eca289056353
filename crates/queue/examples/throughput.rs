//! What this machine's disk lets a broker do with every message synced:
//! `cargo run --release -p minos-queue --example throughput -- [JOBS]`.

#![expect(clippy::print_stdout, reason = "the figures are what it is asked for")]

use std::error::Error;
use std::time::{Duration, Instant};

use futures_util::stream::{self, StreamExt, TryStreamExt};
use minos_model::{
    Generation, Isolation, Job, JudgedProblem, Judgement, Source, Submission, Verdict,
};
use minos_queue::server::LocalServer;
use minos_queue::{Broker, Delivery, Lanes, QueueError, Rotation, Topology};

type Outcome<T> = Result<T, Box<dyn Error>>;

fn job(index: usize) -> Outcome<Job> {
    Ok(Job {
        submission: Submission {
            id: format!("s{index}").parse()?,
            tenant: "default".parse()?,
            generation: Generation::FIRST,
            problem: "aplusb".parse()?,
            language: "cpp17".parse()?,
            source: Source::Inline(vec![b'x'; 1024]),
        },
        lane: "contest".parse()?,
        pool: "any".parse()?,
    })
}

fn judgement(delivery: &Delivery) -> Outcome<Judgement> {
    let submission = delivery.job.clone()?.submission;
    Ok(Judgement {
        submission: submission.id,
        tenant: submission.tenant,
        generation: submission.generation,
        problem: JudgedProblem { id: submission.problem.id, revision: None },
        language: submission.language,
        verdict: Verdict::Accepted,
        score: None,
        decided_by: None,
        groups: Vec::new(),
        fault: None,
        compile: None,
        tests: Vec::new(),
        node: "bench".parse()?,
        attempt: 1,
        isolation: Some(Isolation::Rootless),
    })
}

async fn publish(broker: &Broker, jobs: &[Job], window: usize) -> Outcome<f64> {
    let began = Instant::now();
    stream::iter(jobs)
        .map(|job| broker.submit(job))
        .buffer_unordered(window)
        .try_for_each(async |_stored| Ok(()))
        .await?;
    Ok(rate(jobs.len(), began.elapsed()))
}

/// One slot's life without the judging: until the lanes are empty.
async fn slot(
    broker: &Broker,
    lanes: &Lanes,
    rotation: &mut Rotation,
    archive: bool,
) -> Outcome<usize> {
    let mut done = 0;
    while let Some(delivery) = next(lanes, rotation).await? {
        if archive {
            broker.archive(&delivery).await?;
        }
        broker.store_verdict(&judgement(&delivery)?).await?;
        delivery.ack().await?;
        done += 1;
    }
    Ok(done)
}

async fn next(lanes: &Lanes, rotation: &mut Rotation) -> Result<Option<Delivery>, QueueError> {
    lanes.next(rotation, Duration::from_millis(200)).await
}

fn rate(count: usize, within: Duration) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX)) / within.as_secs_f64()
}

#[tokio::main]
async fn main() -> Outcome<()> {
    let count: usize = std::env::args().nth(1).map_or(Ok(4000), |text| text.parse())?;
    for (slots, archive) in [(1, false), (8, false), (64, false), (64, true)] {
        let directory = tempfile::tempdir()?;
        let server = LocalServer::start(directory.path()).await?;
        let broker = Broker::connect(&server.options()).await?;
        broker.init(&Topology::built_in()).await?;
        let jobs = (0..count).map(job).collect::<Outcome<Vec<_>>>()?;
        let published = publish(&broker, &jobs, slots).await?;
        let pool = "any".parse()?;
        let lanes = broker.bind(&broker.lanes(&pool).await?, &pool).await?;
        let mut rotations = Vec::new();
        for index in 0..slots {
            rotations.push(lanes.rotation(index).await?);
        }
        let began = Instant::now();
        let done = futures_util::future::try_join_all(
            rotations.iter_mut().map(|rotation| slot(&broker, &lanes, rotation, archive)),
        )
        .await?;
        // The last pull of each slot finds nothing and waits.
        let within = began.elapsed().saturating_sub(Duration::from_millis(200));
        let judged = rate(done.iter().sum(), within);
        println!(
            "{slots:>3} at once, archive {archive}: {published:.0} submissions/s stored, \
             {judged:.0} jobs/s pulled, judged (for nothing), stored and acknowledged"
        );
        server.stop().await;
    }
    Ok(())
}
