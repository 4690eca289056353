//! Names of things: identifiers as they stand in subjects, and digests of content.

use std::fmt;
use std::str::FromStr;

/// The longest identifier, in bytes.
const MAX_LENGTH: usize = 64;

/// A name that cannot be used in a subject or a path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// Not `[A-Za-z0-9_-]{1,64}`.
    #[error("{what} `{value}` is not 1 to 64 of A-Z a-z 0-9 _ -")]
    Identifier {
        /// Which kind of identifier.
        what: &'static str,
        /// As it was given, cut to 80 characters.
        value: String,
    },
    /// Not 64 hexadecimal digits.
    #[error("`{0}` is not a SHA-256 digest (64 hexadecimal digits)")]
    Digest(String),
    /// Not `ID` or `ID@REVISION`.
    #[error("`{0}` does not name a problem (write ID, or ID@REVISION with a prefix of the hash)")]
    Problem(String),
    /// Not a number from 1.
    #[error("`{0}` is not a generation (a number from 1)")]
    Generation(String),
}

fn shown(text: &str) -> String {
    text.chars().take(80).collect()
}

macro_rules! identifier {
    ($(#[$doc:meta])* $name:ident, $what:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// Checks the alphabet and the length.
            ///
            /// # Errors
            /// [`IdError::Identifier`] when the text is not `[A-Za-z0-9_-]{1,64}`.
            pub fn new(text: impl Into<String>) -> Result<Self, IdError> {
                let text = text.into();
                let allowed = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
                if text.is_empty() || text.len() > MAX_LENGTH || !text.bytes().all(allowed) {
                    return Err(IdError::Identifier { what: $what, value: shown(&text) });
                }
                Ok(Self(text))
            }

            /// The identifier as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                Self::new(text)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

identifier! {
    /// Names a submission; unique within its tenant.
    SubmissionId, "submission id"
}
identifier! {
    /// A problem's short name (Polygon `short-name`, ICPC directory name).
    ProblemId, "problem id"
}
identifier! {
    /// Who sent a submission.
    Tenant, "tenant"
}
identifier! {
    /// A queue of its own with a weight: `contest`, `practice`, `rejudge`.
    Lane, "lane"
}
identifier! {
    /// Which nodes may take a job; `any` by default.
    Pool, "pool"
}
identifier! {
    /// A language file's name: `cpp17`, `python3`.
    LanguageId, "language"
}
identifier! {
    /// Names one machine's process.
    NodeId, "node"
}

/// The first generation that is a trial.
const TRIALS: u32 = 1_000_000_000;

/// Which judging of a submission this is: 1 for the first, one more for each rejudge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Generation(u32);

impl Generation {
    /// The first judging.
    pub const FIRST: Self = Self(1);

    /// A generation from its number; `None` for zero.
    #[must_use]
    pub const fn new(number: u32) -> Option<Self> {
        if number == 0 { None } else { Some(Self(number)) }
    }

    /// The number, from 1.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0
    }

    /// The generation after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }

    /// The generation under which rejudge `number` tries a submission: above a thousand million,
    /// where no real judging ever comes to.
    #[must_use]
    pub const fn trial(number: u32) -> Self {
        Self(TRIALS.saturating_add(number))
    }

    /// Whether this is a trial of a rejudge: its verdict is a preview, for nobody but operators.
    #[must_use]
    pub const fn is_trial(self) -> bool {
        self.0 >= TRIALS
    }
}

impl FromStr for Generation {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let plain = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        let number = if plain { text.parse().ok() } else { None };
        number.and_then(Self::new).ok_or_else(|| IdError::Generation(shown(text)))
    }
}

impl fmt::Display for Generation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The SHA-256 of some content: its address.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 32]);

impl Digest {
    /// From the 32 bytes of the hash.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes of the hash.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl FromStr for Digest {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let refused = || IdError::Digest(shown(text));
        let digits = text.as_bytes();
        let mut bytes = [0_u8; 32];
        if digits.len() != 64 {
            return Err(refused());
        }
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            let mut value = 0_u8;
            for &digit in pair {
                let digit = char::from(digit).to_digit(16).ok_or_else(refused)?;
                value = (value << 4) | u8::try_from(digit).map_err(|_never| refused())?;
            }
            *byte = value;
        }
        Ok(Self(bytes))
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({self})")
    }
}

/// How a submission names its problem: `ID` (the revision pushed last) or `ID@REVISION`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ProblemRef {
    /// The problem's short name.
    pub id: ProblemId,
    /// A prefix, in lower case, of the revision's hash; `None` for the one pushed last.
    pub revision: Option<String>,
}

impl FromStr for ProblemRef {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let refused = || IdError::Problem(shown(text));
        let (id, revision) = match text.split_once('@') {
            None => (text, None),
            Some((id, prefix)) => {
                let hash = !prefix.is_empty()
                    && prefix.len() <= 64
                    && prefix.bytes().all(|b| b.is_ascii_hexdigit());
                if !hash {
                    return Err(refused());
                }
                (id, Some(prefix.to_ascii_lowercase()))
            }
        };
        let id = ProblemId::new(id).map_err(|_malformed| refused())?;
        Ok(Self { id, revision })
    }
}

impl fmt::Display for ProblemRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.revision {
            None => write!(f, "{}", self.id),
            Some(revision) => write!(f, "{}@{revision}", self.id),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identifier_is_safe_in_a_subject_and_in_a_path() {
        for text in ["a", "A-b_9", &"x".repeat(64)] {
            assert_eq!(SubmissionId::new(text).unwrap().as_str(), text);
        }
        for text in ["", "a.b", "a/b", "..", "a b", "*", ">", "é", "a\n", &"x".repeat(65)] {
            assert!(SubmissionId::new(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_problem_is_named_with_or_without_a_revision() {
        let plain: ProblemRef = "range-sums".parse().unwrap();
        assert_eq!((plain.id.as_str(), plain.revision.as_deref()), ("range-sums", None));
        let exact: ProblemRef = "range-sums@AB12".parse().unwrap();
        assert_eq!(exact.revision.as_deref(), Some("ab12"));
        assert_eq!(exact.to_string(), "range-sums@ab12");
        for text in ["", "@ab", "a@", "a@xyz", "a@b@c"] {
            assert!(text.parse::<ProblemRef>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_generation_counts_from_one() {
        assert_eq!("1".parse::<Generation>(), Ok(Generation::FIRST));
        for text in ["0", "", "-1", "+1", "x", "4294967296"] {
            assert!(text.parse::<Generation>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_trial_is_a_generation_of_its_own_kind() {
        for (text, trial) in [("1", false), ("999999999", false), ("1000000000", true)] {
            assert_eq!(text.parse::<Generation>().unwrap().is_trial(), trial, "{text}");
        }
        assert_eq!(Generation::trial(7).to_string(), "1000000007");
        assert!(Generation::trial(u32::MAX).is_trial());
    }

    #[test]
    fn a_digest_reads_back_what_it_prints() {
        let digest = Digest::from_bytes(std::array::from_fn(|i| u8::try_from(i * 7).unwrap()));
        assert_eq!(digest.to_string().parse::<Digest>(), Ok(digest));
        "ab".parse::<Digest>().unwrap_err();
        "g".repeat(64).parse::<Digest>().unwrap_err();
    }
}
