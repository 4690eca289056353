//! When a slot may take a job: never while its node doubts itself or has no room for verdicts, and
//! beside work of its own only as far as that work allows.

use std::time::Duration;

use tokio::sync::watch;

use crate::board::Board;
use crate::border::OwnWork;
use crate::ports::Outside;

/// How soon a slot that leaves jobs to its neighbours sees that they are all busy.
const NEIGHBOURS: Duration = Duration::from_millis(100);

/// Whether this node may take a job: not while it doubts itself, nor while no verdict can be stored.
pub(super) async fn takes<O: Outside>(board: &Board, outside: &O) -> bool {
    if board.doubt().is_some() {
        return false;
    }
    if board.results_full() {
        let room = outside.room().await;
        board.set_results_full(!room);
        return room;
    }
    true
}

/// Whether a slot pulls while its thread does that. Work that gives way has lost what it did when a
/// job comes, so jobs are left to the neighbours while one of them is idle.
pub(super) fn pulls_beside(own: OwnWork, board: &Board) -> bool {
    match own {
        OwnWork::None => true,
        OwnWork::Apart => false,
        // The slot itself is one of them.
        OwnWork::GivesWay => board.count().idle <= 1,
    }
}

/// Returns when a slot may pull, or when its thread has ended, which the pull finds out.
pub(super) async fn may_pull(own: &mut watch::Receiver<OwnWork>, board: &Board) {
    loop {
        let now = *own.borrow_and_update();
        if pulls_beside(now, board) {
            return;
        }
        // By time as well: what the neighbours do is told to nobody.
        if let Ok(Err(_ended)) = tokio::time::timeout(NEIGHBOURS, own.changed()).await {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::board::Doing;

    #[test]
    fn a_slot_that_gives_way_leaves_jobs_to_an_idle_neighbour_and_one_apart_takes_none() {
        for (neighbour, pulls) in
            [(Doing::Idle, false), (Doing::Busy, true), (Doing::Starting, true)]
        {
            let board = Board::new(2);
            board.set(0, Doing::Idle);
            board.set(1, neighbour);
            assert_eq!(pulls_beside(OwnWork::GivesWay, &board), pulls, "{neighbour:?}");
            assert!(pulls_beside(OwnWork::None, &board));
            assert!(!pulls_beside(OwnWork::Apart, &board));
        }
    }
}
