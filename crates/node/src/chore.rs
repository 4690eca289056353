//! A chore: an actor that does one thing again and again. The thing runs in a task that the actor
//! owns, so that it stays able to stop; the pause begins when the thing is done, so that nothing
//! piles up while the broker is slow. One that panics fails the actor, and the supervisor starts it
//! again.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use ractor::{Actor, ActorProcessingErr, ActorRef};
use tokio::task::JoinSet;

use crate::supervisor::{Aide, NodeMessage};

/// The thing; it reports nothing.
type Work =
    Arc<dyn Fn(ActorRef<NodeMessage>) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync>;

/// What a chore is told.
pub(crate) enum Turn {
    /// Do it.
    Again,
    /// It is done, or (`false`) its task died.
    Ended(bool),
}

/// The actor.
struct Chore;

struct Routine {
    name: &'static str,
    pause: Duration,
    work: Work,
    node: ActorRef<NodeMessage>,
    task: JoinSet<()>,
}

/// Tells the actor how its task ended, panics included.
struct Report {
    to: ActorRef<Turn>,
    well: bool,
}

impl Report {
    /// The task has ended well.
    fn well(mut self) {
        self.well = true;
    }
}

impl Drop for Report {
    fn drop(&mut self) {
        // An actor that has gone aborts the task, and needs no report.
        drop(self.to.cast(Turn::Ended(self.well)));
    }
}

/// A chore as the supervisor starts it.
pub(crate) fn chore<W, F>(name: &'static str, pause: Duration, work: W) -> Aide
where
    W: Fn(ActorRef<NodeMessage>) -> F + Send + Sync + 'static,
    F: Future<Output = ()> + Send + 'static,
{
    let work: Work = Arc::new(move |node| Box::pin(work(node)));
    Arc::new(move |node| {
        let routine = (name, pause, Arc::clone(&work), node.clone());
        Box::pin(async move {
            let (chore, _handle) =
                Actor::spawn_linked(None, Chore, routine, node.get_cell()).await?;
            Ok(chore.get_cell())
        })
    })
}

impl Actor for Chore {
    type Msg = Turn;
    type State = Routine;
    type Arguments = (&'static str, Duration, Work, ActorRef<NodeMessage>);

    async fn pre_start(
        &self,
        me: ActorRef<Turn>,
        (name, pause, work, node): Self::Arguments,
    ) -> Result<Routine, ActorProcessingErr> {
        me.cast(Turn::Again)?;
        Ok(Routine { name, pause, work, node, task: JoinSet::new() })
    }

    async fn handle(
        &self,
        me: ActorRef<Turn>,
        turn: Turn,
        routine: &mut Routine,
    ) -> Result<(), ActorProcessingErr> {
        match turn {
            Turn::Again => {
                let work = (routine.work)(routine.node.clone());
                let report = Report { to: me, well: false };
                routine.task.spawn(async move {
                    work.await;
                    report.well();
                });
                Ok(())
            }
            Turn::Ended(true) => {
                while routine.task.try_join_next().is_some() {}
                me.send_after(routine.pause, || Turn::Again);
                Ok(())
            }
            Turn::Ended(false) => Err(format!("the {} died at its work", routine.name).into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::eventually;
    use std::sync::atomic::{AtomicU32, Ordering};

    struct Parent;

    impl Actor for Parent {
        type Msg = NodeMessage;
        type State = u32;
        type Arguments = Aide;

        async fn pre_start(
            &self,
            _me: ActorRef<NodeMessage>,
            _aide: Aide,
        ) -> Result<u32, ActorProcessingErr> {
            Ok(0)
        }

        async fn handle_supervisor_evt(
            &self,
            _me: ActorRef<NodeMessage>,
            _event: ractor::SupervisionEvent,
            _ended: &mut u32,
        ) -> Result<(), ActorProcessingErr> {
            Ok(())
        }
    }

    #[tokio::test]
    async fn a_chore_is_done_again_after_its_pause_until_it_dies() {
        let done = Arc::new(AtomicU32::new(0));
        let count = Arc::clone(&done);
        let aide = chore("test", Duration::from_millis(1), move |_node| {
            let count = Arc::clone(&count);
            async move {
                let times = count.fetch_add(1, Ordering::SeqCst) + 1;
                assert!(times < 5, "five times is enough");
            }
        });
        let (parent, _handle) = Actor::spawn(None, Parent, Arc::clone(&aide)).await.unwrap();
        let cell = aide(parent).await.unwrap();
        eventually("the end", || {
            matches!(
                cell.get_status(),
                ractor::ActorStatus::Stopped | ractor::ActorStatus::Stopping
            )
        })
        .await;
        assert_eq!(done.load(Ordering::SeqCst), 5);
    }
}
