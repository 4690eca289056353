//! Why a run ended, as judgements tell it.

use minos_model::Cause;
use serde::{Deserialize, Serialize};

use super::judgement::WireError;

/// Why a run ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CauseV1 {
    /// `exited`, `signalled`, `limit`, `syscall` or `cancelled`.
    pub kind: String,
    /// Which limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<String>,
    /// Which system call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub syscall: Option<String>,
    /// `self`, `watchdog` or `kernel`.
    pub by: String,
    /// The limit: microseconds or bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allowed: Option<u64>,
    /// What was measured: microseconds or bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed: Option<u64>,
}

impl From<&Cause> for CauseV1 {
    fn from(cause: &Cause) -> Self {
        let mut wire = Self {
            kind: cause.kind().to_owned(),
            limit: None,
            syscall: None,
            by: cause.by().to_string(),
            allowed: None,
            observed: None,
        };
        match cause {
            Cause::Limit { limit, by: _, allowed, observed } => {
                wire.limit = Some(limit.to_string());
                wire.allowed = Some(*allowed);
                wire.observed = Some(*observed);
            }
            Cause::Syscall { syscall } => wire.syscall = Some(syscall.clone()),
            Cause::Exited | Cause::Signalled | Cause::Cancelled => {}
        }
        wire
    }
}

impl CauseV1 {
    /// Back into the words of the model.
    ///
    /// # Errors
    /// [`WireError`] names the field.
    pub fn into_cause(self) -> Result<Cause, WireError> {
        let missing = |field| WireError::new(field, "missing");
        match self.kind.as_str() {
            "exited" => Ok(Cause::Exited),
            "signalled" => Ok(Cause::Signalled),
            "cancelled" => Ok(Cause::Cancelled),
            "syscall" => {
                Ok(Cause::Syscall { syscall: self.syscall.ok_or_else(|| missing("syscall"))? })
            }
            "limit" => Ok(Cause::Limit {
                limit: WireError::field("limit", self.limit.unwrap_or_default().parse())?,
                by: WireError::field("by", self.by.parse())?,
                allowed: self.allowed.ok_or_else(|| missing("allowed"))?,
                observed: self.observed.ok_or_else(|| missing("observed"))?,
            }),
            other => Err(WireError::new("cause.kind", format!("`{other}` is none"))),
        }
    }
}
