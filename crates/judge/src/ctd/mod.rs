//! Checktestdata: the small language in which many ICPC packages describe their inputs. It is our
//! own code that reads both, so it needs no box; the bounds are those of a validator that is a
//! program.
//!
//! Numbers are narrower than in the original: whole ones have up to 38 digits, others are doubles.

mod parse;
mod run;
mod value;

use std::time::Duration;

/// Why an input is not valid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The input is not as described.
    Input(String),
    /// The description is wrong, or does not end.
    Program(String),
}

/// Checks an input against a description, for that long at most.
pub(crate) fn check(program: &[u8], input: &[u8], most: Duration) -> Result<(), Refusal> {
    let program = parse::parse(program).map_err(Refusal::Program)?;
    run::run(&program, input, most)
}

#[cfg(test)]
mod tests;
