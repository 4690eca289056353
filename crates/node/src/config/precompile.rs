//! When headers are compiled ahead.

use std::str::FromStr;

use minos_judge::Precompiled;

/// When a language's header is compiled ahead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Precompile {
    /// When the node starts.
    Start,
    /// When sources have begun with it.
    Demand,
    /// Never.
    Never,
}

impl Precompile {
    /// After how many sources; `None` is never.
    pub(crate) const fn after(self) -> Option<u32> {
        match self {
            Self::Start => Some(0),
            Self::Demand => Some(Precompiled::DEMAND),
            Self::Never => None,
        }
    }
}

impl FromStr for Precompile {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "start" => Ok(Self::Start),
            "demand" => Ok(Self::Demand),
            "never" => Ok(Self::Never),
            _ => Err(format!("`{text}` is none of `start`, `demand`, `never`")),
        }
    }
}
