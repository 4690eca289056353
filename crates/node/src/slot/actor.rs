//! The actor around the table.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use minos_model::NodeId;
use minos_queue::JudgingId;
use ractor::{Actor, ActorProcessingErr, ActorRef};
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;

use super::consent::{may_pull, pulls_beside, takes};
use super::state::{Act, Event, State, Wish, step};
use crate::board::{Board, Doing};
use crate::border::{Bench, Craft, Seat};
use crate::metrics;
use crate::ports::{Held as _, Outside, Trouble};
use crate::walk::{Bounds, End, Walk, Word};

/// Pause after a pull that the broker did not answer: doubling from the first to the last.
const PULL_PAUSE: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));

/// How soon a slot that must not pull looks whether it may.
const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// What all slots of a node share.
pub(crate) struct Crew<O: Outside> {
    pub(crate) outside: Arc<O>,
    pub(crate) craft: Craft<O::Problem>,
    pub(crate) board: Board,
    pub(crate) node: NodeId,
    pub(crate) bounds: Bounds,
}

impl<O: Outside> Clone for Crew<O> {
    fn clone(&self) -> Self {
        Self {
            outside: Arc::clone(&self.outside),
            craft: Arc::clone(&self.craft),
            board: self.board.clone(),
            node: self.node.clone(),
            bounds: self.bounds,
        }
    }
}

impl<O: Outside> std::fmt::Debug for Crew<O> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Crew").field("node", &self.node).finish_non_exhaustive()
    }
}

/// One life of a slot.
pub(crate) struct Life<O: Outside> {
    pub(crate) crew: Crew<O>,
    pub(crate) index: u16,
    pub(crate) seat: Seat,
    pub(crate) wish: Wish,
}

/// Everything a slot can be told.
pub(crate) enum SlotMessage<O: Outside> {
    /// Its thread has a warden, or why not.
    Opened(Result<Bench<O::Problem>, String>),
    /// A pull came back.
    Pulled(O::Turn, Result<Option<O::Held>, Trouble>),
    /// The walk is over.
    Walked(End),
    /// A task of this slot ended without a word.
    Lost(&'static str),
    /// The node wants something else.
    Wish(Wish),
    /// The operator has cancelled a submission.
    Cancel(JudgingId),
}

/// The actor; everything it knows is in its state.
pub(crate) struct SlotActor<O: Outside>(std::marker::PhantomData<fn() -> O>);

impl<O: Outside> SlotActor<O> {
    pub(crate) const fn new() -> Self {
        Self(std::marker::PhantomData)
    }
}

/// What a slot knows.
pub(crate) struct Slot<O: Outside> {
    life: Life<O>,
    state: State,
    bench: Option<Arc<Bench<O::Problem>>>,
    turn: Option<O::Turn>,
    /// The job that has come and is not walking yet.
    held: Option<O::Held>,
    /// Who sent the job in hand.
    whose: Option<JudgingId>,
    word: watch::Sender<Word>,
    /// Before the next pull.
    pause: Duration,
    /// Pulls in a row that the broker did not answer.
    troubles: u32,
    /// Ends the pause when the node wants something else.
    hush: Arc<Notify>,
    /// The pull or the walk; aborted when the slot ends.
    beside: JoinSet<()>,
}

/// Tells the slot that a task died, unless the task has reported.
struct Vow<O: Outside> {
    to: ActorRef<SlotMessage<O>>,
    task: &'static str,
    kept: bool,
}

impl<O: Outside> Vow<O> {
    /// Reports; a slot that has gone needs no report.
    fn keep(mut self, message: SlotMessage<O>) {
        self.kept = true;
        drop(self.to.cast(message));
    }
}

impl<O: Outside> Drop for Vow<O> {
    fn drop(&mut self) {
        if !self.kept {
            drop(self.to.cast(SlotMessage::Lost(self.task)));
        }
    }
}

impl<O: Outside> Slot<O> {
    /// Starts a task that this slot owns and that reports with one message.
    fn beside<F>(&mut self, me: &ActorRef<SlotMessage<O>>, task: &'static str, work: F)
    where
        F: Future<Output = SlotMessage<O>> + Send + 'static,
    {
        // Tasks that have reported are forgotten; at most one runs.
        while self.beside.try_join_next().is_some() {}
        let vow = Vow { to: me.clone(), task, kept: false };
        self.beside.spawn(async move { vow.keep(work.await) });
    }

    fn act(
        &mut self,
        me: &ActorRef<SlotMessage<O>>,
        event: Event,
    ) -> Result<(), ActorProcessingErr> {
        let (next, act) = step(self.state, event)?;
        self.state = next;
        self.life.crew.board.set(self.life.index, doing(next));
        match act {
            Act::Stay => {}
            Act::Pull => self.pull(me)?,
            Act::Walk => self.walk(me)?,
            Act::GiveUp => drop(self.word.send_replace(Word::GiveUp)),
            Act::Stop => me.stop(Some("left".to_owned())),
        }
        Ok(())
    }

    fn pull(&mut self, me: &ActorRef<SlotMessage<O>>) -> Result<(), ActorProcessingErr> {
        let bench = self.bench.as_ref().ok_or("a slot without a warden cannot pull")?;
        let mut own = bench.own_work();
        let outside = Arc::clone(&self.life.crew.outside);
        let turn = self.turn.take();
        let mut turn = turn.unwrap_or_else(|| outside.turn(self.life.index));
        let pause = std::mem::take(&mut self.pause);
        let (hush, board) = (Arc::clone(&self.hush), self.life.crew.board.clone());
        let seat = Arc::clone(&self.life.seat);
        self.beside(me, "pull", async move {
            if !pause.is_zero() && tokio::time::timeout(pause, hush.notified()).await.is_ok() {
                return SlotMessage::Pulled(turn, Ok(None));
            }
            // The thread sits on it for as long as it lives.
            if seat.try_lock().is_ok() {
                return SlotMessage::Lost("thread");
            }
            if !takes(&board, &*outside).await {
                // Ended by time or by a wish; either way the slot looks again.
                drop(tokio::time::timeout(LOOK_AGAIN, hush.notified()).await);
                return SlotMessage::Pulled(turn, Ok(None));
            }
            tokio::select! {
                // Closed means that the thread has ended, which the next pull finds out.
                () = may_pull(&mut own, &board) => {}
                () = hush.notified() => return SlotMessage::Pulled(turn, Ok(None)),
            }
            let result = tokio::select! {
                biased;
                _busy_or_closed = own.wait_for(|own| !pulls_beside(*own, &board)) => Ok(None),
                result = outside.next(&mut turn) => result,
            };
            SlotMessage::Pulled(turn, result)
        });
        Ok(())
    }

    fn walk(&mut self, me: &ActorRef<SlotMessage<O>>) -> Result<(), ActorProcessingErr> {
        let held = self.held.take().ok_or("a slot without a job cannot walk")?;
        let bench = self.bench.clone().ok_or("a slot without a warden cannot walk")?;
        self.whose = held.job().ok().map(|job| JudgingId::of(&job.submission));
        let leaving = self.state == State::Judging(Wish::LeaveNow);
        let (word, heard) = watch::channel(if leaving { Word::GiveUp } else { Word::GoOn });
        self.word = word;
        let crew = &self.life.crew;
        let walk = Walk {
            outside: Arc::clone(&crew.outside),
            held,
            bench,
            word: heard,
            node: crew.node.clone(),
            bounds: crew.bounds,
            board: crew.board.clone(),
            slot: self.life.index,
        };
        self.beside(me, "walk", async move { SlotMessage::Walked(walk.run().await) });
        Ok(())
    }

    fn pulled(
        &mut self,
        me: &ActorRef<SlotMessage<O>>,
        result: Result<Option<O::Held>, Trouble>,
    ) -> Result<(), ActorProcessingErr> {
        if result.is_ok() {
            self.troubles = 0;
        }
        match result {
            Ok(Some(held)) => {
                self.held = Some(held);
                self.act(me, Event::Taken)
            }
            Ok(None) => self.act(me, Event::Empty),
            Err(trouble) => {
                tracing::warn!(slot = self.life.index, %trouble, "the broker did not answer a pull");
                metrics::pull_failed();
                let (least, most) = PULL_PAUSE;
                self.pause = (least * (1 << self.troubles.min(10))).min(most);
                self.troubles += 1;
                self.act(me, Event::Empty)
            }
        }
    }

    fn walked(
        &mut self,
        me: &ActorRef<SlotMessage<O>>,
        end: End,
    ) -> Result<(), ActorProcessingErr> {
        self.whose = None;
        match end {
            End::Fine => {}
            End::Wait(pause) => self.pause = pause,
            End::Broken(replace) => return Err(replace.into()),
        }
        self.act(me, Event::Settled)
    }

    fn cancel(&self, judging: &JudgingId) {
        if self.whose.as_ref() == Some(judging) && *self.word.borrow() == Word::GoOn {
            tracing::info!(slot = self.life.index, %judging, "cancelled by the operator");
            self.word.send_replace(Word::Cancel);
        }
    }
}

impl<O: Outside> Actor for SlotActor<O> {
    type Msg = SlotMessage<O>;
    type State = Slot<O>;
    type Arguments = Life<O>;

    async fn pre_start(
        &self,
        me: ActorRef<Self::Msg>,
        life: Life<O>,
    ) -> Result<Slot<O>, ActorProcessingErr> {
        life.crew.board.set(life.index, Doing::Starting);
        let (index, seat, craft) =
            (life.index, Arc::clone(&life.seat), Arc::clone(&life.crew.craft));
        let mut slot = Slot {
            state: State::Opening(life.wish),
            life,
            bench: None,
            turn: None,
            held: None,
            whose: None,
            word: watch::Sender::new(Word::GoOn),
            pause: Duration::ZERO,
            troubles: 0,
            hush: Arc::default(),
            beside: JoinSet::new(),
        };
        slot.beside(&me, "opening", async move {
            SlotMessage::Opened(Bench::open(index, seat, craft).await)
        });
        Ok(slot)
    }

    async fn handle(
        &self,
        me: ActorRef<Self::Msg>,
        message: Self::Msg,
        slot: &mut Slot<O>,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            SlotMessage::Opened(Ok(bench)) => {
                tracing::info!(slot = slot.life.index, warden = bench.desk().warden, "slot open");
                slot.bench = Some(Arc::new(bench));
                slot.act(&me, Event::Opened)
            }
            SlotMessage::Opened(Err(why)) => Err(why.into()),
            SlotMessage::Pulled(turn, result) => {
                slot.turn = Some(turn);
                slot.pulled(&me, result)
            }
            SlotMessage::Walked(end) => slot.walked(&me, end),
            SlotMessage::Lost(task) => Err(format!("its {task} ended without a word").into()),
            SlotMessage::Wish(wish) => {
                slot.hush.notify_waiters();
                if let (true, Some(bench)) = (wish != Wish::Take, &slot.bench) {
                    bench.make_way(None);
                }
                slot.act(&me, Event::Wished(wish))
            }
            SlotMessage::Cancel(judging) => {
                slot.cancel(&judging);
                Ok(())
            }
        }
    }

    async fn post_stop(
        &self,
        _me: ActorRef<Self::Msg>,
        slot: &mut Slot<O>,
    ) -> Result<(), ActorProcessingErr> {
        slot.life.crew.board.set(slot.life.index, Doing::Stopped);
        Ok(())
    }
}

const fn doing(state: State) -> Doing {
    match state {
        State::Opening(_) => Doing::Starting,
        State::Pulling(_) | State::Resting => Doing::Idle,
        State::Judging(_) => Doing::Busy,
        State::Stopped => Doing::Stopped,
    }
}
