//! What is to be made ready next: the aide that reads the bucket of problems.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use minos_model::{Bytes, Digest, NodeId, ProblemId, ProblemRef};
use minos_queue::{Broker, Claim, ProblemEntry};

use super::{Ahead, Outcome, lock};
use crate::board::Board;
use crate::chore::chore;
use crate::cluster::Cluster;
use crate::metrics;
use crate::ports::{NoProblem, Outside as _};
use crate::supervisor::Aide;

/// Between two looks into the bucket: one request each. Each node's own milliseconds, so that the
/// first one of a cluster has claimed a problem before the second one asks.
const LOOK_MS: (u64, u64) = (2_000, 4_000);
/// Before a problem that another node has claimed is looked at again: by then it may be made.
const CLAIMED: Duration = Duration::from_secs(2);
/// Before a problem that gave way is tried again: doubling from the first to the last.
const AGAIN: (Duration, Duration) = (Duration::from_secs(5), Duration::from_secs(300));
/// How often one is tried before a job of its own has to do it.
const TRIES: u32 = 8;

/// A problem that waits.
#[derive(Debug, Clone)]
struct Waiting {
    id: ProblemId,
    revision: Digest,
    bytes: u64,
    /// Not before this time.
    due: Instant,
    tries: u32,
}

#[derive(Debug, Default)]
struct Books {
    /// How far the bucket was read.
    place: u64,
    /// What was pushed last at the head.
    waiting: Vec<Waiting>,
}

impl Books {
    /// Takes up what was pushed: at most so many problems, of so many bytes together.
    fn add(&mut self, pushed: Vec<ProblemEntry>, most: u32, bytes: Bytes) {
        for ProblemEntry { id, revision, bytes, .. } in pushed {
            self.waiting.retain(|waiting| waiting.id != id);
            let due = Instant::now();
            let waiting = Waiting { id, revision, bytes, due, tries: 0 };
            self.waiting.insert(0, waiting);
        }
        let mut room = bytes.get();
        self.waiting.retain(|waiting| {
            let fits = waiting.bytes <= room;
            room -= if fits { waiting.bytes } else { 0 };
            fits
        });
        self.waiting.truncate(usize::try_from(most).unwrap_or(usize::MAX));
    }

    /// Takes the one that was pushed last of those that are due.
    fn next(&mut self, now: Instant) -> Option<Waiting> {
        let at = self.waiting.iter().position(|waiting| waiting.due <= now)?;
        Some(self.waiting.remove(at))
    }

    /// Puts one back, unless another revision has come meanwhile or it was tried often enough.
    fn put_back(&mut self, waiting: Waiting) {
        let newer = self.waiting.iter().any(|other| other.id == waiting.id);
        if !newer && waiting.tries < TRIES {
            self.waiting.push(waiting);
        }
    }
}

/// How a try ended.
#[derive(Debug)]
enum End {
    Made(Outcome),
    /// Another node is at it.
    Claimed,
    /// It did not come here.
    Absent(NoProblem),
}

/// A node's list.
#[derive(Debug)]
pub(crate) struct List {
    pub(crate) broker: Broker,
    pub(crate) board: Board,
    pub(crate) cluster: Arc<Cluster>,
    pub(crate) ahead: Ahead,
    pub(crate) node: NodeId,
    /// How many problems; not zero.
    pub(crate) most: u32,
    /// Archives of so many bytes at once.
    pub(crate) bytes: Bytes,
}

/// Reads the bucket, and has what was pushed made ready.
pub(crate) fn aide(list: List) -> Aide {
    let (list, books) = (Arc::new(list), Arc::new(Mutex::new(Books::default())));
    let (least, most) = LOOK_MS;
    let pause = Duration::from_millis(crate::jitter::between(least, most));
    chore("list of problems", pause, move |_node| {
        let (list, books) = (Arc::clone(&list), Arc::clone(&books));
        async move {
            while list.read(&books).await && list.idle() {
                let Some(waiting) = lock(&books).next(Instant::now()) else { return };
                let end = list.make_ready(&waiting).await;
                settle(&books, waiting, end);
            }
        }
    })
}

impl List {
    /// Reads what was pushed since; whether the broker answered.
    async fn read(&self, books: &Mutex<Books>) -> bool {
        let place = lock(books).place;
        match self.broker.pushed_since(place, self.most).await {
            Ok((place, pushed)) => {
                let mut books = lock(books);
                books.place = place;
                books.add(pushed, self.most, self.bytes);
                true
            }
            Err(error) => {
                tracing::debug!(%error, "the list of problems was not read");
                false
            }
        }
    }

    /// Whether a slot has nothing to do and the node judges.
    fn idle(&self) -> bool {
        let board = &self.board;
        board.count().idle > 0 && !board.draining() && board.doubt().is_none()
    }

    async fn make_ready(&self, waiting: &Waiting) -> End {
        let Waiting { id, revision, .. } = waiting;
        let claim = self.broker.claim_builds(revision, &self.node).await;
        match &claim {
            Ok(Claim::Ours | Claim::Made) => {}
            Ok(Claim::Others) => return End::Claimed,
            // Twice is better than not at all.
            Err(error) => tracing::debug!(problem = %id, %error, "not claimed"),
        }
        let wanted = ProblemRef { id: id.clone(), revision: Some(revision.to_string()) };
        match self.cluster.problem(&wanted).await {
            Ok(problem) => {
                // A slot that dies over it has given way as well.
                let made = self.ahead.offer(problem).await.unwrap_or(Outcome::GaveWay);
                if matches!((&claim, &made), (Ok(Claim::Ours), Outcome::Ready { .. }))
                    && let Err(error) = self.broker.builds_made(revision).await
                {
                    tracing::debug!(problem = %id, %error, "others were not told");
                }
                End::Made(made)
            }
            Err(error) => End::Absent(error),
        }
    }
}

fn settle(books: &Mutex<Books>, mut waiting: Waiting, end: End) {
    let problem = format!("{}@{}", waiting.id, waiting.revision);
    match end {
        End::Made(Outcome::Ready { compiled }) => {
            metrics::problem_ahead(if compiled { "compiled" } else { "found" });
            tracing::info!(problem, compiled, "the jury's programs are ready");
            return;
        }
        End::Made(Outcome::Failed(why)) => {
            metrics::problem_ahead("failed");
            // What a compiler says quotes the package, which is the operators' own.
            tracing::warn!(problem, why, "the jury's programs were not made ready");
            return;
        }
        End::Absent(error @ (NoProblem::Unknown(_) | NoProblem::Damaged { .. })) => {
            metrics::problem_ahead("failed");
            tracing::warn!(problem, %error, "the package was not made ready");
            return;
        }
        End::Claimed => waiting.due = Instant::now() + CLAIMED,
        End::Made(Outcome::GaveWay) | End::Absent(NoProblem::Unready { .. }) => {
            let (first, last) = AGAIN;
            waiting.due = Instant::now() + (first * (1 << waiting.tries.min(10))).min(last);
            waiting.tries += 1;
            tracing::debug!(problem, tries = waiting.tries, "not made ready yet");
        }
    }
    lock(books).put_back(waiting);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pushed(id: &str, revision: u8, bytes: u64) -> ProblemEntry {
        let (id, revision) = (id.parse().unwrap(), Digest::from_bytes([revision; 32]));
        ProblemEntry { id, revision, title: String::new(), bytes, pushed_ms: 0 }
    }

    fn order(books: &Books) -> Vec<&str> {
        books.waiting.iter().map(|waiting| waiting.id.as_str()).collect()
    }

    #[test]
    fn what_was_pushed_last_is_next_and_there_are_bounds() {
        let mut books = Books::default();
        let all = vec![pushed("a", 1, 10), pushed("b", 1, 10), pushed("c", 1, 10)];
        for (most, bytes, expected) in
            [(9, 30, vec!["c", "b", "a"]), (2, 30, vec!["c", "b"]), (9, 29, vec!["c", "b"])]
        {
            let mut books = Books::default();
            books.add(all.clone(), most, Bytes::new(bytes));
            assert_eq!(order(&books), expected, "{most} of {bytes}");
        }
        books.add(
            vec![pushed("a", 1, 1), pushed("large", 1, 30), pushed("b", 1, 1)],
            9,
            Bytes::new(29),
        );
        assert_eq!(order(&books), ["b", "a"], "one that is too large hinders no other");
        books.add(vec![pushed("a", 2, 1)], 9, Bytes::new(29));
        assert_eq!(order(&books), ["a", "b"], "a newer revision takes the place");
        let next = books.next(Instant::now()).unwrap();
        assert_eq!((next.id.as_str(), next.revision), ("a", Digest::from_bytes([2; 32])));
    }

    #[test]
    fn one_that_gives_way_comes_again_after_others_and_not_for_ever() {
        let books = Mutex::new(Books::default());
        lock(&books).add(vec![pushed("a", 1, 1)], 9, Bytes::new(9));
        let begun = Instant::now();
        let far = begun + AGAIN.1 * 2;
        for tried in 1..=TRIES {
            let waiting = lock(&books).next(far).unwrap();
            settle(&books, waiting, End::Made(Outcome::GaveWay));
            assert!(lock(&books).next(begun).is_none(), "not at once");
            assert_eq!(lock(&books).waiting.len(), usize::from(tried < TRIES), "{tried}");
        }
    }

    #[test]
    fn what_failed_is_not_tried_again_until_it_is_pushed_again() {
        let books = Mutex::new(Books::default());
        for _push in 0..2 {
            lock(&books).add(vec![pushed("a", 1, 1)], 9, Bytes::new(9));
            let waiting = lock(&books).next(Instant::now()).unwrap();
            settle(&books, waiting, End::Made(Outcome::Failed("no".to_owned())));
            assert!(lock(&books).waiting.is_empty());
        }
    }

    #[test]
    fn what_another_node_has_claimed_is_looked_up_later() {
        let books = Mutex::new(Books::default());
        lock(&books).add(vec![pushed("a", 1, 1)], 9, Bytes::new(9));
        let now = Instant::now();
        let waiting = lock(&books).next(now).unwrap();
        settle(&books, waiting, End::Claimed);
        assert!(lock(&books).next(now).is_none());
        let later = lock(&books).next(now + CLAIMED * 2).unwrap();
        assert_eq!(later.tries, 0);
    }
}
