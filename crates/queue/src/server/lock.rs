//! The lock of a server's directory.
//!
//! It is a `flock`, which belongs to the open file, not to a process: the child's standard input
//! is a copy of the same open file, so the lock holds until both of us are gone.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Seek, Write};
use std::path::Path;
use std::time::Duration;

use tokio::time::Instant;

use super::ServerError;

/// How often a lock that is held is tried again.
const TRY_EVERY: Duration = Duration::from_millis(10);

/// How long the lock of a process that is alive is waited for: it may be about to end.
const LIVING_WITHIN: Duration = Duration::from_secs(2);

/// Takes the lock, or says who holds it. A holder that was killed leaves a server that is still
/// ending: that is waited for with `patience`.
pub(super) async fn take(directory: &Path, patience: Duration) -> Result<File, ServerError> {
    let path = directory.join("lock");
    let io = |source| ServerError::Io { path: path.clone(), source };
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(&path)
        .map_err(io)?;
    let began = Instant::now();
    let mut ticks = tokio::time::interval(TRY_EVERY);
    loop {
        ticks.tick().await;
        match file.try_lock() {
            Ok(()) => break,
            Err(TryLockError::WouldBlock) => {
                let pid = super::tail(&path, 32).trim().to_owned();
                let alive = Path::new("/proc").join(&pid).join("exe").exists();
                if began.elapsed() >= if alive { LIVING_WITHIN } else { patience } {
                    let directory = directory.to_path_buf();
                    return Err(ServerError::Locked { directory, pid });
                }
            }
            Err(TryLockError::Error(source)) => return Err(io(source)),
        }
    }
    // Who holds it, for the message above.
    file.set_len(0).map_err(io)?;
    file.rewind().map_err(io)?;
    writeln!(file, "{}", std::process::id()).map_err(io)?;
    Ok(file)
}
