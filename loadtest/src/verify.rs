//! `minos-load verify`: the accounting of a run whose generator was killed, from its journal.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use minos_model::Tenant;
use minos_queue::Verdicts;

use crate::args::VerifyArgs;
use crate::journal::{self, Fact, Journal, micros};
use crate::record::{Entry, Record};
use crate::report::{self, Report};
use crate::run::{Watch, connect, facts_of, finish, runtime, tell};
use crate::{Failure, note};

/// How often it is said how many verdicts are missing.
const NEWS_EVERY: Duration = Duration::from_secs(10);

/// Finishes the accounting; whether the run was good.
///
/// # Errors
/// When there is no such run or no broker.
pub(crate) fn run(args: &VerifyArgs) -> Result<bool, Failure> {
    let record = journal::read(&args.run).map_err(Failure::Input)?;
    let report = runtime()?.block_on(verify(args, &record)).map_err(Failure::Environment)?;
    tell(&report, args.json)?;
    Ok(report.is_good())
}

async fn verify(args: &VerifyArgs, record: &Record) -> Result<Report> {
    let broker = connect(&args.common).await?;
    let tenant: Tenant = record.start.tenant.parse().context("the journal's tenant")?;
    let mut journal = Journal::open(&args.run).context("the journal")?;
    let at_us = micros(since(record));
    journal.write(&Fact::Resumed { at_us })?;
    journal.flush()?;

    let planned = record.start.planned + record.start.storm;
    let mut watch = Watch::of(usize::try_from(planned).unwrap_or(0));
    for (index, entry) in record.entries().iter().enumerate() {
        if entry.acked.is_some() {
            watch.stored(index);
        }
        if entry.has_verdict() {
            watch.judged(index);
        }
    }
    // What waits is the broker's, whether or not its word reached the journal.
    for submission in broker.pending(&tenant).await? {
        if let Some(index) = journal::index(submission.as_str()) {
            watch.stored(index);
        }
    }
    let verdicts = broker.verdicts(Some(&tenant), true).await?;
    follow(verdicts, args.drain.duration(), record, &mut watch, &mut journal).await?;
    finish(&broker, &tenant, &mut watch, &mut journal, since(record)).await?;
    drop(journal);
    report::finish(&args.run)
}

/// Follows the verdicts until none is missing. Those that the journal has are passed over once: a
/// second one for the same submission is a doubled one.
async fn follow(
    mut verdicts: Verdicts,
    drain: Duration,
    record: &Record,
    watch: &mut Watch,
    journal: &mut Journal,
) -> Result<()> {
    let began = Instant::now();
    let mut seen: Vec<bool> = record.entries().iter().map(Entry::has_verdict).collect();
    let mut stored_before = true;
    let mut tick = tokio::time::interval(NEWS_EVERY);
    tick.tick().await;
    loop {
        // First everything that is stored already: it comes at once.
        let pause = if stored_before { Duration::from_millis(500) } else { NEWS_EVERY };
        tokio::select! {
            judgement = verdicts.next() => {
                let judgement = judgement?;
                let index = journal::index(judgement.submission.as_str());
                let known = index.and_then(|index| seen.get_mut(index));
                if known.is_some_and(std::mem::take) {
                    continue;
                }
                journal.write(&Fact::Judged(Box::new(facts_of(&judgement, since(record), true))))?;
                if let Some(index) = index {
                    watch.judged(index);
                }
            }
            () = tokio::time::sleep(pause) => stored_before = false,
            _ = tick.tick() => note(&format!("{} verdicts are missing", watch.missing)),
        }
        if !stored_before && (watch.missing == 0 || began.elapsed() > drain) {
            return Ok(());
        }
    }
}

/// The time since the run began.
fn since(record: &Record) -> Duration {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    now.saturating_sub(Duration::from_micros(record.start.started_unix_us))
}
