//! The tasks that listen: verdicts, progress, and how the cluster stands.

use std::time::{Duration, Instant};

use anyhow::Result;
use minos_model::{Stage, Tenant};
use minos_queue::Broker;
use tokio::sync::mpsc::UnboundedSender;
use tokio::task::JoinSet;

use super::collect::{News, facts_of};
use super::sample::Sampler;

/// Before the next try, after the broker did not answer.
const PAUSE: Duration = Duration::from_millis(500);

/// Follows verdicts of the tenant, each told with its time.
pub(super) async fn follow_verdicts(
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
                    let judged = facts_of(&judgement, start.elapsed(), false);
                    if tell.send(News::Judged(Box::new(judged))).is_err() {
                        return;
                    }
                }
                // The walk goes on where it was; what it misses is asked for at the end.
                Err(error) => {
                    crate::note(&format!("following verdicts: {error}"));
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    });
    Ok(())
}

/// Follows progress of the tenant: when a slot took a submission. News may be lost; then its wait
/// is not measured.
pub(super) async fn follow_progress(
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

pub(super) async fn watch_samples(sampler: Sampler, every: Duration, tell: UnboundedSender<News>) {
    let mut tick = tokio::time::interval_at(sampler.start.into(), every);
    loop {
        tick.tick().await;
        if tell.send(News::Sample(Box::new(sampler.look().await))).is_err() {
            return;
        }
    }
}
