//! Why a run has to end, compared with why it did.

use anyhow::{Result, bail, ensure};
use minos_model::{Cause, Ending, Verdict};
use serde::Deserialize;

/// Why a run has to end; what is not given is not checked.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExpectedCause {
    /// `exited`, `signalled`, `limit` or `syscall`.
    pub kind: String,
    /// Which limit.
    pub limit: Option<String>,
    /// Who may have ended it: any of these.
    #[serde(default)]
    pub by: Vec<String>,
    /// The exit code.
    pub exit_code: Option<u8>,
    /// The signal.
    pub signal: Option<u8>,
    /// The system call by name.
    pub syscall: Option<String>,
}

impl ExpectedCause {
    /// The cause that a verdict implies when nothing is said; `None` where it implies none.
    pub(super) fn of(verdict: Verdict) -> Option<Self> {
        let limit = |limit: &str, by: &[&str]| Self {
            kind: "limit".to_owned(),
            limit: Some(limit.to_owned()),
            by: by.iter().map(|name| (*name).to_owned()).collect(),
            ..Self::default()
        };
        match verdict {
            Verdict::Accepted | Verdict::WrongAnswer | Verdict::PresentationError => {
                Some(Self { kind: "exited".to_owned(), exit_code: Some(0), ..Self::default() })
            }
            Verdict::CompileError => Some(Self { kind: "exited".to_owned(), ..Self::default() }),
            Verdict::CompileLimit => Some(Self { kind: "limit".to_owned(), ..Self::default() }),
            Verdict::TimeLimit => Some(limit("cpu_time", &["watchdog"])),
            Verdict::WallTimeLimit => Some(limit("wall_time", &["watchdog"])),
            Verdict::MemoryLimit => Some(limit("memory", &["watchdog", "kernel"])),
            Verdict::OutputLimit => Some(limit("output", &["watchdog", "kernel"])),
            Verdict::PartiallyCorrect
            | Verdict::RuntimeError
            | Verdict::SecurityViolation
            | Verdict::JudgeError
            | Verdict::Cancelled
            | Verdict::Skipped => None,
        }
    }

    /// Whether the keys fit the kind.
    pub(super) fn check_itself(&self) -> Result<()> {
        let (limit, syscall) = (self.limit.is_some(), self.syscall.is_some());
        let (code, signal) = (self.exit_code.is_some(), self.signal.is_some());
        let fits = match self.kind.as_str() {
            "exited" => !limit && !syscall && !signal,
            "signalled" => !limit && !syscall && !code,
            "limit" => limit && !syscall,
            "syscall" => syscall && !limit && !code,
            other => bail!("cause.kind: `{other}` is none of exited, signalled, limit, syscall"),
        };
        ensure!(fits, "cause: a key does not fit kind = \"{}\"", self.kind);
        Ok(())
    }

    pub(super) fn complaints(&self, found: &Found<'_>) -> Vec<String> {
        let mut complaints = Vec::new();
        let mut differ = |what: &str, expected: &str, got: &str| {
            if expected != got {
                complaints.push(format!("{what}: expected {expected}, got {got}"));
            }
        };
        differ("cause.kind", &self.kind, found.cause.kind());
        if let Some(limit) = &self.limit {
            let got = match found.cause {
                Cause::Limit { limit, .. } => limit.as_str(),
                Cause::Exited | Cause::Signalled | Cause::Syscall { .. } | Cause::Cancelled => {
                    "none"
                }
            };
            differ("cause.limit", limit, got);
        }
        if let Some(syscall) = &self.syscall {
            let got = match found.cause {
                Cause::Syscall { syscall } => syscall.as_str(),
                Cause::Exited | Cause::Signalled | Cause::Limit { .. } | Cause::Cancelled => "none",
            };
            differ("cause.syscall", syscall, got);
        }
        let number = |value: Option<u8>| value.map_or_else(|| "none".to_owned(), |n| n.to_string());
        if self.exit_code.is_some() {
            differ("exit code", &number(self.exit_code), &number(found.ending.exit_code()));
        }
        if self.signal.is_some() {
            differ("signal", &number(self.signal), &number(found.ending.signal()));
        }
        let by = found.cause.by().as_str();
        if !self.by.is_empty() && !self.by.iter().any(|name| name == by) {
            complaints.push(format!("cause.by: expected one of {:?}, got {by}", self.by));
        }
        complaints
    }
}

/// The end of a run.
pub(super) struct Found<'a> {
    pub(super) cause: &'a Cause,
    pub(super) ending: Ending,
}
