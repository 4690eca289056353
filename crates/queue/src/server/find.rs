//! Which nats-server: one that is new enough not to lose what a work queue holds.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::ServerError;

/// The version that `cargo xtask setup` fetches.
pub const PINNED: &str = "nats-server-2.15.1";

/// The oldest version that keeps a work queue's message after its last delivery.
const OLDEST: (u32, u32, u32) = (2, 12, 5);

/// Finds a usable nats-server: `MINOS_NATS_SERVER`, else `nats-server` on `PATH`, else the one in
/// the cache (`MINOS_CACHE`, by default `~/.cache/minos`).
///
/// # Errors
/// [`ServerError::NotFound`] and [`ServerError::Unusable`] say what to type.
pub fn find() -> Result<PathBuf, ServerError> {
    let cache = std::env::var_os("MINOS_CACHE")
        .map(PathBuf::from)
        .or_else(|| std::env::var_os("HOME").map(|home| Path::new(&home).join(".cache/minos")));
    let explicit = std::env::var_os("MINOS_NATS_SERVER").filter(|path| !path.is_empty());
    let path = std::env::var_os("PATH").unwrap_or_default();
    find_in(explicit.as_deref().map(Path::new), &path, cache.as_deref())
}

/// The same with the places named.
///
/// # Errors
/// As [`find`].
pub fn find_in(
    explicit: Option<&Path>,
    path: &OsStr,
    cache: Option<&Path>,
) -> Result<PathBuf, ServerError> {
    if let Some(explicit) = explicit {
        check(explicit)?;
        return Ok(explicit.to_path_buf());
    }
    let on_path = std::env::split_paths(path)
        .map(|directory| directory.join("nats-server"))
        .find(|candidate| candidate.is_file());
    let cached = cache.map(|cache| cache.join(PINNED).join("nats-server"));
    let mut refused = None;
    for candidate in on_path.into_iter().chain(cached.clone().filter(|path| path.is_file())) {
        match check(&candidate) {
            Ok(()) => return Ok(candidate),
            Err(error) => refused = refused.or(Some(error)),
        }
    }
    Err(refused.unwrap_or_else(|| {
        let cached = cached.map_or_else(String::new, |path| format!(", nor {}", path.display()));
        ServerError::NotFound { looked: format!("none on PATH{cached}") }
    }))
}

/// Whether a binary is a nats-server that is new enough.
pub(super) fn check(binary: &Path) -> Result<(), ServerError> {
    let refused = |reason: String| ServerError::Unusable { path: binary.to_path_buf(), reason };
    let output = Command::new(binary)
        .arg("--version")
        .stdin(Stdio::null())
        .output()
        .map_err(|error| refused(error.to_string()))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let version = version(&text).ok_or_else(|| refused("is no nats-server".to_owned()))?;
    if version < OLDEST {
        let (major, minor, patch) = OLDEST;
        let found = text.trim().trim_start_matches("nats-server: ");
        return Err(refused(format!("is {found}, older than v{major}.{minor}.{patch}")));
    }
    Ok(())
}

/// Reads `nats-server: v2.15.1`; what follows the patch number does not count.
fn version(text: &str) -> Option<(u32, u32, u32)> {
    let text = text.trim().strip_prefix("nats-server: v")?;
    let mut parts = text.split('.').map(|part| {
        let digits: String = part.chars().take_while(char::is_ascii_digit).collect();
        digits.parse().ok()
    });
    Some((parts.next()??, parts.next()??, parts.next()??))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn fake(directory: &Path, says: &str) -> PathBuf {
        std::fs::create_dir_all(directory).unwrap();
        let path = directory.join("nats-server");
        std::fs::write(&path, format!("#!/bin/sh\necho '{says}'\n")).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        path
    }

    #[test]
    fn versions_are_compared_as_numbers() {
        for (text, expected) in [
            ("nats-server: v2.15.1\n", Some((2, 15, 1))),
            ("nats-server: v2.12.5-RC.1", Some((2, 12, 5))),
            ("nats-server: v2.9.10", Some((2, 9, 10))),
            ("nginx version: 1.2.3", None),
            ("nats-server: v2", None),
        ] {
            assert_eq!(version(text), expected, "{text}");
        }
        for (found, usable) in [((2, 9, 10), false), ((2, 12, 4), false), ((2, 12, 5), true)] {
            assert_eq!(found >= OLDEST, usable, "{found:?}");
        }
    }

    #[test]
    fn the_first_usable_one_is_taken_and_an_old_one_is_named() {
        let root = tempfile::tempdir().unwrap();
        let old = fake(&root.path().join("old"), "nats-server: v2.9.10");
        let new = fake(&root.path().join("new"), "nats-server: v2.12.5");
        let cached = fake(&root.path().join("cache").join(PINNED), "nats-server: v2.15.1");
        let cache = root.path().join("cache");
        let path_of = |binary: &Path| binary.parent().unwrap().as_os_str().to_owned();
        assert_eq!(find_in(Some(&new), OsStr::new(""), Some(&cache)).unwrap(), new);
        assert_eq!(find_in(None, &path_of(&new), Some(&cache)).unwrap(), new);
        assert_eq!(find_in(None, &path_of(&old), Some(&cache)).unwrap(), cached);
        let error = find_in(None, &path_of(&old), None).unwrap_err().to_string();
        assert!(error.contains("is v2.9.10, older than v2.12.5"), "{error}");
        assert!(error.contains("cargo xtask setup"), "{error}");
        let error = find_in(Some(&old), &path_of(&new), Some(&cache)).unwrap_err().to_string();
        assert!(error.contains("old/nats-server: is v2.9.10"), "{error}");
        let error = find_in(None, OsStr::new(""), Some(root.path())).unwrap_err().to_string();
        assert!(error.contains("none on PATH"), "{error}");
    }
}
