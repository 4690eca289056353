//! The node's side of a slot: its warden, the boxes prepared ahead, and the run.

pub(crate) mod boxes;
pub(crate) mod clock;
pub(crate) mod cores;
pub(crate) mod drain;
pub(crate) mod handover;
pub(crate) mod house;
pub(crate) mod job;
pub(crate) mod outcome;
pub(crate) mod run;
pub(crate) mod spawn;
pub(crate) mod warden;
