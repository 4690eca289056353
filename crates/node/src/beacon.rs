//! The beacon: tells the cluster that this node lives, hears what operators tell it, and takes its
//! turn at finding jobs that no node gave an answer for.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use minos_model::{Isolation, NodeId, Pool};
use minos_queue::{Broker, Control, NodeState};
use ractor::ActorRef;

use crate::board::Board;
use crate::chore::chore;
use crate::cluster::Cancelled;
use crate::metrics;
use crate::ready::{BROKER_CHECK, Readiness};
use crate::slot::Wish;
use crate::supervisor::{Aide, NodeMessage};

/// Readiness tells the truth within five seconds, so a beat may not be older than that.
const BEAT: Duration = Duration::from_secs(1);
/// A beat that the broker has not taken by then is lost, as one is whose connection has died: the next
/// one tells whether it is back.
const BEAT_WITHIN: Duration = Duration::from_secs(2);
/// Before a watch that ended is made again.
const WATCH_AGAIN: Duration = Duration::from_secs(1);
/// Between two looks for jobs that ran out of deliveries. Each node looks; the extra milliseconds
/// keep nodes that started together apart.
const JANITOR_MS: (u64, u64) = (8_000, 12_000);

/// What does not change in a beat.
#[derive(Debug, Clone)]
pub(crate) struct Who {
    pub(crate) node: NodeId,
    pub(crate) pool: Pool,
    pub(crate) isolation: Isolation,
}

/// Beats.
pub(crate) fn beacon(broker: Broker, board: Board, who: Who) -> Aide {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let started_ms = u64::try_from(now.as_millis()).unwrap_or(u64::MAX);
    chore("beacon", BEAT, move |_node| {
        let (broker, board, who) = (broker.clone(), board.clone(), who.clone());
        async move {
            let count = board.count();
            let state = NodeState {
                node: who.node,
                pool: who.pool,
                slots: board.slots(),
                busy: count.busy,
                quarantined: count.quarantined,
                states: board.doings().iter().map(|doing| doing.as_str().to_owned()).collect(),
                unready: unready(&board),
                restarts: board.restarts(),
                recent: board.recent(),
                draining: board.draining(),
                isolation: who.isolation,
                version: env!("CARGO_PKG_VERSION").to_owned(),
                judged: board.judged_by_all(),
                started_ms,
                beat_ms: 0,
            };
            match tokio::time::timeout(BEAT_WITHIN, broker.beat(&state)).await {
                Ok(Ok(())) => board.beat(),
                Ok(Err(error)) => tracing::warn!(%error, "the broker did not take a beat"),
                Err(_late) => tracing::warn!("the broker did not take a beat in time"),
            }
        }
    })
}

/// Why this node is not ready; that it reaches the broker is what a beat shows by itself.
fn unready(board: &Board) -> Vec<String> {
    let checks = Readiness::new(board.clone()).ready();
    let bad = checks.into_iter().filter(|(name, _)| *name != BROKER_CHECK);
    bad.filter_map(|(name, check)| check.err().map(|why| format!("{name}: {why}"))).collect()
}

/// Hears operators: drain, resume, cancel.
pub(crate) fn ears(broker: Broker, node: NodeId, cancelled: Arc<Cancelled>) -> Aide {
    // A watch that is made again begins with what holds: only a word that was written since is
    // passed on. Not only one that differs: a node that drained itself is told to resume by the
    // same "resume" as the last time.
    let heard = Arc::new(AtomicU64::new(0));
    chore("control watch", WATCH_AGAIN, move |supervisor| {
        let (broker, node) = (broker.clone(), node.clone());
        let (cancelled, heard) = (Arc::clone(&cancelled), Arc::clone(&heard));
        async move {
            let mut watch = match broker.watch_control().await {
                Ok(watch) => watch,
                Err(error) => {
                    tracing::warn!(%error, "operators cannot be heard");
                    return;
                }
            };
            loop {
                match watch.next().await {
                    Ok(Some(Control::Drain { node: named, on })) if named == node => {
                        let revision = watch.revision();
                        if heard.swap(revision, Ordering::SeqCst) != revision {
                            let wish = if on { Wish::Rest } else { Wish::Take };
                            tell(&supervisor, NodeMessage::Wish(wish));
                        }
                    }
                    Ok(Some(Control::Drain { .. })) => {}
                    Ok(Some(Control::Cancel(judging))) => {
                        cancelled.add(judging.clone());
                        tell(&supervisor, NodeMessage::Cancel(judging));
                    }
                    Ok(None) => return,
                    Err(error) => {
                        tracing::warn!(%error, "operators cannot be heard for a moment");
                        return;
                    }
                }
            }
        }
    })
}

/// Buries what every delivery of has run out.
pub(crate) fn janitor(broker: Broker) -> Aide {
    let (least, most) = JANITOR_MS;
    let pause = Duration::from_millis(crate::jitter::between(least, most));
    chore("janitor", pause, move |_node| {
        let broker = broker.clone();
        async move {
            match broker.collect_exhausted().await {
                Ok(0) => {}
                Ok(number) => {
                    tracing::warn!(number, "jobs that no node gave an answer for were buried");
                    for _ in 0..number {
                        metrics::dead_lettered(metrics::Buried::Deliveries);
                    }
                }
                Err(error) => tracing::warn!(%error, "the janitor could not look"),
            }
        }
    })
}

/// A supervisor that is ending needs no news.
fn tell(supervisor: &ActorRef<NodeMessage>, message: NodeMessage) {
    drop(supervisor.cast(message));
}
