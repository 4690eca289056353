//! Looks at the cluster and at this machine, again and again while a run goes on.

use std::time::{Duration, Instant};

use minos_queue::Broker;

use crate::journal::{LaneSample, Sample, micros};
use crate::machine;
use crate::processes::Processes;

/// How long one look may take.
const LOOK: Duration = Duration::from_secs(2);
/// A run has about this many samples, between one a second and one in half a minute.
const SAMPLES: u32 = 600;

/// Whoever looks.
#[derive(Debug, Clone)]
pub(crate) struct Sampler {
    pub(crate) broker: Broker,
    pub(crate) processes: Option<Processes>,
    /// All times are counted from here.
    pub(crate) start: Instant,
}

impl Sampler {
    /// How often a run of that length is looked at.
    pub(crate) fn every(duration: Duration) -> Duration {
        (duration / SAMPLES).clamp(Duration::from_secs(1), Duration::from_secs(30))
    }

    /// One look.
    pub(crate) async fn look(&self) -> Sample {
        let at_us = micros(self.start.elapsed());
        let mut sample = Sample {
            at_us,
            lanes: vec![],
            nodes: 0,
            slots: 0,
            busy: 0,
            quarantined: 0,
            draining: 0,
            dead: 0,
            load: machine::load(),
            used: self.processes.and_then(Processes::used),
            trouble: None,
        };
        let status = match tokio::time::timeout(LOOK, self.broker.status()).await {
            Ok(Ok(status)) => status,
            Ok(Err(error)) => {
                sample.trouble = Some(error.to_string());
                return sample;
            }
            Err(_elapsed) => {
                sample.trouble = Some(format!("the broker told no status within {LOOK:?}"));
                return sample;
            }
        };
        sample.dead = status.dead;
        for node in &status.nodes {
            sample.nodes += 1;
            sample.slots += node.slots;
            sample.busy += node.busy;
            sample.quarantined += node.quarantined;
            sample.draining += u32::from(node.draining);
        }
        sample.lanes = status
            .lanes
            .iter()
            .map(|lane| LaneSample {
                lane: format!("{}-{}", lane.lane, lane.pool),
                pending: lane.pending,
                in_flight: lane.in_flight,
                oldest_ms: lane.oldest.and_then(|age| u64::try_from(age.as_millis()).ok()),
            })
            .collect();
        sample
    }
}
