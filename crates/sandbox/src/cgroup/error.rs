//! What can go wrong with control groups. All of it is the machine's or the operator's doing.

use std::io;
use std::path::PathBuf;

use minos_model::Isolation;

/// Why groups cannot be made, limited or read.
#[derive(Debug, thiserror::Error)]
pub enum CgroupError {
    /// A file of a control group refused.
    #[error("failed to {action} {}: {source} (hint: {hint})", path.display())]
    File {
        /// What was tried: `read`, `open`, ``write `64` to``, `make`, `remove`, `lock`.
        action: String,
        /// The file or directory.
        path: PathBuf,
        /// What the kernel said.
        source: io::Error,
        /// What to look at.
        hint: &'static str,
    },
    /// A file of a control group does not read as the kernel documents it.
    #[error("{} has no number {key} (it reads `{text}`)", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// The key that was looked for; empty when the file is one number.
        key: &'static str,
        /// Its beginning.
        text: String,
    },
    /// One level cannot be had here.
    #[error("{level} cannot be used: {why}")]
    Level {
        /// The level.
        level: Isolation,
        /// What it lacks.
        why: String,
    },
    /// No level can be had here.
    #[error("no control groups to limit memory and processes with: {}", reasons.join("; "))]
    None {
        /// Each level with what it lacks.
        reasons: Vec<String>,
    },
    /// Only the approximate level can be had, and nobody has allowed it.
    #[error(
        "runs could only be isolated at the level `rootless`, whose figures are approximate, and it is \
         not allowed: run as root with control groups (`minos doctor` says what is missing), or set \
         `allow_rootless = true` below [sandbox]{}",
        because(reasons)
    )]
    OnlyRootless {
        /// Each better level with what it lacks.
        reasons: Vec<String>,
    },
    /// Something stayed alive in a group after it was killed.
    #[error("{} still has processes {waited_ms} ms after it was to be empty", path.display())]
    StillPopulated {
        /// The group.
        path: PathBuf,
        /// How long it was waited for, in milliseconds.
        waited_ms: u64,
    },
}

fn because(reasons: &[String]) -> String {
    if reasons.is_empty() { String::new() } else { format!(" ({})", reasons.join("; ")) }
}
