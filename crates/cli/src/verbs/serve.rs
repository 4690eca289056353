//! A running node under signals: the first drains it, the second stops it at once.

use minos_node::{NodeError, NodeHandle};
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::console::Console;
use crate::exit::{Exit, Failure, Outcome, with_causes};

/// What is said where control groups are not to be had.
pub(crate) const APPROXIMATE: &str = "minos: warning: there are no control groups here: runs are \
    isolated at the level `rootless`, memory and CPU time are approximate, and this is not for a \
    contest (`minos doctor` says what is missing)";

/// SIGTERM and SIGINT, caught from the moment this is made.
pub(crate) struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    /// Catches them.
    ///
    /// # Errors
    /// Exit code 3 when the runtime cannot.
    pub(crate) fn catch() -> Result<Self, Failure> {
        let caught =
            |kind| signal(kind).map_err(|error| Failure::environment(format!("signals: {error}")));
        Ok(Self {
            terminate: caught(SignalKind::terminate())?,
            interrupt: caught(SignalKind::interrupt())?,
        })
    }

    /// The next of them.
    pub(crate) async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// Serves until the node has ended. People are told on `console`; where stderr is a log for programs
/// there is none, and the node's own events say it.
///
/// # Errors
/// What the node died of.
pub(crate) async fn until_stopped(
    console: Option<Console>,
    node: &mut NodeHandle,
    signals: &mut Signals,
) -> Outcome {
    let ended = tokio::select! {
        ended = node.wait() => Some(ended),
        () = signals.next() => None,
    };
    if let Some(ended) = ended {
        return finish(ended);
    }
    let note = |line| {
        if let Some(console) = console {
            console.note(line);
        }
    };
    note("minos: draining: running jobs are finished; a second signal stops at once");
    node.drain();
    let ended = tokio::select! {
        ended = node.wait() => Some(ended),
        () = signals.next() => None,
    };
    if let Some(ended) = ended {
        return finish(ended);
    }
    note("minos: stopping at once: jobs are handed back");
    node.stop_now();
    finish(node.wait().await)
}

fn finish(ended: Result<(), NodeError>) -> Outcome {
    ended.map(|()| Exit::Yes).map_err(|error| failed(&error))
}

/// A failure of the node as a failure of the verb.
pub(crate) fn failed(error: &NodeError) -> Failure {
    let line = with_causes(error);
    if error.is_usage() { Failure::input(line) } else { Failure::environment(line) }
}
