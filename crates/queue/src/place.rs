//! What a node knows of one shard of a lane: whether asking it is worth a request.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::subject::JOBS;

/// A shard nobody has heard of is asked after this time all the same.
const ASK_AGAIN: Duration = Duration::from_millis(400);
/// One that could not be asked is left alone for this long.
const LEAVE_ALONE: Duration = Duration::from_secs(5);

/// A shard's consumer, and what this node knows of it.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) shard: u32,
    pub(crate) next: String,
    /// Goes up with each word of a job stored there; beyond `emptied` there may be work.
    heard: AtomicU64,
    /// What `heard` was when the shard was found empty.
    emptied: AtomicU64,
    /// From when on it is asked all the same, in milliseconds after it was bound.
    ask_ms: AtomicU64,
    /// Until when it is left alone.
    alone_ms: AtomicU64,
}

impl Place {
    pub(crate) fn new(shard: u32, consumer: &str) -> Self {
        Self {
            shard,
            next: format!("$JS.API.CONSUMER.MSG.NEXT.{JOBS}.{consumer}"),
            heard: AtomicU64::new(1),
            emptied: AtomicU64::new(0),
            ask_ms: AtomicU64::new(0),
            alone_ms: AtomicU64::new(0),
        }
    }

    /// A job was stored there.
    pub(crate) fn hear(&self) {
        self.heard.fetch_add(1, Ordering::AcqRel);
    }

    /// What has been heard so far, if it is to be asked now. Of those who come only because it is
    /// time, one is sent.
    pub(crate) fn is_due(&self, now_ms: u64) -> Option<u64> {
        let heard = self.heard.load(Ordering::Acquire);
        if self.alone_ms.load(Ordering::Relaxed) > now_ms {
            return None;
        }
        if heard > self.emptied.load(Ordering::Acquire) {
            return Some(heard);
        }
        let at = self.ask_ms.load(Ordering::Relaxed);
        let next = now_ms.saturating_add(millis(ASK_AGAIN));
        if at > now_ms {
            return None;
        }
        let sent = self.ask_ms.compare_exchange(at, next, Ordering::Relaxed, Ordering::Relaxed);
        sent.is_ok().then_some(heard)
    }

    /// It had a job: where one was, more may be.
    pub(crate) fn served(&self, heard: u64) {
        if heard <= self.emptied.load(Ordering::Acquire) {
            self.hear();
        }
    }

    /// It had none; what was heard since then still counts.
    pub(crate) fn empty(&self, heard: u64, now_ms: u64) {
        self.emptied.fetch_max(heard, Ordering::AcqRel);
        self.ask_ms.store(now_ms.saturating_add(millis(ASK_AGAIN)), Ordering::Relaxed);
    }

    pub(crate) fn leave_alone(&self, now_ms: u64) {
        self.alone_ms.store(now_ms.saturating_add(millis(LEAVE_ALONE)), Ordering::Relaxed);
    }
}

pub(crate) fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shard_is_asked_while_it_may_have_work_and_now_and_then_when_nothing_is_heard() {
        let place = Place::new(3, "contest-any-3");
        let first = place.is_due(0).unwrap();
        assert!(place.is_due(0).is_some(), "by every slot, as long as it may have work");
        place.empty(first, 0);
        assert_eq!(place.is_due(399), None);
        assert!(place.is_due(400).is_some());
        assert_eq!(place.is_due(400), None, "one slot is enough to look");
        place.hear();
        let heard = place.is_due(401).unwrap();
        place.hear();
        place.empty(heard, 401);
        assert!(place.is_due(402).is_some(), "what was heard meanwhile counts");
    }

    #[test]
    fn a_job_that_was_not_heard_of_makes_others_look_too() {
        let place = Place::new(3, "contest-any-3");
        place.empty(place.is_due(0).unwrap(), 0);
        let heard = place.is_due(400).unwrap();
        place.served(heard);
        assert!(place.is_due(401).is_some() && place.is_due(401).is_some());
    }

    #[test]
    fn a_shard_that_cannot_be_asked_is_left_alone_for_a_while() {
        let place = Place::new(3, "contest-any-3");
        place.leave_alone(0);
        place.hear();
        assert_eq!(place.is_due(4_999), None);
        assert!(place.is_due(5_000).is_some());
    }
}
