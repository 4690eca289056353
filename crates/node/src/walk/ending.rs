//! The ends of a walk: a verdict stored, a job handed back, a message buried.

use std::time::{Duration, Instant};

use minos_model::{Fault, Judgement, Stage, Submission};

use super::detour::jittered;
use super::{End, Walk, Why, Word};
use crate::metrics::{self, Buried, Retry, Step};
use crate::ports::{Held, Kept, Outside, Unstored};

/// Delay of a job whose verdict the broker did not take.
const HAND_BACK_UNSTORED: Duration = Duration::from_secs(30);
/// The board says so when verdicts are not taken for this long.
const FULL_AFTER: Duration = Duration::from_secs(30);
/// Between two attempts to store a verdict: doubling from the first to the last.
const STORE_RETRY: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));

impl<O: Outside> Walk<O> {
    /// Stores the verdict, then acknowledges.
    pub(super) async fn finish(&self, submission: &Submission, judgement: Judgement) -> End {
        let (storing, held) = (Instant::now(), self.board.storing());
        let stored = self.store(&judgement).await;
        drop(held);
        match stored {
            Ok(kept) => {
                self.ack().await;
                metrics::step(Step::Publish, storing.elapsed());
                if kept == Kept::First {
                    metrics::finished(&judgement, self.held.published());
                    self.board.verdict(judgement.verdict);
                }
                self.tell(submission, Stage::Done).await;
                tracing::debug!(
                    verdict = %judgement.verdict,
                    first = kept == Kept::First,
                    "judged"
                );
                self.board.judged(self.slot);
                End::Fine
            }
            Err(trouble) => {
                tracing::warn!(%trouble, "verdict not stored");
                let why = Why::Own(trouble.to_string());
                self.hand_back(Retry::Unstored, HAND_BACK_UNSTORED, &why).await;
                End::Wait(HAND_BACK_UNSTORED)
            }
        }
    }

    /// Tries to store a verdict for as long as the bounds allow; the lease beats on meanwhile.
    async fn store(&self, judgement: &Judgement) -> Result<Kept, Unstored> {
        let start = Instant::now();
        let mut word = self.word.clone();
        let mut pause = STORE_RETRY.0;
        loop {
            let trouble = match self.outside.store(judgement).await {
                Ok(kept) => {
                    self.board.set_results_full(false);
                    return Ok(kept);
                }
                Err(trouble) => trouble,
            };
            metrics::publish_failed();
            if matches!(trouble, Unstored::Full(_)) {
                // Nobody pulls what could not be stored either.
                self.board.set_results_full(true);
            }
            let given_up = *self.word.borrow() == Word::GiveUp;
            if given_up || start.elapsed() + pause > self.bounds.storing {
                self.board.set_results_full(true);
                return Err(trouble);
            }
            if start.elapsed() > FULL_AFTER {
                self.board.set_results_full(true);
            }
            // A word to give up ends the pause; any other is met by one attempt more.
            if let Ok(Err(_closed)) = tokio::time::timeout(pause, word.changed()).await {
                tokio::time::sleep(pause).await;
            }
            pause = (pause * 2).min(STORE_RETRY.1);
        }
    }

    /// To the dead letters; whoever waits for the verdict gets a JE.
    pub(super) async fn bury(&self, buried: Buried, fault: Fault, why: &Why) -> End {
        tracing::warn!(reason = buried.as_str(), why = why.logged(), "to the dead letters");
        match self.held.bury(buried, fault, why.text()).await {
            Ok(()) => metrics::dead_lettered(buried),
            Err(trouble) => {
                self.hand_back(Retry::Broker, jittered(), &Why::Own(trouble.0)).await;
            }
        }
        End::Fine
    }

    pub(super) async fn hand_back(&self, retry: Retry, delay: Duration, why: &Why) {
        tracing::warn!(
            reason = retry.as_str(),
            delay_ms = u64::try_from(delay.as_millis()).unwrap_or(u64::MAX),
            why = why.logged(),
            "job handed back"
        );
        metrics::retried(retry);
        if let Err(trouble) = self.held.hand_back(delay).await {
            tracing::warn!(%trouble, "not handed back: it returns after the ack wait");
        }
    }

    pub(super) async fn ack(&self) {
        if let Err(trouble) = self.held.ack().await {
            tracing::warn!(%trouble, "not acknowledged: the redelivery will find the verdict");
        }
    }
}
