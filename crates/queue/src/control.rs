//! What operators tell nodes: drain, resume, stop judging a submission.

use async_nats::jetstream::kv;
use futures_util::StreamExt;
use minos_model::{Generation, NodeId};

use crate::broker::broker_error;
use crate::subject::{CONTROL, JudgingId};
use crate::{Broker, QueueError};

/// How long a cancellation is kept for nodes to hear of it: far longer than any judging. What
/// counts is the verdict CS, which is stored before.
pub(crate) const CANCEL_KEPT: &str = "24h";

/// A word to the nodes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Control {
    /// A node is to stop pulling (or, `false`, to pull again).
    Drain {
        /// Which node.
        node: NodeId,
        /// Whether it is drained.
        on: bool,
    },
    /// Whoever judges this is to stop: its verdict is stored.
    Cancel(JudgingId),
}

/// Words to the nodes, as they come.
pub struct ControlWatch {
    watch: kv::Watch,
    revision: u64,
}

impl std::fmt::Debug for ControlWatch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ControlWatch").finish_non_exhaustive()
    }
}

impl Broker {
    /// Tells a node to stop pulling, or to pull again. It is kept: a node that starts later obeys.
    ///
    /// # Errors
    /// [`QueueError::Timeout`], [`QueueError::NotInitialised`].
    pub async fn set_drain(&self, node: &NodeId, on: bool) -> Result<(), QueueError> {
        let value: &[u8] = if on { b"1" } else { b"0" };
        self.put_key(CONTROL, &format!("drain.{node}"), value.to_vec()).await
    }

    /// Whether a node has been told to stop pulling.
    ///
    /// # Errors
    /// [`QueueError::Timeout`], [`QueueError::NotInitialised`].
    pub async fn is_drained(&self, node: &NodeId) -> Result<bool, QueueError> {
        let subject = format!("$KV.{CONTROL}.drain.{node}");
        let kept = self.last(&format!("KV_{CONTROL}"), &subject).await?;
        Ok(kept.is_some_and(|kept| kept.payload == b"1"))
    }

    /// Follows what operators say, beginning with what holds now.
    ///
    /// # Errors
    /// [`QueueError::NotInitialised`], [`QueueError::Broker`].
    pub async fn watch_control(&self) -> Result<ControlWatch, QueueError> {
        let store =
            self.context.get_key_value(CONTROL).await.map_err(|_missing| {
                QueueError::NotInitialised { what: format!("bucket {CONTROL}") }
            })?;
        let watch = store
            .watch_with_history(">")
            .await
            .map_err(|error| broker_error("following bucket CONTROL", &error))?;
        Ok(ControlWatch { watch, revision: 0 })
    }
}

impl ControlWatch {
    /// The revision of the word that came last, 0 before the first: a word that a new watch
    /// repeats has the one it had before, a word that is written again has another.
    #[must_use]
    pub const fn revision(&self) -> u64 {
        self.revision
    }

    /// The next word; waits for it without end. `None` when the watch has ended: make a new one.
    ///
    /// # Errors
    /// [`QueueError::Broker`]: make a new one after a pause.
    ///
    /// # Cancel safety
    /// Dropping the future loses nothing.
    pub async fn next(&mut self) -> Result<Option<Control>, QueueError> {
        while let Some(entry) = self.watch.next().await {
            let entry = entry.map_err(|error| broker_error("following bucket CONTROL", &error))?;
            if entry.operation != kv::Operation::Put {
                continue;
            }
            match read(&entry.key, &entry.value) {
                Some(control) => {
                    self.revision = entry.revision;
                    return Ok(Some(control));
                }
                None => tracing::warn!(key = entry.key, "a word of control cannot be read"),
            }
        }
        Ok(None)
    }
}

fn read(key: &str, value: &[u8]) -> Option<Control> {
    let mut tokens = key.split('.');
    let value = std::str::from_utf8(value).ok()?;
    let control = match tokens.next()? {
        "drain" => Control::Drain { node: tokens.next()?.parse().ok()?, on: value == "1" },
        "cancel" => Control::Cancel(JudgingId {
            tenant: tokens.next()?.parse().ok()?,
            submission: tokens.next()?.parse().ok()?,
            generation: value.parse::<Generation>().ok()?,
        }),
        _ => return None,
    };
    if tokens.next().is_some() { None } else { Some(control) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_and_others_are_not() {
        let node: NodeId = "n-1".parse().unwrap();
        let drain = |on| Some(Control::Drain { node: node.clone(), on });
        assert_eq!(read("drain.n-1", b"1"), drain(true));
        assert_eq!(read("drain.n-1", b"0"), drain(false));
        let judging = JudgingId::from_tokens("t", "s", "3").unwrap();
        assert_eq!(read("cancel.t.s", b"3"), Some(Control::Cancel(judging)));
        for (key, value) in [("drain", "1"), ("cancel.t.s", "0"), ("x.y", "1"), ("drain.a.b", "1")]
        {
            assert_eq!(read(key, value.as_bytes()), None, "{key}");
        }
    }
}
