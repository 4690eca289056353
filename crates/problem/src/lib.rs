//! Packages and languages, read once at the edge.
//!
//! A [`Package`] is a problem as its author delivers it: a directory or a zip, from Polygon. It is
//! read, checked and never trusted. Whoever judges it first makes it complete: a [`Draft`] takes
//! every input and answer, and is published as a [`Problem`] in the [`Cache`]. [`Languages`] says
//! how sources become programs.

#![forbid(unsafe_code)]

mod archive;
mod bounds;
mod cache;
mod command;
mod draft;
mod error;
mod keys;
mod language;
mod language_file;
mod open;
mod pack;
mod package;
mod parts;
mod pattern;
mod polygon;
mod prepared;
mod problem;
mod relative;
mod standard;
mod tag;
#[cfg(test)]
mod tests;
mod tree;

pub use cache::Cache;
pub use draft::Draft;
pub use error::{CacheError, LanguagesError, Mistake, PackageError};
pub use language::{Language, Languages, RunStep, Step};
pub use package::{
    Answer, FeedbackPolicy, Format, Group, Input, Package, PackageTest, PointsPolicy, ProblemLimits,
};
pub use parts::{
    Checker, CheckerTest, CheckerWord, ExtraTag, Part, Resource, Solution, TagScope, Tool,
    Validator, ValidatorTest,
};
pub use problem::{Problem, Test};
pub use standard::StandardChecker;
pub use tag::SolutionTag;

/// The testlib header that C++ programs of a package are compiled with when the package brings
/// none: upstream 0.9.44, unmodified, its notices kept.
pub const TESTLIB: &str = include_str!("../assets/testlib.h");
