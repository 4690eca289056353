//! The node's supervisor: owns the slots, replaces the ones that fail, quarantines the ones that
//! keep failing, and ends when every slot has left.
//!
//! ```text
//!   Take ◀──▶ Rest        (operator, or half of the slots in quarantine: Rest)
//!     └────┬────┘   half of them free again: Take
//!        Leave ── grace over ──▶ LeaveNow ── [`FORCE_AFTER`] ──▶ slots killed
//!          └──── every slot has left: the supervisor stops ────────┘
//! ```
//!
//! ractor has no restart strategies, and its default supervision stops the supervisor when a child
//! ends; a child that fails in `pre_start` sends no event at all. Both are handled here. No handler
//! of this actor fails or waits: its death would kill every run.

mod record;
#[cfg(test)]
mod tests;
mod trust;

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use minos_queue::JudgingId;
use ractor::{Actor, ActorCell, ActorId, ActorProcessingErr, ActorRef, SpawnErr, SupervisionEvent};

use self::record::{Record, STABLE, Sentence};
use crate::board::Doing;
use crate::border::Seat;
use crate::metrics::{self, Restart};
use crate::ports::Outside;
use crate::slot::{Crew, Life, SlotActor, SlotMessage, Wish};
use crate::walk::Replace;

/// Slots that hand their jobs back are killed after this time.
const FORCE_AFTER: Duration = Duration::from_secs(8);
/// The pulse that liveness reads.
const TICK: Duration = Duration::from_secs(1);
/// The longest quarantine, in first ones: a power of two.
const LONGEST_TERM: u32 = 16;
/// An aide (beacon, reaper) that ended is started again after this time.
const AIDE_PAUSE: Duration = Duration::from_secs(1);

/// What the supervisor can be told.
#[derive(Debug, Clone)]
pub(crate) enum NodeMessage {
    /// The node's wish, from an operator or a signal.
    Wish(Wish),
    /// The operator has cancelled a submission.
    Cancel(JudgingId),
    /// The pause of that slot's life is over.
    Restart { slot: u16, life: u64 },
    /// The term of a quarantined slot is over.
    Parole { slot: u16, life: u64 },
    /// That life of a slot has lasted.
    Stable { slot: u16, life: u64 },
    /// The grace of a drain is over.
    GraceOver,
    /// Whoever has not left by now is killed.
    Force,
    /// Start that aide again.
    Aide(usize),
    /// The pulse.
    Tick,
}

/// Starts one of the node's other actors, linked to the supervisor.
pub(crate) type Aide = Arc<
    dyn Fn(
            ActorRef<NodeMessage>,
        ) -> Pin<Box<dyn Future<Output = Result<ActorCell, SpawnErr>> + Send>>
        + Send
        + Sync,
>;

/// What a supervisor starts with.
pub(crate) struct Plan<O: Outside> {
    pub(crate) crew: Crew<O>,
    /// One for each slot, shared with who waits for the node's end.
    pub(crate) seats: Vec<Seat>,
    /// How long a drain waits for running jobs.
    pub(crate) grace: Duration,
    pub(crate) aides: Vec<Aide>,
    /// How long the first quarantine of a slot lasts; each further one twice as long, up to
    /// [`LONGEST_TERM`] times.
    pub(crate) term: Duration,
}

/// The actor; everything it knows is in its state.
pub(crate) struct Supervisor<O: Outside>(std::marker::PhantomData<fn() -> O>);

impl<O: Outside> Supervisor<O> {
    pub(crate) const fn new() -> Self {
        Self(std::marker::PhantomData)
    }
}

/// One slot, over all its lives.
struct Post<O: Outside> {
    index: u16,
    seat: Seat,
    actor: Option<ActorRef<SlotMessage<O>>>,
    life: u64,
    record: Record,
}

/// How a life of a slot ended.
struct Failure {
    restart: Restart,
    why: String,
    blamed: bool,
}

/// Who a child was.
#[derive(Debug, Clone, Copy)]
enum Child {
    Slot(u16),
    Aide(usize),
}

/// What the supervisor knows.
pub(crate) struct House<O: Outside> {
    crew: Crew<O>,
    grace: Duration,
    posts: Vec<Post<O>>,
    aides: Vec<Aide>,
    children: HashMap<ActorId, Child>,
    wish: Wish,
    term: Duration,
    /// Whether it was the node itself that wished to rest.
    rests_by_itself: bool,
}

impl<O: Outside> House<O> {
    fn leaving(&self) -> bool {
        matches!(self.wish, Wish::Leave | Wish::LeaveNow)
    }

    fn post(&mut self, slot: u16) -> Option<&mut Post<O>> {
        self.posts.get_mut(usize::from(slot))
    }

    async fn start(&mut self, me: &ActorRef<NodeMessage>, slot: u16) {
        let (crew, wish) = (self.crew.clone(), self.wish);
        let Some(post) = self.post(slot) else { return };
        post.life += 1;
        let life = post.life;
        let args = Life { crew, index: slot, seat: Arc::clone(&post.seat), wish };
        // An error here is the only sign of a `pre_start` that failed.
        match Actor::spawn_linked(None, SlotActor::new(), args, me.get_cell()).await {
            Ok((actor, _handle)) => {
                let id = actor.get_id();
                post.actor = Some(actor);
                self.children.insert(id, Child::Slot(slot));
                me.send_after(STABLE, move || NodeMessage::Stable { slot, life });
            }
            Err(error) => {
                let why = error.to_string();
                self.failed(me, slot, &Failure { restart: Restart::Start, why, blamed: true });
            }
        }
    }

    fn failed(&mut self, me: &ActorRef<NodeMessage>, slot: u16, failure: &Failure) {
        let Failure { restart, why, blamed } = failure;
        let leaving = self.leaving();
        let board = self.crew.board.clone();
        let Some(post) = self.post(slot) else { return };
        post.actor = None;
        if leaving {
            board.set(slot, Doing::Stopped);
            return self.end_if_empty(me);
        }
        metrics::restarted(*restart);
        board.restarted();
        let life = post.life;
        let judged = board.judged_by(slot);
        match post.record.failed(Instant::now(), judged, *blamed) {
            Sentence::Restart(pause) => {
                board.set(slot, Doing::Starting);
                let most = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX) / 4;
                let pause = pause + Duration::from_millis(crate::jitter::between(0, most));
                tracing::warn!(slot, why, ?pause, "slot failed: another life after a pause");
                me.send_after(pause, move || NodeMessage::Restart { slot, life });
            }
            Sentence::Quarantine(doublings) => {
                board.set(slot, Doing::Quarantined);
                let term = self.term * (1 << doublings.min(LONGEST_TERM.ilog2()));
                tracing::error!(slot, why, ?term, "slot failed too often: quarantined");
                me.send_after(term, move || NodeMessage::Parole { slot, life });
                self.weigh(me);
            }
        }
    }

    /// Passes a wish on to every slot.
    fn obey(&mut self, me: &ActorRef<NodeMessage>, wish: Wish) {
        if self.leaving() && wish != Wish::LeaveNow {
            return;
        }
        self.wish = wish;
        self.rests_by_itself = false;
        self.crew.board.set_draining(wish != Wish::Take);
        tracing::info!(?wish, "the node's wish");
        for post in &self.posts {
            if let Some(actor) = &post.actor {
                // A slot that is ending does not need to hear it.
                drop(actor.cast(SlotMessage::Wish(wish)));
            }
        }
        match wish {
            Wish::Take => {}
            Wish::Rest => {}
            Wish::Leave => drop(me.send_after(self.grace, || NodeMessage::GraceOver)),
            Wish::LeaveNow => drop(me.send_after(FORCE_AFTER, || NodeMessage::Force)),
        }
        self.end_if_empty(me);
    }

    fn end_if_empty(&self, me: &ActorRef<NodeMessage>) {
        if self.leaving() && self.posts.iter().all(|post| post.actor.is_none()) {
            me.stop(Some("every slot has left".to_owned()));
        }
    }

    async fn start_aide(&mut self, me: &ActorRef<NodeMessage>, index: usize) {
        let Some(aide) = self.aides.get(index).cloned() else { return };
        match aide(me.clone()).await {
            Ok(cell) => drop(self.children.insert(cell.get_id(), Child::Aide(index))),
            Err(error) => {
                tracing::error!(%error, "an aide of the node did not start");
                me.send_after(AIDE_PAUSE, move || NodeMessage::Aide(index));
            }
        }
    }

    async fn told(&mut self, me: &ActorRef<NodeMessage>, message: NodeMessage) {
        match message {
            NodeMessage::Wish(wish) => {
                self.obey(me, wish);
                if wish == Wish::Take {
                    self.pardon(me);
                }
            }
            NodeMessage::Parole { slot, life } => {
                let leaving = self.leaving();
                let due = self.post(slot).is_some_and(|post| {
                    post.life == life && post.actor.is_none() && !leaving && post.record.parole()
                });
                if due {
                    self.start(me, slot).await;
                }
            }
            NodeMessage::Cancel(judging) => {
                for actor in self.posts.iter().filter_map(|post| post.actor.as_ref()) {
                    drop(actor.cast(SlotMessage::Cancel(judging.clone())));
                }
            }
            NodeMessage::Restart { slot, life } => {
                let leaving = self.leaving();
                let due = self.post(slot).is_some_and(|post| {
                    post.life == life && post.actor.is_none() && !post.record.quarantined()
                });
                if due && !leaving {
                    self.start(me, slot).await;
                }
            }
            NodeMessage::Stable { slot, life } => {
                if let Some(post) = self.post(slot)
                    && post.life == life
                {
                    post.record.stable();
                }
            }
            NodeMessage::GraceOver => {
                if self.wish == Wish::Leave {
                    tracing::warn!("the grace is over: jobs in hand are handed back");
                    self.obey(me, Wish::LeaveNow);
                }
            }
            NodeMessage::Force => {
                for actor in self.posts.iter().filter_map(|post| post.actor.as_ref()) {
                    tracing::error!("a slot does not leave: killed");
                    actor.kill();
                }
                me.stop(Some("slots were killed".to_owned()));
            }
            NodeMessage::Aide(index) => self.start_aide(me, index).await,
            NodeMessage::Tick => {
                self.crew.board.tick();
                self.release(me);
            }
        }
    }
}

impl<O: Outside> Actor for Supervisor<O> {
    type Msg = NodeMessage;
    type State = House<O>;
    type Arguments = Plan<O>;

    async fn pre_start(
        &self,
        _me: ActorRef<NodeMessage>,
        plan: Plan<O>,
    ) -> Result<House<O>, ActorProcessingErr> {
        let posts = (0..).zip(plan.seats).map(|(index, seat)| Post {
            index,
            seat,
            actor: None,
            life: 0,
            record: Record::default(),
        });
        Ok(House {
            crew: plan.crew,
            grace: plan.grace,
            posts: posts.collect(),
            aides: plan.aides,
            children: HashMap::new(),
            wish: Wish::Take,
            term: plan.term,
            rests_by_itself: false,
        })
    }

    async fn post_start(
        &self,
        me: ActorRef<NodeMessage>,
        house: &mut House<O>,
    ) -> Result<(), ActorProcessingErr> {
        house.crew.board.tick();
        me.send_interval(TICK, || NodeMessage::Tick);
        for index in 0..house.aides.len() {
            house.start_aide(&me, index).await;
        }
        let slots: Vec<u16> = house.posts.iter().map(|post| post.index).collect();
        for slot in slots {
            house.start(&me, slot).await;
        }
        Ok(())
    }

    async fn handle(
        &self,
        me: ActorRef<NodeMessage>,
        message: NodeMessage,
        house: &mut House<O>,
    ) -> Result<(), ActorProcessingErr> {
        house.told(&me, message).await;
        Ok(())
    }

    async fn handle_supervisor_evt(
        &self,
        me: ActorRef<NodeMessage>,
        event: SupervisionEvent,
        house: &mut House<O>,
    ) -> Result<(), ActorProcessingErr> {
        let (id, why, blamed) = match event {
            SupervisionEvent::ActorFailed(who, error) => {
                let blamed = error.downcast_ref::<Replace>().is_none_or(|replace| replace.blamed);
                (who.get_id(), error.to_string(), blamed)
            }
            SupervisionEvent::ActorTerminated(who, _state, reason) => {
                let why = reason.unwrap_or_else(|| "ended without a reason".to_owned());
                (who.get_id(), why, true)
            }
            SupervisionEvent::ActorStarted(_) | SupervisionEvent::ProcessGroupChanged(_) => {
                return Ok(());
            }
        };
        match house.children.remove(&id) {
            Some(Child::Slot(slot)) => {
                house.failed(&me, slot, &Failure { restart: Restart::Failed, why, blamed });
            }
            Some(Child::Aide(index)) if !house.leaving() => {
                tracing::error!(why, "an aide of the node ended: started again");
                me.send_after(AIDE_PAUSE, move || NodeMessage::Aide(index));
            }
            Some(Child::Aide(_)) | None => {}
        }
        Ok(())
    }
}
