//! When the node takes no more jobs by itself, and when it takes them again.

use ractor::ActorRef;

use super::record::too_many;
use super::{House, NodeMessage};
use crate::ports::Outside;
use crate::slot::Wish;

impl<O: Outside> House<O> {
    /// A node that cannot keep half of its slots alive spoils jobs: it takes no more, until enough
    /// of them have served their terms and opened again.
    pub(super) fn weigh(&mut self, me: &ActorRef<NodeMessage>) {
        let slots = self.posts.len();
        let distrusted = self.posts.iter().filter(|post| post.record.distrusted()).count();
        if too_many(distrusted, slots) && self.wish == Wish::Take {
            tracing::error!(distrusted, slots, "the node drains itself");
            self.obey(me, Wish::Rest);
            self.rests_by_itself = true;
        } else if !too_many(distrusted, slots) && self.rests_by_itself {
            tracing::info!(distrusted, slots, "the node trusts itself again");
            self.obey(me, Wish::Take);
        }
    }

    /// Slots on parole that have opened are free.
    pub(super) fn release(&mut self, me: &ActorRef<NodeMessage>) {
        let board = &self.crew.board;
        let mut released = false;
        for post in self.posts.iter_mut().filter(|post| post.actor.is_some()) {
            if board.is_open(post.index) && post.record.opened() {
                tracing::info!(slot = post.index, "the slot's quarantine is over");
                released = true;
            }
        }
        if released {
            self.weigh(me);
        }
    }

    /// An operator who resumes a node resumes its quarantined slots.
    pub(super) fn pardon(&mut self, me: &ActorRef<NodeMessage>) {
        for post in &mut self.posts {
            if post.record.quarantined() {
                post.record.pardon();
                let (slot, life) = (post.index, post.life);
                drop(me.cast(NodeMessage::Restart { slot, life }));
            }
        }
    }
}
