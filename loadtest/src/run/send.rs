//! The open loop: submissions leave at their planned times, whatever has become of the earlier
//! ones.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::Result;
use minos_model::{Job, Lane};
use minos_queue::Broker;
use minos_queue::wire::Form;
use rand::SeedableRng;
use rand_chacha::ChaCha12Rng;
use tokio::sync::mpsc::UnboundedSender;
use tokio::task::JoinSet;

use super::collect::News;
use super::{Plan, prepare};
use crate::corpus::Mix;
use crate::journal;

/// A submission that the broker does not acknowledge is sent again under the same id this often.
const TRIES: u32 = 5;
/// At most this many submissions wait for the broker's word at once.
const IN_FLIGHT: usize = 16_384;
/// Rejudgings of the storm that wait for the broker's word at once.
const STORM_IN_FLIGHT: usize = 64;

/// Whoever sends.
#[derive(Clone)]
pub(super) struct Sender {
    pub(super) broker: Broker,
    pub(super) plan: Arc<Plan>,
    pub(super) mix: Arc<Mix>,
    pub(super) start: Instant,
    pub(super) tell: UnboundedSender<News>,
    /// Set when nothing more shall be sent.
    pub(super) stop: Arc<AtomicBool>,
}

/// One submission on its way.
#[derive(Debug, Clone, Copy)]
struct Parcel {
    index: usize,
    sent: Duration,
    storm: bool,
}

impl Sender {
    /// Sends each submission at its time. Nothing is waited for: each hand-over is a task of its
    /// own.
    pub(super) async fn live(self) {
        let mut draws = ChaCha12Rng::seed_from_u64(self.plan.seed);
        draws.set_stream(2);
        let mut handing_over = JoinSet::new();
        let lane = Lane::new("contest").expect("`contest` is an identifier");
        for index in 0..self.plan.times.len() {
            if self.stop.load(Ordering::Relaxed) {
                let left = u64::try_from(self.plan.times.len() - index).unwrap_or(0);
                self.say(News::Stopped(left));
                break;
            }
            // The source is made before its time, so that making it delays nothing.
            let job = self.job(index, &lane, &mut draws);
            let at = self.plan.times.get(index).copied().unwrap_or_default();
            tokio::time::sleep_until((self.start + at).into()).await;
            let parcel = Parcel { index, sent: self.start.elapsed(), storm: false };
            let sender = self.clone();
            handing_over.spawn(async move { sender.hand_over(job, parcel).await });
            while handing_over.try_join_next().is_some() {}
            while handing_over.len() >= IN_FLIGHT {
                handing_over.join_next().await;
            }
        }
        while handing_over.join_next().await.is_some() {}
        self.say(News::AllSent);
    }

    /// Sends the storm as fast as the broker takes it, into the lane of rejudgings.
    pub(super) async fn storm(self) {
        let mut draws = ChaCha12Rng::seed_from_u64(self.plan.seed);
        let mut handing_over = JoinSet::new();
        let lane = Lane::new("rejudge").expect("`rejudge` is an identifier");
        tokio::time::sleep_until((self.start + self.plan.storm_at).into()).await;
        for index in self.plan.times.len()..self.plan.programs.len() {
            let job = self.job(index, &lane, &mut draws);
            let parcel = Parcel { index, sent: self.start.elapsed(), storm: true };
            let sender = self.clone();
            handing_over.spawn(async move { sender.hand_over(job, parcel).await });
            while handing_over.len() >= STORM_IN_FLIGHT {
                handing_over.join_next().await;
            }
        }
        while handing_over.join_next().await.is_some() {}
        self.say(News::AllSent);
    }

    fn job(&self, index: usize, lane: &Lane, draws: &mut ChaCha12Rng) -> Result<Job> {
        let program = self.plan.programs.get(index).and_then(|at| self.mix.programs().get(*at));
        let program = program.ok_or_else(|| anyhow::anyhow!("the mix has no such program"))?;
        let tenant = &self.plan.tenant;
        let source = self.mix.source(program, &format!("{tenant}-{index}"), draws);
        prepare::job(tenant, index, program, source, lane)
    }

    /// Hands one job to the broker until it is stored; the same id again is the same submission.
    async fn hand_over(self, job: Result<Job>, parcel: Parcel) {
        let Parcel { index, sent, storm } = parcel;
        let mut why = String::new();
        match job {
            Ok(job) => {
                for _ in 0..TRIES {
                    match self.broker.submit_new(&job, Form::Binary).await {
                        Ok(_) => {
                            let acked = self.start.elapsed();
                            return self.say(News::Sent { index, sent, acked, storm });
                        }
                        Err(error) => {
                            why = error.to_string();
                            if !error.is_passing() {
                                break;
                            }
                        }
                    }
                }
            }
            Err(error) => why = format!("{error:#}"),
        }
        self.say(News::Refused { id: journal::id(index), index, sent, why });
    }

    /// The collector outlives every sender.
    fn say(&self, news: News) {
        drop(self.tell.send(news));
    }
}
