//! The actors together, over a simulated queue and a simulated judge.

mod trust;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use minos_model::{NodeId, Stage, Verdict};
use minos_queue::JudgingId;
use ractor::{Actor, ActorRef};
use tokio::task::JoinHandle;

use super::{NodeMessage, Plan, Supervisor};
use crate::board::{Board, Doing};
use crate::border::Seat;
use crate::slot::{Crew, Wish};
use crate::testing::{Fate, MOST, World, eventually, submission};
use crate::walk::Bounds;

struct House {
    world: Arc<World>,
    board: Board,
    node: ActorRef<NodeMessage>,
    ended: JoinHandle<()>,
    seats: Vec<Seat>,
}

impl House {
    async fn new(slots: u16) -> Self {
        Self::with(slots, Duration::from_secs(60)).await
    }

    async fn with(slots: u16, grace: Duration) -> Self {
        Self::over(Arc::new(World::default()), slots, grace).await
    }

    async fn over(world: Arc<World>, slots: u16, grace: Duration) -> Self {
        Self::of_terms(world, slots, grace, Duration::from_secs(3_600)).await
    }

    async fn of_terms(world: Arc<World>, slots: u16, grace: Duration, term: Duration) -> Self {
        Self::built(world, slots, (grace, term, Duration::from_millis(300))).await
    }

    async fn storing(slots: u16, storing: Duration) -> Self {
        let hour = Duration::from_secs(3_600);
        Self::built(Arc::new(World::default()), slots, (hour, hour, storing)).await
    }

    async fn built(
        world: Arc<World>,
        slots: u16,
        (grace, term, storing): (Duration, Duration, Duration),
    ) -> Self {
        let board = Board::new(slots);
        let crew = Crew {
            outside: Arc::new(Arc::clone(&world)),
            craft: world.craft(),
            board: board.clone(),
            node: NodeId::new("sim").unwrap(),
            bounds: Bounds { judging: Duration::from_secs(60), storing },
        };
        let seats: Vec<Seat> = (0..slots).map(|_| Seat::default()).collect();
        let plan = Plan { crew, seats: seats.clone(), grace, aides: Vec::new(), term };
        let (node, ended) = Actor::spawn(None, Supervisor::new(), plan).await.unwrap();
        Self { world, board, node, ended, seats }
    }

    fn wish(&self, wish: Wish) {
        self.node.cast(NodeMessage::Wish(wish)).unwrap();
    }

    async fn until(&self, doing: Doing, number: u32) {
        let what = format!("{number} slots {}", doing.as_str());
        eventually(&what, || self.board.count().of(doing) == number).await;
    }

    async fn end(self) {
        tokio::time::timeout(Duration::from_secs(10), self.ended).await.unwrap().unwrap();
        for seat in &self.seats {
            let freed = tokio::time::timeout(Duration::from_secs(10), seat.lock()).await;
            assert!(freed.is_ok(), "a slot's thread lives on");
        }
        assert_eq!(self.world.leases.load(Ordering::SeqCst), 0, "a lease beats on");
    }
}

#[tokio::test]
async fn every_job_gets_its_one_verdict_before_it_is_acknowledged() {
    let house = House::new(3).await;
    for number in 0..40 {
        house.world.submit(&format!("{}-{number}", if number % 2 == 0 { "ok" } else { "wa" }));
    }
    eventually("40 verdicts", || house.world.verdicts() == 40).await;
    house.wish(Wish::Leave);
    let world = Arc::clone(&house.world);
    house.end().await;
    for number in 0..40 {
        let (id, verdict) = if number % 2 == 0 {
            (format!("ok-{number}"), Verdict::Accepted)
        } else {
            (format!("wa-{number}"), Verdict::WrongAnswer)
        };
        assert_eq!(world.verdict(&id), Some(verdict), "{id}");
        assert_eq!(world.fates(&id), [Fate::Acked], "{id}");
    }
}

#[tokio::test]
async fn a_slot_takes_a_job_only_when_it_is_free() {
    let house = House::new(2).await;
    for number in 0..6 {
        house.world.submit(&format!("block-{number}"));
    }
    house.until(Doing::Busy, 2).await;
    assert_eq!(house.world.pulled.load(Ordering::SeqCst), 2, "nothing queues inside a node");
    assert_eq!(house.world.waiting(), 4);
    house.world.gate.open();
    eventually("6 verdicts", || house.world.verdicts() == 6).await;
}

#[tokio::test]
async fn the_news_of_a_job_begin_with_received_and_end_with_done() {
    let house = House::new(1).await;
    house.world.submit("ok-1");
    eventually("done", || house.world.stages("ok-1").last() == Some(&Stage::Done)).await;
    assert_eq!(house.world.stages("ok-1").first(), Some(&Stage::Received));
}

#[tokio::test]
async fn what_is_no_job_is_buried_with_its_reason_and_blocks_nobody() {
    let house = House::new(1).await;
    house.world.submit_junk("expected value at line 1");
    house.world.submit("ok-1");
    eventually("the job behind it", || house.world.verdict("ok-1").is_some()).await;
    let fates = house.world.fates("junk");
    assert_eq!(fates, [Fate::Buried("undecodable: expected value at line 1".to_owned())]);
}

#[tokio::test]
async fn a_fault_of_the_node_goes_back_and_becomes_a_je_only_on_the_last_delivery() {
    let house = House::new(1).await;
    house.world.submit("fault-1");
    eventually("quarantine or JE", || house.world.fates("fault-1").len() == 5).await;
    let fates = house.world.fates("fault-1");
    for fate in &fates[..4] {
        let Fate::Back(delay) = fate else { panic!("{fate:?}") };
        assert!((1_000..=5_000).contains(&delay.as_millis()), "{delay:?}");
    }
    let Fate::Buried(why) = &fates[4] else { panic!("{fates:?}") };
    assert_eq!(why, "deliveries: delivered 5 times without a verdict");
    assert_eq!(house.world.verdict("fault-1"), Some(Verdict::JudgeError));
}

#[tokio::test]
async fn a_checker_that_fails_twice_ends_in_the_dead_letters_and_costs_no_slot() {
    let house = House::new(1).await;
    house.world.submit("checker-1");
    eventually("JE", || house.world.verdict("checker-1").is_some()).await;
    let fates = house.world.fates("checker-1");
    assert!(matches!(fates.as_slice(), [Fate::Back(_), Fate::Buried(_)]), "{fates:?}");
    house.until(Doing::Idle, 1).await;
}

#[tokio::test]
async fn a_panic_below_replaces_the_slot_and_only_that_job_is_judged_again() {
    let house = House::new(2).await;
    house.world.submit("panic-1");
    for number in 0..10 {
        house.world.submit(&format!("ok-{number}"));
    }
    eventually("the others", || (0..10).all(|n| house.world.fates(&format!("ok-{n}")).len() == 1))
        .await;
    eventually("JE", || house.world.verdict("panic-1") == Some(Verdict::JudgeError)).await;
    let fates = house.world.fates("panic-1");
    assert_eq!(fates.len(), usize::try_from(MOST).unwrap(), "{fates:?}");
}

#[tokio::test]
async fn a_drain_finishes_what_runs_and_takes_nothing_new() {
    let house = House::new(2).await;
    house.world.submit("block-1");
    house.world.submit("block-2");
    house.until(Doing::Busy, 2).await;
    house.wish(Wish::Leave);
    eventually("draining", || house.board.draining()).await;
    house.world.submit("ok-late");
    house.world.gate.open();
    let world = Arc::clone(&house.world);
    house.end().await;
    for id in ["block-1", "block-2"] {
        assert_eq!(world.verdict(id), Some(Verdict::Accepted), "{id}");
        assert_eq!(world.fates(id), [Fate::Acked], "{id}: delivered once");
    }
    assert_eq!(world.waiting(), 1, "the late job waits for another node");
}

#[tokio::test]
async fn a_drain_whose_grace_is_over_hands_the_rest_back_at_once() {
    let house = House::with(1, Duration::from_millis(50)).await;
    house.world.submit("block-1");
    house.until(Doing::Busy, 1).await;
    house.wish(Wish::Leave);
    let world = Arc::clone(&house.world);
    house.end().await;
    assert_eq!(world.fates("block-1"), [Fate::Back(Duration::ZERO)]);
    assert_eq!(world.verdict("block-1"), None);
}

#[tokio::test]
async fn stopping_at_once_hands_everything_back() {
    let house = House::new(2).await;
    house.world.submit("block-1");
    house.world.submit("block-2");
    house.until(Doing::Busy, 2).await;
    house.wish(Wish::Leave);
    house.wish(Wish::LeaveNow);
    let world = Arc::clone(&house.world);
    house.end().await;
    for id in ["block-1", "block-2"] {
        assert_eq!(world.fates(id), [Fate::Back(Duration::ZERO)], "{id}");
    }
}

#[tokio::test]
async fn a_resting_node_takes_nothing_and_a_resume_sets_it_to_work() {
    let house = House::new(1).await;
    house.until(Doing::Idle, 1).await;
    house.wish(Wish::Rest);
    eventually("resting", || house.board.draining()).await;
    // The pull under way may still bring one job; after it there are none.
    house.world.submit("ok-1");
    house.world.submit("ok-2");
    eventually("the last pull is over", || house.world.waiting() > 0).await;
    house.wish(Wish::Take);
    eventually("both", || house.world.verdicts() == 2).await;
}

#[tokio::test]
async fn a_cancel_ends_the_run_and_becomes_the_verdict() {
    let house = House::new(2).await;
    house.world.submit("block-1");
    house.world.submit("block-2");
    house.until(Doing::Busy, 2).await;
    let cancel = |id: &str| {
        let judging = JudgingId::of(&submission(id));
        house.node.cast(NodeMessage::Cancel(judging)).unwrap();
    };
    cancel("block-1");
    eventually("CS", || house.world.verdict("block-1") == Some(Verdict::Cancelled)).await;
    assert_eq!(house.world.fates("block-1"), [Fate::Acked]);
    assert_eq!(house.world.verdict("block-2"), None, "a run that was broken off is no verdict");
    house.world.cancel("ok-3");
    house.world.submit("ok-3");
    house.world.gate.open();
    eventually("CS", || house.world.verdict("ok-3") == Some(Verdict::Cancelled)).await;
}

#[tokio::test]
async fn a_verdict_that_cannot_be_stored_is_held_then_handed_back_and_the_slot_waits() {
    let house = House::new(1).await;
    house.world.full.store(true, Ordering::SeqCst);
    house.world.submit("ok-1");
    eventually("handed back", || !house.world.fates("ok-1").is_empty()).await;
    assert_eq!(house.world.fates("ok-1"), [Fate::Back(Duration::from_secs(30))]);
    assert!(house.board.results_full());
    assert_eq!(house.world.pulled.load(Ordering::SeqCst), 1, "a slot that cannot store pulls on");
    // A drain does not wait for the pause.
    house.wish(Wish::Leave);
    house.end().await;
}

#[tokio::test]
async fn a_redelivery_of_a_judged_job_is_acknowledged_without_judging() {
    let house = House::new(1).await;
    house.world.submit("ok-1");
    eventually("first", || house.world.fates("ok-1").len() == 1).await;
    house.world.redeliver("ok-1");
    eventually("second", || house.world.fates("ok-1").len() == 2).await;
    assert_eq!(house.world.fates("ok-1"), [Fate::Acked, Fate::Acked]);
    let received = house.world.stages("ok-1").iter().filter(|s| **s == Stage::Received).count();
    assert_eq!(received, 1);
}

#[tokio::test]
async fn a_broker_that_does_not_answer_costs_no_slot() {
    let world = Arc::new(World::default());
    world.down.store(true, Ordering::SeqCst);
    let house = House::over(world, 1, Duration::from_secs(60)).await;
    house.until(Doing::Idle, 1).await;
    house.world.submit("ok-1");
    house.world.down.store(false, Ordering::SeqCst);
    eventually("a verdict", || house.world.verdict("ok-1").is_some()).await;
}

#[tokio::test]
async fn an_unknown_problem_is_waited_for_and_then_buried() {
    let house = House::new(1).await;
    house.world.submit_for("ok-1", "nobody-pushed");
    eventually("JE", || house.world.verdict("ok-1") == Some(Verdict::JudgeError)).await;
    let fates = house.world.fates("ok-1");
    assert!(
        matches!(fates.as_slice(), [Fate::Back(_), Fate::Back(_), Fate::Buried(_)]),
        "{fates:?}"
    );
}

#[tokio::test]
async fn a_language_nobody_knows_is_buried_and_one_that_is_broken_here_goes_elsewhere() {
    let house = House::new(1).await;
    house.world.submit_in("ok-1", "intercal");
    eventually("JE", || house.world.verdict("ok-1") == Some(Verdict::JudgeError)).await;
    let fates = house.world.fates("ok-1");
    let [Fate::Back(_), Fate::Back(_), Fate::Buried(why)] = fates.as_slice() else {
        panic!("{fates:?}")
    };
    assert!(why.starts_with("unknown_language: "), "{why}");
    house.world.submit_in("ok-2", "broken");
    eventually("JE", || house.world.fates("ok-2").len() == 5).await;
    let fates = house.world.fates("ok-2");
    let Some((Fate::Buried(why), back)) = fates.split_last() else { panic!("{fates:?}") };
    assert_eq!(why, "unknown_language: language broken does not work here");
    assert!(back.iter().all(|fate| matches!(fate, Fate::Back(_))), "{fates:?}");
    assert_eq!(house.board.count().idle, 1, "a missing compiler costs no slot");
}

#[tokio::test]
async fn a_message_of_a_newer_schema_waits_for_a_newer_node() {
    let house = House::new(1).await;
    house.world.submit_junk("newer");
    eventually("buried", || house.world.fates("junk").len() == 5).await;
    let fates = house.world.fates("junk");
    assert_eq!(fates[0], Fate::Back(Duration::from_secs(30)));
    assert_eq!(fates[4], Fate::Buried("undecodable: newer".to_owned()));
}
