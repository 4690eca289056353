//! Takes in what comes back, and writes it down.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use minos_model::{CpuTime, Generation, Judgement, SubmissionId, Tenant, WallTime};
use minos_queue::{Broker, JudgingId};
use tokio::sync::mpsc::{self, UnboundedReceiver};
use tokio::task::JoinSet;

use super::Plan;
use super::climb::Climb;
use super::follow::{follow_progress, follow_verdicts, watch_samples};
use super::plan::Promise;
use super::progress::Progress;
use super::sample::Sampler;
use super::send::Sender;
use super::watch::Watch;
use crate::corpus::Mix;
use crate::journal::{self, Fact, Journal, Judged, Sample, micros};
use crate::label;

/// How often progress is shown.
const LOOK: Duration = Duration::from_millis(500);
/// So much news is taken in before the journal is handed to the kernel.
const BATCH: usize = 1_024;
/// Verdicts that are asked for at once.
const ASKED: usize = 64;

/// What the tasks of a run tell.
#[derive(Debug)]
pub(super) enum News {
    Sent {
        index: usize,
        sent: Duration,
        acked: Duration,
        storm: bool,
    },
    Refused {
        id: String,
        index: usize,
        sent: Duration,
        why: String,
    },
    Received {
        id: String,
        at: Duration,
    },
    Judged(Box<Judged>),
    Sample(Box<Sample>),
    /// Nothing more is sent; so many were left.
    Stopped(u64),
    /// A sender is through.
    AllSent,
}

/// When a run is over.
#[derive(Debug)]
pub(crate) struct Ends {
    /// How long verdicts are waited for after the last send.
    pub(crate) drain: Duration,
    /// For a climbing run: what it is held to.
    pub(crate) breakpoint: Option<Promise>,
}

/// A run in progress.
struct Run<'a> {
    plan: &'a Plan,
    journal: &'a mut Journal,
    watch: Watch,
    climb: Option<Climb>,
    progress: Progress,
    start: Instant,
    /// Senders that are not through.
    sending: usize,
}

/// Sends everything and writes down everything that comes back.
///
/// # Errors
/// When the broker cannot be watched or the journal not written.
pub(super) async fn run(
    plan: &Arc<Plan>,
    mix: &Arc<Mix>,
    sampler: Sampler,
    ends: Ends,
    journal: &mut Journal,
) -> Result<()> {
    let (start, broker) = (sampler.start, &sampler.broker.clone());
    let (tell, mut news) = mpsc::unbounded_channel();
    let mut tasks = JoinSet::new();
    follow_verdicts(broker, &plan.tenant, start, &tell, &mut tasks).await?;
    follow_progress(broker, &plan.tenant, start, &tell, &mut tasks).await?;
    let stop = Arc::new(AtomicBool::new(false));
    let sender = Sender {
        broker: broker.clone(),
        plan: Arc::clone(plan),
        mix: Arc::clone(mix),
        start,
        tell: tell.clone(),
        stop: Arc::clone(&stop),
    };
    tasks.spawn(watch_samples(sampler, Sampler::every(plan.duration), tell));
    let storm = plan.storm_size() > 0;
    if storm {
        tasks.spawn(sender.clone().storm());
    }
    tasks.spawn(sender.live());
    let mut run = Run {
        plan,
        journal,
        watch: Watch::of(plan.programs.len()),
        climb: ends.breakpoint.map(|promise| Climb::new(promise, &plan.times)),
        progress: Progress::new(plan.programs.len()),
        start,
        sending: 1 + usize::from(storm),
    };
    run.collect(&mut news, ends.drain, &stop).await?;
    tasks.abort_all();
    run.progress.end();
    finish(broker, &plan.tenant, &mut run.watch, run.journal, start.elapsed()).await
}

impl Run<'_> {
    /// Takes in news until everything is sent and judged, or `drain` has passed since the last
    /// send.
    async fn collect(
        &mut self,
        news: &mut UnboundedReceiver<News>,
        drain: Duration,
        stop: &AtomicBool,
    ) -> Result<()> {
        let mut sent_since: Option<Instant> = None;
        let mut tick = tokio::time::interval(LOOK);
        let mut batch = Vec::with_capacity(BATCH);
        loop {
            if self.sending == 0 {
                let since = *sent_since.get_or_insert_with(Instant::now);
                if self.watch.missing == 0 || since.elapsed() > drain {
                    return Ok(());
                }
            }
            tokio::select! {
                count = news.recv_many(&mut batch, BATCH) => {
                    if count == 0 {
                        return Ok(());
                    }
                    for one in batch.drain(..) {
                        self.take_in(one).context("the journal")?;
                    }
                    self.journal.flush().context("the journal")?;
                }
                _ = tick.tick() => {
                    self.progress.show(&self.watch, self.sending > 0);
                    let broke = self.climb.as_mut().is_some_and(|climb| climb.broke(self.start.elapsed()));
                    if broke {
                        stop.store(true, Ordering::Relaxed);
                    }
                }
            }
        }
    }

    fn take_in(&mut self, news: News) -> Result<()> {
        let planned = |index: usize| self.plan.times.get(index).copied();
        let program = |index: usize| self.plan.programs.get(index).copied().unwrap_or(usize::MAX);
        let fact = match news {
            News::Sent { index, sent, acked, storm } => {
                self.watch.stored(index);
                Fact::Sent {
                    id: journal::id(index),
                    program: program(index),
                    planned_us: micros(planned(index).unwrap_or(sent)),
                    sent_us: micros(sent),
                    acked_us: micros(acked),
                    storm,
                }
            }
            News::Refused { id, index, sent, why } => Fact::Refused {
                id,
                program: program(index),
                planned_us: micros(planned(index).unwrap_or(sent)),
                sent_us: micros(sent),
                why,
            },
            News::Received { id, at } => {
                if let (Some(climb), Some(index)) = (self.climb.as_mut(), journal::index(&id)) {
                    climb.received(index, at);
                }
                self.progress.received(journal::index(&id).and_then(planned), at);
                Fact::Received { id, at_us: micros(at) }
            }
            News::Judged(judged) => {
                if let Some(index) = journal::index(&judged.id) {
                    self.watch.judged(index);
                }
                Fact::Judged(judged)
            }
            News::Sample(sample) => {
                self.progress.sample(&sample);
                Fact::Sample(sample)
            }
            News::Stopped(unsent) => {
                let at_us = micros(self.start.elapsed());
                let why = self.climb.as_ref().map_or("", Climb::why).to_owned();
                Fact::Stopped { at_us, unsent, why }
            }
            News::AllSent => {
                self.sending = self.sending.saturating_sub(1);
                return Ok(());
            }
        };
        Ok(self.journal.write(&fact)?)
    }
}

/// Asks for every verdict that was not announced: announcements may be lost, verdicts may not.
///
/// # Errors
/// When the broker does not answer.
async fn ask_for_missing(
    broker: &Broker,
    tenant: &Tenant,
    missing: impl Iterator<Item = usize>,
) -> Result<Vec<Judgement>> {
    let mut asking = JoinSet::new();
    let mut found = Vec::new();
    for index in missing {
        while asking.len() >= ASKED {
            found.extend(asking.join_next().await.transpose()?.transpose()?.flatten());
        }
        let (broker, tenant) = (broker.clone(), tenant.clone());
        let submission = SubmissionId::new(journal::id(index))?;
        let judging = JudgingId { tenant, submission, generation: Generation::FIRST };
        asking.spawn(async move { broker.verdict(&judging).await });
    }
    while let Some(one) = asking.join_next().await {
        found.extend(one??);
    }
    Ok(found)
}

/// The submissions of this run that wait or are being judged.
async fn waiting(broker: &Broker, tenant: &Tenant) -> Result<HashSet<usize>> {
    let waiting = broker.pending(tenant).await?;
    Ok(waiting.iter().filter_map(|id| journal::index(id.as_str())).collect())
}

/// Asks for what is missing, and writes down what was found, what still waits, and that this is the
/// end.
///
/// # Errors
/// When the broker does not answer or the journal cannot be written.
pub(crate) async fn finish(
    broker: &Broker,
    tenant: &Tenant,
    watch: &mut Watch,
    journal: &mut Journal,
    at: Duration,
) -> Result<()> {
    // First what waits, then the verdicts of what does not, so that nothing slips from one to the
    // other in between; what was in neither is looked for among the waiting once more.
    let mut waiting = waiting(broker, tenant).await?;
    let missing = watch.missing().into_iter().filter(|index| !waiting.contains(index));
    for judgement in ask_for_missing(broker, tenant, missing).await? {
        if let Some(index) = journal::index(judgement.submission.as_str()) {
            watch.judged(index);
        }
        journal.write(&Fact::Judged(Box::new(facts_of(&judgement, at, true))))?;
    }
    let missing = watch.missing();
    if missing.iter().any(|index| !waiting.contains(index)) {
        waiting.extend(self::waiting(broker, tenant).await?);
    }
    for index in missing.into_iter().filter(|index| waiting.contains(index)) {
        journal.write(&Fact::Pending { id: journal::id(index) })?;
    }
    let outstanding = u64::try_from(watch.missing).unwrap_or(u64::MAX);
    journal.write(&Fact::End { at_us: micros(at), outstanding })?;
    journal.flush().context("the journal")
}

/// A verdict as the journal keeps it.
pub(crate) fn facts_of(judgement: &Judgement, at: Duration, found: bool) -> Judged {
    let ran = judgement.tests.iter().filter(|test| test.cause.is_some());
    let mut run = CpuTime::ZERO;
    let mut wall = WallTime::ZERO;
    let mut runs = 0;
    for test in ran {
        run = run.saturating_add(test.cpu);
        wall = wall.saturating_add(test.wall);
        runs += 1;
    }
    let compile = judgement.compile.as_ref();
    let cached = compile.is_some_and(|compile| compile.cached);
    Judged {
        id: judgement.submission.to_string(),
        at_us: micros(at),
        verdict: judgement.verdict.to_string(),
        label: label::of(judgement),
        node: judgement.node.to_string(),
        attempt: judgement.attempt,
        cached,
        compile_us: compile.filter(|_| !cached).map_or(0, |compile| compile.cpu.micros()),
        run_us: run.micros(),
        wall_us: wall.micros(),
        runs,
        found,
    }
}
