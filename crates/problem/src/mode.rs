//! What a submission is and how it is run on a test.

use serde::{Deserialize, Serialize};

/// How often a submission runs on each test. Each run has the whole limits to itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Passes {
    /// Once.
    Once,
    /// Twice (Polygon's `run-count`): what the interactor wrote in the first run is the input of
    /// the second, and the checker sees what was written in the second.
    Twice,
    /// As often as the output validator asks for by leaving `nextpass.in` (ICPC's `multi-pass`),
    /// at most that often: a validator that asks for more is at fault.
    UpTo(u32),
}

/// What a submission is and how it is run; the kinds combine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mode {
    /// Somebody of the jury's talks to the submission while it runs: the problem's interactor,
    /// and without one its output validator.
    pub interactive: bool,
    /// The submission is no program but the output itself.
    pub submit_answer: bool,
    /// How often it runs on each test.
    pub passes: Passes,
}

impl Mode {
    /// A program that reads an input and writes an output, once.
    pub const BATCH: Self = Self { interactive: false, submit_answer: false, passes: Passes::Once };
}
