//! The queue against a real nats-server. Without one these tests fail and say what to type.

#![cfg(test)]

mod deliveries;
mod life;
mod misplaced;
mod objects;
mod production;
mod rejudges;
mod support;
mod three;
mod verdicts;
