//! The profile as it is written down, checked, and made into programs.

use std::sync::OnceLock;

use serde::Deserialize;

use super::names::syscall_number;
use super::tree::{Answer, Condition, Pass, Program, Rule, Test};

/// What `minos` ships; a test reads it.
const SHIPPED: &str = include_str!("../../../../cluster-config/seccomp/default.toml");

/// The answers a program knows what to do with, by name and number; 0 is success, with nothing done.
const ERRNOS: [(&str, u16); 7] = [
    ("none", 0),
    ("EPERM", 1),
    ("EACCES", 13),
    ("EINVAL", 22),
    ("ENOSYS", 38),
    ("EOPNOTSUPP", 95),
    ("EAFNOSUPPORT", 97),
];

/// Calls that a box is made with, by the warden and the box's first processes. None of them has a
/// sixth argument.
const WARDENS_CALLS: [&str; 4] = ["mount", "umount2", "clone3", "unshare"];

/// A profile that cannot be used: the operator's mistake. Each names the entry by its first call.
#[derive(Debug, thiserror::Error)]
pub enum ProfileError {
    /// Not the form of a profile.
    #[error("seccomp profile: {0}")]
    Form(#[from] toml::de::Error),
    /// No such call on this architecture.
    #[error("seccomp profile: `{0}` is no system call of x86-64 (see syscalls(2))")]
    UnknownCall(String),
    /// No such errno.
    #[error(
        "seccomp profile: {call}: `{errno}` is none of EPERM EACCES ENOSYS EINVAL EOPNOTSUPP \
         EAFNOSUPPORT none"
    )]
    UnknownErrno {
        /// The entry.
        call: String,
        /// What stands there.
        errno: String,
    },
    /// Not exactly one of `is`, `is_not` and `any_bit`, or an argument above 5.
    #[error(
        "seccomp profile: {0}: `when` wants an argument from 0 to 5 and exactly one of is, is_not \
         and any_bit"
    )]
    Condition(String),
    /// An entry without a reason.
    #[error("seccomp profile: {0}: an entry says its reason")]
    NoReason(String),
    /// Two entries for a call, the first of which leaves nothing for the second.
    #[error("seccomp profile: {0}: has an entry without `when` and another one")]
    Twice(String),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawProfile {
    #[serde(default)]
    ends_the_run: Vec<RawEntry>,
    #[serde(default)]
    watched: Vec<RawEntry>,
    #[serde(default)]
    refused: Vec<RawEntry>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawEntry {
    calls: Vec<String>,
    errno: Option<String>,
    when: Option<RawCondition>,
    reason: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawCondition {
    argument: u8,
    is: Option<u32>,
    is_not: Option<u32>,
    any_bit: Option<u32>,
}

/// A checked profile.
#[derive(Debug, Clone)]
pub struct Profile {
    rules: Vec<Rule>,
}

impl Profile {
    /// The profile that `minos` ships.
    ///
    /// # Panics
    /// Never in a build whose tests pass: one of them reads it.
    #[must_use]
    pub fn shipped() -> &'static Self {
        static SHIPPED_PROFILE: OnceLock<Profile> = OnceLock::new();
        SHIPPED_PROFILE
            .get_or_init(|| Self::parse(SHIPPED).expect("a test reads the shipped profile"))
    }

    /// Reads a profile.
    ///
    /// # Errors
    /// [`ProfileError`], which names the entry.
    pub fn parse(text: &str) -> Result<Self, ProfileError> {
        let raw: RawProfile = toml::from_str(text)?;
        let mut profile = Self { rules: Vec::new() };
        for entry in raw.ends_the_run.iter().chain(&raw.watched) {
            profile.add(entry, Answer::Notify)?;
        }
        for entry in &raw.refused {
            let answer = Answer::Errno(entry.errno()?);
            profile.add(entry, answer)?;
        }
        profile.check()?;
        Ok(profile)
    }

    /// What the warden installs, with the word that its own calls bring; see the module.
    #[must_use]
    pub fn filter(&self, word: u64) -> Program {
        let calls = WARDENS_CALLS.iter().filter_map(|name| syscall_number(name)).collect();
        Program::tree(&self.rules, Answer::Notify, &Pass { calls, word })
    }

    fn add(&mut self, entry: &RawEntry, answer: Answer) -> Result<(), ProfileError> {
        if entry.reason.trim().is_empty() {
            return Err(ProfileError::NoReason(entry.name()));
        }
        let when = entry.when.as_ref().map(|raw| entry.condition(raw)).transpose()?;
        for call in &entry.calls {
            let number =
                syscall_number(call).ok_or_else(|| ProfileError::UnknownCall(call.clone()))?;
            self.rules.push(Rule { number, when, answer });
        }
        Ok(())
    }

    fn check(&self) -> Result<(), ProfileError> {
        for (index, rule) in self.rules.iter().enumerate() {
            let mut others = self.rules.iter().skip(index + 1);
            let same = others.find(|other| other.number == rule.number);
            if same.is_some_and(|other| rule.when.is_none() || other.when.is_none()) {
                return Err(ProfileError::Twice(super::syscall_name(rule.number).into_owned()));
            }
        }
        Ok(())
    }

    /// Calls that are refused whatever their arguments, with the errno.
    #[cfg(test)]
    pub(crate) fn refused(&self) -> Vec<(u32, u16)> {
        let unconditional = self.rules.iter().filter(|rule| rule.when.is_none());
        let errno = |answer: Answer| match answer {
            Answer::Errno(errno) => Some(errno),
            Answer::Notify => None,
        };
        unconditional.filter_map(|rule| Some((rule.number, errno(rule.answer)?))).collect()
    }

    /// All rules, as they stand in the profile.
    #[cfg(test)]
    pub(super) fn rules(&self) -> &[Rule] {
        &self.rules
    }
}

impl RawEntry {
    fn name(&self) -> String {
        self.calls.first().map_or_else(|| "an entry without calls".to_owned(), Clone::clone)
    }

    fn errno(&self) -> Result<u16, ProfileError> {
        let written = self.errno.as_deref().unwrap_or("nothing");
        let known = ERRNOS.iter().find(|(name, _number)| *name == written);
        known.map(|(_name, number)| *number).ok_or_else(|| ProfileError::UnknownErrno {
            call: self.name(),
            errno: written.to_owned(),
        })
    }

    fn condition(&self, raw: &RawCondition) -> Result<Condition, ProfileError> {
        let test = match (raw.is, raw.is_not, raw.any_bit) {
            (Some(value), None, None) => Test::Is(value),
            (None, Some(value), None) => Test::IsNot(value),
            (None, None, Some(bits)) => Test::AnyBit(bits),
            _ => return Err(ProfileError::Condition(self.name())),
        };
        if raw.argument > 5 {
            return Err(ProfileError::Condition(self.name()));
        }
        Ok(Condition { argument: raw.argument, test })
    }
}

#[cfg(test)]
#[path = "profile_tests.rs"]
mod tests;
