//! The second half of a rejudge: its verdicts come to count.

use async_nats::HeaderMap;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use minos_model::{Judgement, Verdict};

use super::{AT_ONCE, BY_REJUDGE, Rejudge, is_by};
use crate::subject::TRIALS;
use crate::submit::real_generation;
use crate::verdicts::read_judgement;
use crate::{Broker, JudgingId, QueueError, Stored};

/// How often a generation is looked for when others take it at the same moment.
const TRIES: usize = 16;

/// How many verdicts of a rejudge count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Applied {
    /// Published just now.
    pub published: u64,
    /// Published by an earlier call.
    pub before: u64,
    /// Trials that ended in JE: the old verdicts stay.
    pub failed: u64,
}

enum Outcome {
    Published,
    Before,
    Failed,
}

impl Broker {
    /// Publishes the verdicts of a rejudge, each as the next generation of its submission, once.
    ///
    /// # Errors
    /// [`QueueError::StreamFull`], [`QueueError::Timeout`], [`QueueError::NotInitialised`]: doing
    /// it again goes on where it ended.
    pub async fn apply_rejudge(
        &self,
        rejudge: &Rejudge,
        mut told: impl FnMut(&Applied),
    ) -> Result<Applied, QueueError> {
        let mut scan = self.scan(TRIALS, rejudge.filter());
        let mut applied = Applied::default();
        let mut under_way = FuturesUnordered::new();
        let mut more = true;
        while more || !under_way.is_empty() {
            while more && under_way.len() < AT_ONCE {
                match scan.next().await? {
                    Some(kept) => under_way.push(self.apply_one(rejudge, read_judgement(&kept)?)),
                    None => more = false,
                }
            }
            if let Some(outcome) = under_way.next().await {
                match outcome? {
                    Outcome::Published => applied.published += 1,
                    Outcome::Before => applied.before += 1,
                    Outcome::Failed => applied.failed += 1,
                }
                told(&applied);
            }
        }
        Ok(applied)
    }

    async fn apply_one(
        &self,
        rejudge: &Rejudge,
        mut judgement: Judgement,
    ) -> Result<Outcome, QueueError> {
        if judgement.verdict == Verdict::JudgeError {
            return Ok(Outcome::Failed);
        }
        let (tenant, submission) = (judgement.tenant.clone(), judgement.submission.clone());
        for _ in 0..TRIES {
            // The number first, then the look whether it was done: what another call publishes in
            // between is seen by the look or takes this number.
            let next = self.next_generation(&tenant, &submission).await?;
            for kept in self.generations(&tenant, &submission).await? {
                if let Some(generation) =
                    real_generation(&kept.subject).filter(|_| is_by(&kept, rejudge.number))
                {
                    judgement.generation = generation;
                    self.archive_again(rejudge, &JudgingId::of_judgement(&judgement)).await?;
                    return Ok(Outcome::Before);
                }
            }
            judgement.generation = next;
            let judging = JudgingId::of_judgement(&judgement);
            let mut headers = HeaderMap::new();
            headers.insert(BY_REJUDGE, rejudge.number.to_string().as_str());
            match self.store_with(&judgement, headers).await? {
                Stored::First => {
                    self.archive_again(rejudge, &judging).await?;
                    return Ok(Outcome::Published);
                }
                // Another call was faster, or somebody's retry took the generation.
                Stored::Already(_) => {}
            }
        }
        Err(QueueError::Broker {
            operation: format!("applying rejudge {} to {submission}", rejudge.number),
            reason: "others judge it again all the time; try again".to_owned(),
        })
    }
}
