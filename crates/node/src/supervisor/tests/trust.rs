//! Quarantine, doubt, full results: when a node takes no jobs, and when it takes them again.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::House;
use crate::board::Doing;
use crate::slot::Wish;
use crate::testing::{Fate, World, eventually};

#[tokio::test]
async fn five_failures_end_in_quarantine_and_a_resume_ends_the_quarantine() {
    let house = House::new(1).await;
    house.until(Doing::Idle, 1).await;
    house.world.no_wardens.store(1, Ordering::SeqCst);
    house.world.submit("fault-1");
    house.until(Doing::Quarantined, 1).await;
    assert!(house.board.draining(), "half of the slots are gone: the node takes no more");
    house.world.no_wardens.store(0, Ordering::SeqCst);
    house.wish(Wish::Take);
    house.until(Doing::Quarantined, 0).await;
    house.world.submit("ok-1");
    eventually("a verdict", || house.world.verdict("ok-1").is_some()).await;
    assert!(!house.board.draining());
}

#[tokio::test]
async fn a_quarantine_ends_by_itself_when_its_slot_opens_again_and_the_node_takes_jobs_again() {
    let world = Arc::new(World::default());
    world.no_wardens.store(0b11, Ordering::SeqCst);
    let (grace, term) = (Duration::from_secs(60), Duration::from_millis(20));
    let house = House::of_terms(world, 2, grace, term).await;
    house.until(Doing::Quarantined, 2).await;
    eventually("draining", || house.board.draining()).await;
    house.world.submit("ok-1");
    house.world.no_wardens.store(0, Ordering::SeqCst);
    eventually("a verdict", || house.world.verdict("ok-1").is_some()).await;
    assert!(!house.board.draining());
    assert_eq!(house.world.fates("ok-1"), [Fate::Acked], "no slot in quarantine took it");
}

#[tokio::test]
async fn an_operators_rest_is_not_ended_by_the_end_of_a_quarantine() {
    let world = Arc::new(World::default());
    world.no_wardens.store(0b1, Ordering::SeqCst);
    let (grace, term) = (Duration::from_secs(60), Duration::from_millis(20));
    let house = House::of_terms(world, 1, grace, term).await;
    eventually("draining", || house.board.draining()).await;
    house.wish(Wish::Rest);
    house.world.submit("ok-1");
    house.world.no_wardens.store(0, Ordering::SeqCst);
    house.until(Doing::Idle, 1).await;
    assert!(house.board.draining());
    assert_eq!(house.world.verdicts(), 0);
}

#[tokio::test]
async fn a_slot_whose_thread_has_work_of_its_own_leaves_jobs_to_the_others() {
    let house = House::new(2).await;
    house.world.submit("apart-1");
    eventually("apart", || house.world.apart.load(Ordering::SeqCst) == 1).await;
    for number in 0..8 {
        house.world.submit(&format!("ok-{number}"));
    }
    eventually("all verdicts", || house.world.verdicts() == 9).await;
    // With the other slot apart as well nobody takes any, and both do again when they are back.
    house.world.submit("apart-2");
    eventually("both apart", || house.world.apart.load(Ordering::SeqCst) == 2).await;
    house.world.submit("ok-8");
    house.world.gate.open();
    eventually("the last", || house.world.verdict("ok-8").is_some()).await;
    assert_eq!(house.world.fates("ok-8"), [Fate::Acked]);
}

#[tokio::test]
async fn a_slot_apart_can_be_told_to_leave() {
    let house = House::new(1).await;
    house.world.submit("apart-1");
    eventually("apart", || house.world.apart.load(Ordering::SeqCst) == 1).await;
    house.wish(Wish::Leave);
    house.until(Doing::Stopped, 1).await;
}

fn given_way(house: &House) -> (u32, u32) {
    let (begun, over) = &*house.world.giving_way;
    (begun.load(Ordering::SeqCst), over.load(Ordering::SeqCst))
}

#[tokio::test]
async fn work_that_gives_way_ends_when_a_job_comes_and_no_other_slot_is_idle() {
    for slots in [1, 2] {
        let house = House::new(slots).await;
        house.world.submit("way-1");
        eventually("under way", || given_way(&house) == (1, 0)).await;
        // Whoever takes this keeps it: it is cancelled by nobody, and the gate stays shut.
        for blocked in 1..slots {
            house.world.submit(&format!("block-{blocked}"));
            eventually("taken", || house.world.waiting() == 0).await;
        }
        house.world.submit("ok-1");
        eventually("the verdict", || house.world.verdict("ok-1").is_some()).await;
        assert_eq!(given_way(&house), (1, 1), "{slots}");
        assert_eq!(house.world.fates("ok-1"), [Fate::Acked]);
    }
}

#[tokio::test]
async fn work_that_gives_way_ends_when_the_node_rests_or_leaves() {
    for (wish, doing) in [(Wish::Rest, Doing::Idle), (Wish::Leave, Doing::Stopped)] {
        let house = House::new(1).await;
        house.world.submit("way-1");
        eventually("under way", || given_way(&house) == (1, 0)).await;
        house.wish(wish);
        eventually("over", || given_way(&house) == (1, 1)).await;
        house.until(doing, 1).await;
    }
}

#[tokio::test]
async fn a_node_in_doubt_takes_no_job_until_the_doubt_is_over() {
    let house = House::new(2).await;
    house.until(Doing::Idle, 2).await;
    house.board.set_doubt(Some("the canary of cpp17: its hello is CE".to_owned()));
    // A pull under way for each slot may still bring a job.
    for number in 0..6 {
        house.world.submit(&format!("ok-{number}"));
    }
    eventually("the last pulls are over", || house.world.waiting() >= 4).await;
    let before = house.world.verdicts();
    assert!(before <= 2, "{before}");
    house.board.set_doubt(None);
    eventually("verdicts", || house.world.verdicts() == 6).await;
}

#[tokio::test]
async fn full_results_stop_every_pull_and_room_for_them_starts_all_again() {
    let house = House::storing(2, Duration::from_secs(60)).await;
    house.world.full.store(true, Ordering::SeqCst);
    house.world.submit("ok-0");
    eventually("full", || house.board.results_full()).await;
    for number in 1..6 {
        house.world.submit(&format!("ok-{number}"));
    }
    house.until(Doing::Busy, 1).await;
    eventually("the last pull is over", || house.world.waiting() >= 4).await;
    assert_eq!(house.world.verdicts(), 0);
    assert!(house.world.leases.load(Ordering::SeqCst) >= 1, "a verdict is held with its lease");
    house.world.full.store(false, Ordering::SeqCst);
    eventually("verdicts", || house.world.verdicts() == 6).await;
    for number in 0..6 {
        assert_eq!(house.world.fates(&format!("ok-{number}")), [Fate::Acked]);
    }
}

#[tokio::test]
async fn one_slot_of_three_in_quarantine_leaves_the_others_at_work() {
    let world = Arc::new(World::default());
    world.no_wardens.store(0b010, Ordering::SeqCst);
    let house = House::over(world, 3, Duration::from_secs(60)).await;
    house.until(Doing::Quarantined, 1).await;
    assert!(!house.board.draining());
    for number in 0..8 {
        house.world.submit(&format!("ok-{number}"));
    }
    eventually("verdicts", || house.world.verdicts() == 8).await;
    house.wish(Wish::Leave);
    house.end().await;
}

#[tokio::test]
async fn two_slots_of_three_in_quarantine_drain_the_node() {
    let world = Arc::new(World::default());
    world.no_wardens.store(0b110, Ordering::SeqCst);
    let house = House::over(world, 3, Duration::from_secs(60)).await;
    house.until(Doing::Quarantined, 2).await;
    eventually("draining", || house.board.draining()).await;
}
