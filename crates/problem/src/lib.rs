//! Packages and languages, read once at the edge.
//!
//! A [`Package`] is a problem as its author delivers it: a directory or a zip, from Polygon or in
//! one of the ICPC/Kattis formats. It is read, checked and never trusted. Whoever judges it first makes it complete: a [`Draft`] takes
//! every input and answer, and is published as a [`Problem`] in the [`Cache`]. [`Languages`] says
//! how sources become programs.
//!
//! ```text
//! directory or zip ──Package::open──▶ Package ──Cache::begin──▶ Draft ──publish──▶ Problem
//!                                                                 object store ──Cache::unpack──▲
//! ```
//!
//! # Rules that are ours
//!
//! - **The revision** is a hash of paths and contents, so that a directory, its zip, and the zip
//!   with a folder around everything are one revision. What version control and file managers
//!   leave behind (`.git`, `__MACOSX`, …) is not part of a package.
//! - **The manifest** is at the root, or in the only folder of the root.
//! - **The name** of a Polygon problem is its short name, that of an ICPC problem its folder's (the
//!   archive's, when the files lie in no folder); a renamed folder is another problem.
//! - **The judging testset** is the one called `tests`, else the only one.
//! - **An input** is the file when the package holds it, else the stdout of the command; **an
//!   answer** is the file when the package holds it, else the stdout of the main solution.
//! - **Ends of lines**: inputs and answers are stored with CR LF turned into LF, whichever system
//!   the package was made on; a CR alone stays. The author's cases for validators and checker are
//!   read so. Sources and headers stay as they are. The revision
//!   is that of the package before this.
//!   Files of ICPC packages stay as they are: their format has no CR LF.
//! - **Headers**: beside the source, then `files/`, then the listed resources; a C++ program is
//!   compiled with the package's own `testlib.h`, else with the vendored one.
//! - **A checker that is only named** (`std::ncmp.cpp` without its source) is built in.
//! - **Limits** that a package does not give: see [`ProblemLimits::new`].
//! - **Archives** are unpacked within bounds (entries, bytes, density, depth), and never links,
//!   devices, encrypted entries, repeated names or names that leave the package. The bounds and
//!   their reasons are constants of one file, `bounds.rs`.
//! - **What an author expects** of a solution (tags, folders, `submissions.yaml`, annotations in
//!   sources) is a list of [`Expectation`]s, whichever format says it.
//! - **Unknown keys and elements** are refused with file, field and line. What is known and changes
//!   nothing (statements, visualisers, stresses) is passed over; other files and folders are a line
//!   of [`Package::notes`].
//! - **YAML** is read without aliases, and within bounds of bytes, values and depth.

#![forbid(unsafe_code)]

mod archive;
mod bounds;
mod cache;
mod command;
mod comparison;
mod draft;
mod error;
mod expectation;
mod group;
mod icpc;
mod keys;
mod language;
mod language_file;
mod limits;
mod lines;
mod mode;
mod open;
mod pack;
mod package;
mod parts;
mod pattern;
mod polygon;
mod prepared;
mod problem;
mod relative;
mod scoring;
mod standard;
mod tag;
#[cfg(test)]
mod tests;
mod tree;
mod yaml;

pub use cache::Cache;
pub use comparison::Comparison;
pub use draft::Draft;
pub use error::{CacheError, LanguagesError, Mistake, PackageError};
pub use expectation::{BoundSide, Expectation, Scope, ScoreRule, TimeBound, Verdicts};
pub use group::{FeedbackPolicy, Group, PointsPolicy};
pub use icpc::language_code;
pub use language::{Allowance, Language, Languages, RunStep, Step};
pub use limits::{Inference, ProblemLimits, Rules};
pub use mode::{Mode, Passes};
pub use package::{Answer, Format, IcpcVersion, Input, Package, PackageTest};
pub use parts::{
    CHECKTESTDATA, Checker, CheckerTest, CheckerWord, Include, IncludeFor, IncludeStage,
    InvalidInput, JuryProgram, Part, Resource, Scripts, Solution, Tool, VIVA, Validator,
    ValidatorArgs, ValidatorTest, Validators,
};
pub use problem::{Problem, Test};
pub use scoring::{
    Graded, GradedGroup, Grader, GraderRules, GraderScore, GraderVerdict, Member, Objective,
    OnReject, Scoring,
};
pub use standard::StandardChecker;

/// The testlib header that C++ programs of a package are compiled with when the package brings
/// none: upstream 0.9.44, unmodified, its notices kept.
pub const TESTLIB: &str = include_str!("../assets/testlib.h");
