//! How a verb finds its broker: an address, or the directory of a running `minos up`.

use std::fs;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::wire::to_json;
use crate::{ConnectOptions, QueueError};

/// The file's name in the directory of `minos up`.
pub const FILE: &str = "endpoint.json";

/// The largest such file that is read, in bytes.
const MAX_FILE: u64 = 64 * 1024;

/// Where a broker listens, and the token it wants.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoint {
    /// `nats://127.0.0.1:43917`.
    pub url: String,
    /// The token, as `minos up` made it.
    pub token: Option<String>,
}

/// Writes `endpoint.json` into a directory, readable by its owner only, atomically.
///
/// # Errors
/// [`QueueError::Endpoint`].
pub fn write(directory: &Path, endpoint: &Endpoint) -> Result<PathBuf, QueueError> {
    let path = directory.join(FILE);
    let temporary = directory.join(format!("{FILE}.{}", std::process::id()));
    let text = to_json(endpoint);
    let written = (|| {
        // One left behind by a process that was killed would keep its mode.
        if let Err(error) = fs::remove_file(&temporary)
            && error.kind() != std::io::ErrorKind::NotFound
        {
            return Err(error);
        }
        let mut file =
            fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&temporary)?;
        file.write_all(&text)?;
        file.sync_all()?;
        fs::rename(&temporary, &path)
    })();
    written
        .map_err(|error| QueueError::Endpoint { path: path.clone(), reason: error.to_string() })?;
    Ok(path)
}

/// Reads `endpoint.json` from a directory.
///
/// # Errors
/// [`QueueError::Endpoint`] names the file and says what to type.
pub fn read(directory: &Path) -> Result<Endpoint, QueueError> {
    let path = directory.join(FILE);
    let failed = |reason: String| QueueError::Endpoint { path: path.clone(), reason };
    let size = fs::metadata(&path).map_err(|error| failed(error.to_string()))?.len();
    if size > MAX_FILE {
        return Err(failed(format!("{size} bytes are no endpoint")));
    }
    let text = fs::read(&path).map_err(|error| failed(error.to_string()))?;
    serde_json::from_slice(&text).map_err(|error| failed(error.to_string()))
}

/// How to connect: to `url` (with `creds`) when there is one, else to the broker of the `minos up`
/// in `directory`. The name is shown in the broker's list of connections.
///
/// # Errors
/// [`QueueError::Endpoint`] when there is no address and no running `minos up`.
pub fn resolve(
    url: Option<&str>,
    creds: Option<&Path>,
    directory: &Path,
    name: &str,
) -> Result<ConnectOptions, QueueError> {
    let creds = creds.map(Path::to_path_buf);
    if let Some(url) = url {
        return Ok(ConnectOptions { creds, ..ConnectOptions::new(url).named(name) });
    }
    let Endpoint { url, token } = read(directory)?;
    Ok(ConnectOptions { token, creds, ..ConnectOptions::new(url).named(name) })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn an_endpoint_reads_back_and_is_its_owners_secret() {
        let directory = tempfile::tempdir().unwrap();
        let endpoint =
            Endpoint { url: "nats://127.0.0.1:1".to_owned(), token: Some("secret".to_owned()) };
        write(directory.path(), &endpoint).unwrap();
        let path = write(directory.path(), &endpoint).unwrap();
        assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(read(directory.path()).unwrap(), endpoint);
        let options = resolve(None, None, directory.path(), "x").unwrap();
        assert_eq!((options.url, options.token), (endpoint.url, endpoint.token));
    }

    #[test]
    fn an_address_goes_before_the_directory() {
        let options = resolve(Some("nats://a:1"), None, Path::new("/nonexistent"), "x").unwrap();
        assert_eq!((options.url.as_str(), options.token), ("nats://a:1", None));
    }

    #[test]
    fn a_directory_without_an_endpoint_says_what_to_type() {
        let error = resolve(None, None, Path::new("/nonexistent"), "x").unwrap_err().to_string();
        assert!(error.contains("/nonexistent/endpoint.json"), "{error}");
        assert!(error.contains("minos up"), "{error}");
    }
}
