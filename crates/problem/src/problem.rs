//! A problem: a package made complete. Every test and every answer is a file.

use std::path::PathBuf;

use minos_model::{Digest, ProblemId};

use crate::{Checker, Group, ProblemLimits};

/// A complete problem, as it lies in the cache. Every path is absolute.
#[derive(Debug, Clone, PartialEq)]
pub struct Problem {
    /// The short name.
    pub id: ProblemId,
    /// The revision of the package it was prepared from.
    pub revision: Digest,
    /// The title for people.
    pub name: String,
    /// The directory everything lies in.
    pub dir: PathBuf,
    /// What a solution may use.
    pub limits: ProblemLimits,
    /// The tests, in order.
    pub tests: Vec<Test>,
    /// Groups of tests; empty when the problem has none.
    pub groups: Vec<Group>,
    /// Who compares answers.
    pub checker: Checker,
}

/// One test of a complete problem.
#[derive(Debug, Clone, PartialEq)]
pub struct Test {
    /// The number as the package writes it: `01`, `100`.
    pub name: String,
    /// The input.
    pub input: PathBuf,
    /// The jury's answer.
    pub answer: PathBuf,
    /// The group it belongs to.
    pub group: Option<String>,
    /// What it is worth.
    pub points: Option<f64>,
    /// Whether it stands in the statement.
    pub sample: bool,
}
