//! The comparisons that Polygon offers by name.

use std::fmt;

/// A comparison that every Polygon author can pick without writing a checker. What each of them
/// accepts is said by the program of the same name that comes with testlib.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StandardChecker {
    /// One double, absolute error 1e-6.
    Acmp,
    /// Numbered cases, each with one 64-bit integer.
    Caseicmp,
    /// Numbered cases, each with a sequence of 64-bit integers.
    Casencmp,
    /// Numbered cases, each with a sequence of tokens.
    Casewcmp,
    /// One double, absolute or relative error 1e-6.
    Dcmp,
    /// Lines, compared byte by byte.
    Fcmp,
    /// One integer of any length.
    Hcmp,
    /// One 32-bit integer.
    Icmp,
    /// Lines, compared as sequences of tokens.
    Lcmp,
    /// A sequence of 64-bit integers.
    Ncmp,
    /// A sequence of `YES` and `NO`, in any case of letters.
    Nyesno,
    /// Gives as many points as one double is away from another.
    Pointscmp,
    /// Tells the scorer two doubles, and leaves the points to it.
    Pointsinfo,
    /// One double, absolute error 1.5e-6.
    Rcmp,
    /// A sequence of doubles, absolute or relative error 1e-4.
    Rcmp4,
    /// A sequence of doubles, absolute or relative error 1e-6.
    Rcmp6,
    /// A sequence of doubles, absolute or relative error 1e-9.
    Rcmp9,
    /// A sequence of doubles, absolute error 1.5e-5.
    Rncmp,
    /// 64-bit integers in any order.
    Uncmp,
    /// A sequence of tokens.
    Wcmp,
    /// One `YES` or `NO`, in any case of letters.
    Yesno,
}

impl StandardChecker {
    /// Every comparison.
    pub const ALL: [Self; 21] = [
        Self::Acmp,
        Self::Caseicmp,
        Self::Casencmp,
        Self::Casewcmp,
        Self::Dcmp,
        Self::Fcmp,
        Self::Hcmp,
        Self::Icmp,
        Self::Lcmp,
        Self::Ncmp,
        Self::Nyesno,
        Self::Pointscmp,
        Self::Pointsinfo,
        Self::Rcmp,
        Self::Rcmp4,
        Self::Rcmp6,
        Self::Rcmp9,
        Self::Rncmp,
        Self::Uncmp,
        Self::Wcmp,
        Self::Yesno,
    ];

    /// The name, as in `wcmp`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Acmp => "acmp",
            Self::Caseicmp => "caseicmp",
            Self::Casencmp => "casencmp",
            Self::Casewcmp => "casewcmp",
            Self::Dcmp => "dcmp",
            Self::Fcmp => "fcmp",
            Self::Hcmp => "hcmp",
            Self::Icmp => "icmp",
            Self::Lcmp => "lcmp",
            Self::Ncmp => "ncmp",
            Self::Nyesno => "nyesno",
            Self::Pointscmp => "pointscmp",
            Self::Pointsinfo => "pointsinfo",
            Self::Rcmp => "rcmp",
            Self::Rcmp4 => "rcmp4",
            Self::Rcmp6 => "rcmp6",
            Self::Rcmp9 => "rcmp9",
            Self::Rncmp => "rncmp",
            Self::Uncmp => "uncmp",
            Self::Wcmp => "wcmp",
            Self::Yesno => "yesno",
        }
    }

    /// From a manifest's name: `std::wcmp.cpp`, `std::wcmp` or `wcmp`.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let name = name.strip_prefix("std::").unwrap_or(name);
        let name = name.strip_suffix(".cpp").unwrap_or(name);
        Self::ALL.into_iter().find(|checker| checker.as_str() == name)
    }
}

impl fmt::Display for StandardChecker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "std::{}", self.as_str())
    }
}
