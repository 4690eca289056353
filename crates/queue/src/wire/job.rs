//! `minos.job/1`, as JSON for everybody and in a binary form for our own tools.
//!
//! Neither form repeats what the subject says: lane, pool, tenant, submission and generation.

use bincode::{Decode, Encode};
use minos_model::{Digest, Job, LanguageId, ProblemRef, Source, Submission};
use serde::{Deserialize, Serialize};

use super::{JOB_BINARY, JSON};
use crate::JobSubject;

/// The longest source, in bytes. Every contest has a bound; 64 KiB is the usual one.
pub const MAX_SOURCE: usize = 256 * 1024;

/// The longest message on a job's subject, in bytes: a source of the largest size in which JSON
/// escapes every second byte.
pub const MAX_JOB: usize = 512 * 1024;

/// The most a decoder of the binary form may claim, in bytes. A length prefix above it is refused
/// before anything is allocated.
const DECODE_LIMIT: usize = MAX_JOB;

/// The first byte of the binary form.
const BINARY_VERSION: u8 = 1;

/// The name of this version in the public form.
const SCHEMA: &str = "minos.job/1";

/// Which form a job is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Form {
    /// The public form; a source that is not UTF-8 cannot be written in it.
    Json,
    /// The compact form; any source.
    #[default]
    Binary,
}

impl Form {
    /// What the message's header says.
    #[must_use]
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Json => JSON,
            Self::Binary => JOB_BINARY,
        }
    }
}

/// A job's message that cannot be judged, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Undecodable {
    /// The subject does not name a submission: there is nobody to answer.
    #[error("subject `{subject}` is not jobs.<lane>.<pool>.<tenant>.<submission>.<generation>")]
    Subject {
        /// As it came, cut to 200 characters.
        subject: String,
    },
    /// A schema or content type this version does not know: perhaps a newer node does. Hand it
    /// back for a while before burying it.
    #[error(
        "{what} `{value}` is unknown here (this version reads {SCHEMA} as {JSON} or {JOB_BINARY})"
    )]
    Newer {
        /// What is unknown.
        what: &'static str,
        /// As it came, cut to 80 characters.
        value: String,
    },
    /// It is no job, and never will be.
    #[error("{reason}")]
    Malformed {
        /// Which field, and what was expected.
        reason: String,
    },
}

impl Undecodable {
    /// Whether another node may be able to read it.
    #[must_use]
    pub const fn may_be_newer(&self) -> bool {
        matches!(self, Self::Newer { .. })
    }
}

/// The public form, version 1. Frozen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobV1 {
    /// `minos.job/1`.
    pub schema: String,
    /// `ID` or `ID@REVISION`.
    pub problem: String,
    /// A language file's name.
    pub language: String,
    /// The program text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Or its SHA-256, when it lies in the object store.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_digest: Option<String>,
}

/// The binary form, version 1. Frozen: fields and variants are never reordered.
#[derive(Debug, PartialEq, Eq, Encode, Decode)]
struct BinaryV1 {
    problem: String,
    language: String,
    source: BinarySourceV1,
}

#[derive(Debug, PartialEq, Eq, Encode, Decode)]
enum BinarySourceV1 {
    Inline(Vec<u8>),
    Stored([u8; 32]),
}

fn malformed(reason: impl Into<String>) -> Undecodable {
    Undecodable::Malformed { reason: reason.into() }
}

fn cut(text: &str, most: usize) -> String {
    text.chars().take(most).collect()
}

/// Writes what a job's message says besides its subject.
///
/// # Errors
/// [`Undecodable::Malformed`] when the source is longer than [`MAX_SOURCE`], or not UTF-8 and the
/// form is JSON.
pub fn encode_job(job: &Job, form: Form) -> Result<Vec<u8>, Undecodable> {
    let submission = &job.submission;
    if let Source::Inline(bytes) = &submission.source {
        check_size(bytes.len())?;
    }
    match form {
        Form::Json => {
            let (source, source_digest) = match &submission.source {
                Source::Inline(bytes) => {
                    let text = String::from_utf8(bytes.clone()).map_err(|_not_text| {
                        malformed("source: not UTF-8; send the binary form")
                    })?;
                    (Some(text), None)
                }
                Source::Stored(digest) => (None, Some(digest.to_string())),
            };
            let job = JobV1 {
                schema: SCHEMA.to_owned(),
                problem: submission.problem.to_string(),
                language: submission.language.to_string(),
                source,
                source_digest,
            };
            let bytes = serde_json::to_vec(&job).map_err(|error| malformed(error.to_string()))?;
            if bytes.len() > MAX_JOB {
                let size = bytes.len();
                return Err(malformed(format!(
                    "source: {size} bytes when escaped, more than {MAX_JOB}; send the binary form"
                )));
            }
            Ok(bytes)
        }
        Form::Binary => {
            let source = match &submission.source {
                Source::Inline(bytes) => BinarySourceV1::Inline(bytes.clone()),
                Source::Stored(digest) => BinarySourceV1::Stored(*digest.as_bytes()),
            };
            let body = BinaryV1 {
                problem: submission.problem.to_string(),
                language: submission.language.to_string(),
                source,
            };
            let mut bytes = vec![BINARY_VERSION];
            let body = bincode::encode_to_vec(&body, bincode::config::standard())
                .map_err(|error| malformed(error.to_string()))?;
            bytes.extend(body);
            Ok(bytes)
        }
    }
}

/// Reads a job's message: the identity from the subject, the rest from the body in the form that
/// `content_type` names (none means JSON).
///
/// # Errors
/// [`Undecodable`]; nothing larger than the message is ever allocated for a hostile one.
pub fn decode_job(
    subject: &str,
    content_type: Option<&str>,
    body: &[u8],
) -> Result<Job, Undecodable> {
    let address = JobSubject::parse(subject)
        .ok_or_else(|| Undecodable::Subject { subject: cut(subject, 200) })?;
    if body.len() > MAX_JOB {
        return Err(malformed(format!("{} bytes, more than {MAX_JOB}", body.len())));
    }
    // Parameters such as `; charset=utf-8` do not change the form.
    let media = content_type.unwrap_or(JSON).split(';').next().unwrap_or_default().trim();
    let (problem, language, source) = if media.eq_ignore_ascii_case(JSON) {
        read_json(body)?
    } else if media.eq_ignore_ascii_case(JOB_BINARY) {
        read_binary(body)?
    } else {
        return Err(Undecodable::Newer { what: "content type", value: cut(media, 80) });
    };
    if let Source::Inline(bytes) = &source {
        check_size(bytes.len())?;
    }
    let problem: ProblemRef =
        problem.parse().map_err(|error| malformed(format!("problem: {error}")))?;
    let language =
        LanguageId::new(language).map_err(|error| malformed(format!("language: {error}")))?;
    let JobSubject { lane, pool, judging } = address;
    let submission = Submission {
        id: judging.submission,
        tenant: judging.tenant,
        generation: judging.generation,
        problem,
        language,
        source,
    };
    Ok(Job { submission, lane, pool })
}

fn check_size(size: usize) -> Result<(), Undecodable> {
    if size > MAX_SOURCE {
        return Err(malformed(format!("source: {size} bytes, more than {MAX_SOURCE}")));
    }
    Ok(())
}

#[derive(Deserialize)]
struct SchemaOnly {
    schema: Option<String>,
}

fn read_json(body: &[u8]) -> Result<(String, String, Source), Undecodable> {
    let not_json = |error: &dyn std::fmt::Display| malformed(cut(&error.to_string(), 300));
    // The schema is looked at first: a newer one may have other fields.
    let SchemaOnly { schema } = serde_json::from_slice(body).map_err(|error| not_json(&error))?;
    match schema.as_deref() {
        Some(SCHEMA) => {}
        Some(other) if other.starts_with("minos.job/") => {
            return Err(Undecodable::Newer { what: "schema", value: cut(other, 80) });
        }
        Some(_) | None => {
            return Err(malformed(format!("schema: expected `{SCHEMA}`")));
        }
    }
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    let job: JobV1 =
        serde_path_to_error::deserialize(&mut deserializer).map_err(|error| not_json(&error))?;
    let source = match (job.source, job.source_digest) {
        (Some(text), None) => Source::Inline(text.into_bytes()),
        (None, Some(digest)) => {
            let digest: Digest =
                digest.parse().map_err(|error| malformed(format!("source_digest: {error}")))?;
            Source::Stored(digest)
        }
        (Some(_), Some(_)) => {
            return Err(malformed("source and source_digest: expected one of them, not both"));
        }
        (None, None) => {
            return Err(malformed(
                "source: missing (or source_digest, of one in the object store)",
            ));
        }
    };
    Ok((job.problem, job.language, source))
}

fn read_binary(body: &[u8]) -> Result<(String, String, Source), Undecodable> {
    let (version, rest) = body.split_first().ok_or_else(|| malformed("an empty message"))?;
    if *version != BINARY_VERSION {
        return Err(Undecodable::Newer { what: "binary version", value: version.to_string() });
    }
    let config = bincode::config::standard().with_limit::<DECODE_LIMIT>();
    let (job, read): (BinaryV1, usize) = bincode::decode_from_slice(rest, config)
        .map_err(|error| malformed(format!("binary form: {error}")))?;
    if read != rest.len() {
        return Err(malformed(format!("binary form: {} bytes too many", rest.len() - read)));
    }
    let source = match job.source {
        BinarySourceV1::Inline(bytes) => Source::Inline(bytes),
        BinarySourceV1::Stored(digest) => Source::Stored(Digest::from_bytes(digest)),
    };
    Ok((job.problem, job.language, source))
}

#[cfg(test)]
#[path = "job_tests.rs"]
mod tests;
