//! Rejudges: every submission of a problem judged again, looked at, and only then made to count.
//!
//! A rejudge has two halves. The **trial** judges each submission again in the lane of rejudges,
//! under a generation of its own kind ([`Generation::trial`]): its verdict goes to TRIALS, where no
//! platform listens, never to RESULTS. Old verdicts beside the trial's are the preview. **Applying**
//! publishes those very verdicts to RESULTS, each as the next generation of its submission: what
//! was shown is what comes to count, and nothing is judged twice.
//!
//! One submission's way, `team7-12`, which has a WA, when the tests of `sums` were mended:
//!
//! ```text
//!  submissions.sums.default.team7-12.1            the archive has its source
//!    │ plan      jobs.rejudge.any.default.team7-12.1000000003, problem sums@<the new revision>
//!    ▼           (rejudge 3; the broker refuses it while it is there, a verdict refuses it after)
//!  a slot judges it like any job
//!    ▼
//!  trials.default.team7-12.1000000003   AC        read by `preview`: WA -> AC
//!    │ apply
//!    ▼
//!  results.default.team7-12.2           AC        with `Minos-Rejudge: 3`: applied once
//!  submissions.sums.default.team7-12.2            so that generation 2 is never used again
//! ```
//!
//! Every step may be repeated, and a killed rejudge is carried on by the next call for the same
//! scope: jobs are unique by their subject, verdicts by theirs, and an applied one says by whom.
//! Nothing is kept in memory but the requests under way and the matrix.
//!
//! The problem is resolved to one revision when the rejudge is opened, so that a package pushed
//! meanwhile does not mix two truths. A submission that waits for its first verdict is left alone
//! (it will meet the new revision by itself), and one that was cancelled stays cancelled. A trial
//! that ends in JE changes nothing.

mod apply;
mod plan;
mod record;

use std::collections::BTreeMap;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use minos_model::{
    Digest, Generation, Judgement, LanguageId, ProblemId, SubmissionId, Tenant, Verdict,
};

pub use self::apply::Applied;
pub use self::plan::Plan;
use crate::reads::Kept;
use crate::subject::{JOBS, RESULTS, TRIALS, kept_filter};
use crate::submit::real_generation;
use crate::verdicts::read_judgement;
use crate::{Broker, QueueError};

/// Under which header a verdict says which rejudge it came from.
pub(crate) const BY_REJUDGE: &str = "Minos-Rejudge";
/// Requests under way at once.
const AT_ONCE: usize = 32;

/// Which submissions of a problem are judged again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RejudgeScope {
    /// Of which problem.
    pub problem: ProblemId,
    /// Judged with which revision of it.
    pub revision: Digest,
    /// Only this tenant's.
    pub tenant: Option<Tenant>,
    /// Only this one.
    pub submission: Option<SubmissionId>,
    /// Only those in this language.
    pub language: Option<LanguageId>,
    /// Only those with this verdict.
    pub verdict: Option<Verdict>,
}

/// A rejudge on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejudge {
    /// By which its trials and its verdicts are marked.
    pub number: u32,
    /// What it judges again.
    pub scope: RejudgeScope,
    /// Whether an earlier call had opened it.
    pub resumed: bool,
}

impl Rejudge {
    const fn generation(&self) -> Generation {
        Generation::trial(self.number)
    }

    fn filter(&self) -> String {
        format!("trials.*.*.{}", self.generation())
    }
}

/// A submission that was judged again.
#[derive(Debug, Clone, PartialEq)]
pub struct Trial {
    /// The verdict that counts so far; `None` when the broker has forgotten it.
    pub old: Option<Verdict>,
    /// The judgement of the trial; its generation is the trial's.
    pub new: Judgement,
}

/// How many submissions went from which verdict to which, the old one `None` where it is forgotten.
pub type Matrix = BTreeMap<(Option<Verdict>, Verdict), u64>;

/// Walks over the trials of a rejudge, as they come in.
#[derive(Debug)]
pub struct Trials {
    broker: Broker,
    rejudge: Rejudge,
    scan: crate::scan::Scan,
}

impl Broker {
    /// The trials of a rejudge that have their verdict, in the order in which they got it.
    #[must_use]
    pub fn trials(&self, rejudge: &Rejudge) -> Trials {
        let scan = self.scan(TRIALS, rejudge.filter());
        Trials { broker: self.clone(), rejudge: rejudge.clone(), scan }
    }

    /// Whether trials of a rejudge wait or are being judged. A trial leaves the queue only after
    /// its verdict is stored: when there is none, a walk to the end sees them all.
    ///
    /// # Errors
    /// [`QueueError::Timeout`], [`QueueError::NotInitialised`].
    pub async fn is_trying(&self, rejudge: &Rejudge) -> Result<bool, QueueError> {
        let filter = kept_filter("*", "*", rejudge.generation());
        Ok(self.last_exact(JOBS, &filter).await?.is_some())
    }

    /// The verdict of a submission that counts, setting aside what `but` has applied itself.
    async fn counting(
        &self,
        tenant: &Tenant,
        submission: &SubmissionId,
        but: u32,
    ) -> Result<Option<Verdict>, QueueError> {
        let filter = format!("results.{tenant}.{submission}.*");
        let Some(last) = self.last(RESULTS, &filter).await? else { return Ok(None) };
        if !is_by(&last, but) {
            return read_judgement(&last).map(|judgement| Some(judgement.verdict));
        }
        for kept in self.generations(tenant, submission).await? {
            if !is_by(&kept, but) {
                return read_judgement(&kept).map(|judgement| Some(judgement.verdict));
            }
        }
        Ok(None)
    }

    /// Every verdict of a submission, the latest generation first.
    async fn generations(
        &self,
        tenant: &Tenant,
        submission: &SubmissionId,
    ) -> Result<Vec<Kept>, QueueError> {
        let subjects = self.subjects(RESULTS, &format!("results.{tenant}.{submission}.*")).await?;
        let mut known: Vec<(Generation, String)> = subjects
            .into_iter()
            .filter_map(|subject| real_generation(&subject).map(|number| (number, subject)))
            .collect();
        known.sort_by_key(|(generation, _)| std::cmp::Reverse(*generation));
        let mut verdicts = Vec::new();
        for (_, subject) in known {
            verdicts.extend(self.last_exact(RESULTS, &subject).await?);
        }
        Ok(verdicts)
    }
}

/// Whether a verdict was applied by a rejudge.
fn is_by(kept: &Kept, number: u32) -> bool {
    kept.header(BY_REJUDGE).and_then(|text| text.parse().ok()) == Some(number)
}

impl Trials {
    /// Calls `told` for every trial from where the last call ended to the end of what is there;
    /// returns how many there were.
    ///
    /// # Errors
    /// [`QueueError::Timeout`], [`QueueError::NotInitialised`]: make a new walk.
    pub async fn read(&mut self, mut told: impl FnMut(Trial)) -> Result<u64, QueueError> {
        let (broker, number) = (&self.broker, self.rejudge.number);
        let mut under_way = FuturesUnordered::new();
        let mut seen = 0;
        let mut more = true;
        while more || !under_way.is_empty() {
            while more && under_way.len() < AT_ONCE {
                match self.scan.next().await? {
                    Some(kept) => under_way.push(compare(broker, number, kept)),
                    None => more = false,
                }
            }
            if let Some(trial) = under_way.next().await {
                told(trial?);
                seen += 1;
            }
        }
        Ok(seen)
    }
}

async fn compare(broker: &Broker, number: u32, kept: Kept) -> Result<Trial, QueueError> {
    let new = read_judgement(&kept)?;
    let old = broker.counting(&new.tenant, &new.submission, number).await?;
    Ok(Trial { old, new })
}
