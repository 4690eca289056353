//! A slot: an actor that judges one submission at a time and pulls its own next job.
//!
//! ```text
//!              ┌──────────┐ Opened          ┌──────────┐ Taken        ┌──────────┐
//!   start ───▶ │ Opening  │ ──────────────▶ │ Pulling  │ ───────────▶ │ Judging  │
//!              └────┬─────┘                 └─┬──▲──┬──┘              └──┬──┬────┘
//!                   │ Leave          Empty:   │  │  └◀─── Settled ───────┘  │
//!                   │                pull on ─┘  │ Take                     │
//!                   │                       ┌────┴─────┐ ◀── told to Rest ──┤
//!                   │                       │ Resting  │                    │
//!                   ▼                       └────┬─────┘                    ▼
//!              ┌──────────┐ ◀─────── Leave ──────┘                told to Leave, Settled
//!              │ Stopped  │ ◀─────────────────────────────────────────────┘
//!              └──────────┘
//! ```
//!
//! A wish (`Take`, `Rest`, `Leave`, `LeaveNow`) is remembered while the slot pulls or judges and obeyed
//! when it is free; `LeaveNow` makes the walk hand its job back. Any pair that is not in the table
//! of [`state::step`], a broken warden and a task that died return `Err` from `handle`: the
//! supervisor replaces the actor. Nothing long runs inside `handle`: the pull and the walk are
//! tasks that the slot owns, and they end with it.

mod actor;
mod consent;
mod state;

pub(crate) use actor::{Crew, Life, SlotActor, SlotMessage};
pub(crate) use state::Wish;
