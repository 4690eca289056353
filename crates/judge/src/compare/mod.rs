//! Comparisons that are built in. Our own code needs no box.

mod cases;
mod icpc;
mod numbers;
mod standard;
mod stream;

#[cfg(test)]
mod tests;

use minos_problem::{Comparison, StandardChecker};

use crate::ruling::{Ruled, Ruling};

/// The largest output or answer that testlib reads, and so do we, in bytes.
pub const MAX_COMPARED: u64 = 128 << 20;

/// Whose file it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    /// The contestant's.
    Output,
    /// The jury's.
    Answer,
}

impl Side {
    /// What it means that a file is not in the expected form.
    pub(crate) fn malformed(self, message: &str) -> Ruled {
        match self {
            Self::Output => Ruled::new(Ruling::Presentation, message),
            Self::Answer => Ruled::new(Ruling::Failed, format!("{message} (in the answer file)")),
        }
    }
}

/// Compares an output with the answer as the standard checker of that name does.
#[must_use]
pub fn compare(checker: StandardChecker, output: &[u8], answer: &[u8]) -> Ruled {
    let compared = match checker {
        StandardChecker::Acmp => numbers::real(output, answer, numbers::Near::Absolute(1e-6)),
        StandardChecker::Caseicmp => cases::integer(output, answer),
        StandardChecker::Casencmp => cases::integers(output, answer),
        StandardChecker::Casewcmp => cases::words(output, answer),
        StandardChecker::Dcmp => numbers::real(output, answer, numbers::Near::Either(1e-6)),
        StandardChecker::Fcmp => standard::lines(output, answer, standard::same_bytes),
        StandardChecker::Hcmp => standard::huge(output, answer),
        StandardChecker::Icmp => numbers::integer(output, answer),
        StandardChecker::Lcmp => standard::lines(output, answer, standard::same_tokens),
        StandardChecker::Ncmp => standard::integers(output, answer),
        StandardChecker::Nyesno => standard::yesnos(output, answer),
        StandardChecker::Pointscmp => numbers::points(output, answer),
        StandardChecker::Pointsinfo => numbers::points_info(output, answer),
        StandardChecker::Rcmp => {
            numbers::real(output, answer, numbers::Near::Absolute(1.5e-6 + numbers::SLACK))
        }
        StandardChecker::Rcmp4 => numbers::reals(output, answer, numbers::Near::Either(1e-4)),
        StandardChecker::Rcmp6 => numbers::reals(output, answer, numbers::Near::Either(1e-6)),
        StandardChecker::Rcmp9 => numbers::reals(output, answer, numbers::Near::Either(1e-9)),
        StandardChecker::Rncmp => {
            numbers::reals(output, answer, numbers::Near::Absolute(1.5e-5 + numbers::SLACK))
        }
        StandardChecker::Uncmp => numbers::unordered(output, answer),
        StandardChecker::Wcmp => standard::words(output, answer),
        StandardChecker::Yesno => standard::yesno(output, answer),
    };
    match compared {
        Ok(ruled) | Err(ruled) => ruled,
    }
}

/// Compares an output with the answer as ICPC's default output validator does.
#[must_use]
pub fn compare_default(rules: Comparison, output: &[u8], answer: &[u8]) -> Ruled {
    icpc::default(rules, output, answer)
}
