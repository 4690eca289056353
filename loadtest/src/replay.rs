//! The open loop: submissions leave at their planned times, whatever has become of the earlier
//! ones, while verdicts and progress are collected beside it.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use minos_model::{
    Generation, Job, Judgement, Lane, Pool, ProblemRef, Source, Stage, Submission, SubmissionId,
    Tenant,
};
use minos_queue::{Broker, JudgingId};
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};
use tokio::task::JoinSet;

use crate::corpus::Mix;
use crate::journal::{Fact, Journal, micros};
use crate::ledger::Ledger;

/// How often news of the run are printed and the journal is handed to the kernel.
const NEWS_EVERY: Duration = Duration::from_secs(5);
/// A submission that the broker does not acknowledge is sent again under the same id this often.
const TRIES: u32 = 5;
/// Time to get ready before the first planned send.
const START_IN: Duration = Duration::from_millis(200);
/// At most this many submissions wait for the broker's word at once.
const IN_FLIGHT: usize = 4_096;

/// What is sent, and when.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) tenant: Tenant,
    pub(crate) problem: ProblemRef,
    pub(crate) times: Vec<Duration>,
    /// For each time, an index into the programs of the mix.
    pub(crate) programs: Vec<usize>,
}

impl Plan {
    /// The name of the submission with that index.
    pub(crate) fn id(index: usize) -> String {
        format!("s{index:07}")
    }
}

/// What the tasks of a run tell its ledger.
enum News {
    Sent { index: usize, sent: Duration, acked: Duration },
    Refused { index: usize, sent: Duration, why: String },
    Received { id: String, at: Duration },
    Judged { judgement: Box<Judgement>, at: Duration },
    AllSent,
}

/// A run in progress: what it knows, and where it writes.
struct Run<'a> {
    plan: &'a Plan,
    mix: &'a Mix,
    ledger: Ledger,
    journal: &'a mut Journal,
    /// All times are counted from here.
    start: Instant,
}

/// Sends everything, collects everything, and gives the ledger back. `drain` is how long verdicts
/// are waited for after the last send.
///
/// # Errors
/// When the broker cannot be watched or the journal not written.
pub(crate) async fn run(
    broker: &Broker,
    plan: &Plan,
    mix: &Mix,
    drain: Duration,
    journal: &mut Journal,
) -> Result<Ledger> {
    let ids = plan.times.iter().zip(&plan.programs).enumerate();
    let ids = ids.map(|(index, (at, program))| (Plan::id(index), *at, *program));
    let jobs = jobs(plan, mix)?;
    let (tell, mut news) = mpsc::unbounded_channel();
    let mut tasks = JoinSet::new();
    let start = Instant::now() + START_IN;
    follow_verdicts(broker, &plan.tenant, start, &tell, &mut tasks).await?;
    follow_progress(broker, &plan.tenant, start, &tell, &mut tasks).await?;
    tasks.spawn(send_all(broker.clone(), jobs, start, tell));
    let mut run = Run { plan, mix, ledger: Ledger::new(ids), journal, start };
    run.collect(&mut news, drain).await?;
    tasks.abort_all();
    run.ask_for_missing(broker).await?;
    run.end()?;
    Ok(run.ledger)
}

impl Run<'_> {
    /// Takes in news until everything is sent and judged, or `drain` has passed since the last
    /// send.
    async fn collect(&mut self, news: &mut UnboundedReceiver<News>, drain: Duration) -> Result<()> {
        let mut all_sent: Option<Instant> = None;
        let mut tick = tokio::time::interval(NEWS_EVERY);
        tick.tick().await;
        loop {
            if let Some(sent) = all_sent
                && (self.ledger.missing().next().is_none() || sent.elapsed() > drain)
            {
                return Ok(());
            }
            tokio::select! {
                one = news.recv() => match one {
                    None => return Ok(()),
                    Some(News::AllSent) => all_sent = Some(Instant::now()),
                    Some(one) => self.take_in(&one)?,
                },
                _ = tick.tick() => {
                    self.journal.flush().context("the journal")?;
                    self.tell_progress(all_sent.is_some());
                }
            }
        }
    }

    fn take_in(&mut self, news: &News) -> Result<()> {
        let (plan, mix) = (self.plan, self.mix);
        let about = |index: usize| {
            let planned_us = plan.times.get(index).map_or(0, |at| micros(*at));
            let program = plan.programs.get(index).and_then(|program| mix.programs().get(*program));
            (Plan::id(index), program.map_or("", |program| program.name.as_str()), planned_us)
        };
        match news {
            News::Sent { index, sent, acked } => {
                self.ledger.sent(*index, *sent);
                self.ledger.acked(*index, *acked);
                let (id, program, planned_us) = about(*index);
                let (sent_us, acked_us) = (micros(*sent), micros(*acked));
                let fact = Fact::Sent { id: &id, program, planned_us, sent_us, acked_us };
                self.journal.write(&fact)?;
            }
            News::Refused { index, sent, why } => {
                self.ledger.sent(*index, *sent);
                let (id, program, planned_us) = about(*index);
                let sent_us = micros(*sent);
                let fact = Fact::Refused { id: &id, program, planned_us, sent_us, why };
                self.journal.write(&fact)?;
            }
            News::Received { id, at } => {
                self.ledger.received(id, *at);
                self.journal.write(&Fact::Received { id, at_us: micros(*at) })?;
            }
            News::Judged { judgement, at } => self.judged(judgement, *at)?,
            News::AllSent => {}
        }
        Ok(())
    }

    fn judged(&mut self, judgement: &Judgement, at: Duration) -> Result<()> {
        self.ledger.judged(judgement, at);
        let fact = Fact::Judged {
            id: judgement.submission.as_str(),
            at_us: micros(at),
            verdict: judgement.verdict.as_str(),
            node: judgement.node.as_str(),
            attempt: judgement.attempt,
        };
        self.journal.write(&fact).context("the journal")
    }

    /// Asks for every verdict that was not announced: announcements may be lost, verdicts may not.
    async fn ask_for_missing(&mut self, broker: &Broker) -> Result<()> {
        let missing: Vec<usize> = self.ledger.missing().collect();
        for index in missing {
            let judging = JudgingId {
                tenant: self.plan.tenant.clone(),
                submission: SubmissionId::new(Plan::id(index))?,
                generation: Generation::FIRST,
            };
            if let Some(judgement) = broker.verdict(&judging).await? {
                self.judged(&judgement, self.start.elapsed())?;
            }
        }
        Ok(())
    }

    fn end(&mut self) -> Result<()> {
        let outstanding = self.ledger.missing().count();
        let fact = Fact::End { at_us: micros(self.start.elapsed()), outstanding };
        self.journal.write(&fact)?;
        self.journal.flush().context("the journal")
    }

    fn tell_progress(&self, all_sent: bool) {
        let entries = self.ledger.entries();
        let sent = entries.iter().filter(|entry| entry.acked.is_some()).count();
        let judged = entries.iter().filter(|entry| entry.judged.is_some()).count();
        let state = if all_sent { "waiting for verdicts" } else { "sending" };
        crate::note(&format!("{state}: {sent} of {} stored, {judged} judged", entries.len()));
    }
}

/// Every job of the plan, built before the first is due.
fn jobs(plan: &Plan, mix: &Mix) -> Result<Vec<(Duration, Job)>> {
    let programs = mix.programs();
    plan.times
        .iter()
        .zip(&plan.programs)
        .enumerate()
        .map(|(index, (at, program))| {
            let program = programs.get(*program).context("a program of the mix")?;
            let submission = Submission {
                id: SubmissionId::new(Plan::id(index))?,
                tenant: plan.tenant.clone(),
                generation: Generation::FIRST,
                problem: plan.problem.clone(),
                language: program.language.clone(),
                source: Source::Inline(program.source.clone()),
            };
            let job = Job { submission, lane: Lane::new("contest")?, pool: Pool::new("any")? };
            Ok((*at, job))
        })
        .collect()
}

/// Sends each job at its time. Nothing is waited for: each hand-over is a task of its own.
async fn send_all(
    broker: Broker,
    jobs: Vec<(Duration, Job)>,
    start: Instant,
    tell: UnboundedSender<News>,
) {
    let mut handing_over = JoinSet::new();
    for (index, (at, job)) in jobs.into_iter().enumerate() {
        tokio::time::sleep_until((start + at).into()).await;
        let sent = start.elapsed();
        let (broker, tell) = (broker.clone(), tell.clone());
        handing_over.spawn(async move {
            let news = hand_over(&broker, &job, index, start, sent).await;
            // The ledger outlives every sender.
            drop(tell.send(news));
        });
        while handing_over.try_join_next().is_some() {}
        while handing_over.len() >= IN_FLIGHT {
            handing_over.join_next().await;
        }
    }
    while handing_over.join_next().await.is_some() {}
    drop(tell.send(News::AllSent));
}

/// Hands one job to the broker until it is stored; the same id again is the same submission.
async fn hand_over(
    broker: &Broker,
    job: &Job,
    index: usize,
    start: Instant,
    sent: Duration,
) -> News {
    let mut why = String::new();
    for _ in 0..TRIES {
        match broker.submit(job).await {
            Ok(_) => return News::Sent { index, sent, acked: start.elapsed() },
            Err(error) if error.is_passing() => why = error.to_string(),
            Err(error) => return News::Refused { index, sent, why: error.to_string() },
        }
    }
    News::Refused { index, sent, why }
}

/// Follows verdicts of the tenant, each told with its time.
async fn follow_verdicts(
    broker: &Broker,
    tenant: &Tenant,
    start: Instant,
    tell: &UnboundedSender<News>,
    tasks: &mut JoinSet<()>,
) -> Result<()> {
    let mut verdicts = broker.verdicts(Some(tenant), true).await?;
    let tell = tell.clone();
    tasks.spawn(async move {
        loop {
            match verdicts.next().await {
                Ok(judgement) => {
                    let at = start.elapsed();
                    let judgement = Box::new(judgement);
                    if tell.send(News::Judged { judgement, at }).is_err() {
                        return;
                    }
                }
                // The walk goes on where it was; what it misses is asked for at the end.
                Err(error) => {
                    crate::note(&format!("following verdicts: {error}"));
                    tokio::time::sleep(Duration::from_millis(500)).await;
                }
            }
        }
    });
    Ok(())
}

/// Follows progress of the tenant: when a slot took a submission. News may be lost; then its wait
/// is not measured.
async fn follow_progress(
    broker: &Broker,
    tenant: &Tenant,
    start: Instant,
    tell: &UnboundedSender<News>,
    tasks: &mut JoinSet<()>,
) -> Result<()> {
    let mut progress = broker.follow_progress(tenant).await?;
    let tell = tell.clone();
    tasks.spawn(async move {
        while let Some(news) = progress.next().await {
            let received = News::Received { id: news.submission.to_string(), at: start.elapsed() };
            if news.stage == Stage::Received && tell.send(received).is_err() {
                return;
            }
        }
    });
    Ok(())
}
