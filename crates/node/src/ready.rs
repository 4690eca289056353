//! Whether this node is alive, and whether it should be sent work: read from the board, so that the
//! answer never waits for anybody.

use std::time::Duration;

use crate::board::Board;

/// The supervisor's pulse beats each second; this long without it is dead.
const PULSE_WAIT: Duration = Duration::from_secs(10);
/// The beacon beats each second; readiness tells the truth within five.
const BEAT_WAIT: Duration = Duration::from_secs(4);

/// The check that the broker is there.
pub(crate) const BROKER_CHECK: &str = "broker";

/// The answers.
#[derive(Debug, Clone)]
pub(crate) struct Readiness(Board);

/// A check by name, and what is wrong.
pub(crate) type Check = (&'static str, Result<(), String>);

impl Readiness {
    pub(crate) const fn new(board: Board) -> Self {
        Self(board)
    }

    /// Whether the actors still turn.
    pub(crate) fn live(&self) -> Vec<Check> {
        let pulse = match self.0.since_tick() {
            Some(age) if age > PULSE_WAIT => {
                Err(format!("the supervisor has been silent for {} s", age.as_secs()))
            }
            Some(_) | None => Ok(()),
        };
        vec![("supervisor", pulse)]
    }

    /// Whether a job that this node takes is likely to be judged by it.
    pub(crate) fn ready(&self) -> Vec<Check> {
        let board = &self.0;
        let mut checks = self.live();
        checks.push((BROKER_CHECK, self.broker()));
        let count = board.count();
        let slots = if count.idle + count.busy > 0 {
            Ok(())
        } else {
            Err(format!(
                "none is open: {} starting, {} quarantined, {} stopped",
                count.starting, count.quarantined, count.stopped
            ))
        };
        checks.push(("slots", slots));
        let yes = |bad: bool, why: &str| if bad { Err(why.to_owned()) } else { Ok(()) };
        checks.push(("drain", yes(board.draining(), "takes no new jobs")));
        checks.push(("disk", board.disk().map_or(Ok(()), Err)));
        checks.push(("canary", board.doubt().map_or(Ok(()), Err)));
        checks.push(("results", yes(board.results_full(), "the broker does not take verdicts")));
        checks
    }

    /// Whether the broker took a beat lately.
    pub(crate) fn connected(&self) -> bool {
        self.broker().is_ok()
    }

    fn broker(&self) -> Result<(), String> {
        match self.0.since_beat() {
            None => Err("has not taken a beat yet".to_owned()),
            Some(age) if age > BEAT_WAIT => {
                Err(format!("has not taken a beat for {} s", age.as_secs()))
            }
            Some(_) => Ok(()),
        }
    }
}
