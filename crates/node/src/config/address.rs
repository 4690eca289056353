//! Which broker: as the file says, or a command line instead.

use std::path::{Path, PathBuf};

use super::{ConfigError, NodeConfig};

impl NodeConfig {
    /// The same with another broker, or other credentials: what a command line says instead.
    ///
    /// # Errors
    /// What is wrong with them, as in a file.
    pub fn with_broker(
        mut self,
        url: Option<&str>,
        creds: Option<&Path>,
    ) -> Result<Self, ConfigError> {
        let mut mistakes = Vec::new();
        if let Some(url) = url {
            url.clone_into(&mut self.broker.url);
        }
        if let Some(creds) = creds {
            self.broker.creds = Some(creds.to_owned());
        }
        self.check_address(("--nats", "--creds"), &mut mistakes);
        let file = PathBuf::from("the command line");
        if mistakes.is_empty() { Ok(self) } else { Err(ConfigError { file, mistakes }) }
    }

    /// Checks the address and the credentials; the keys are their names in complaints.
    pub(super) fn check_address(
        &self,
        (url_key, creds_key): (&str, &str),
        mistakes: &mut Vec<String>,
    ) {
        for url in self.broker.url.split(',') {
            if !["nats://", "tls://"].iter().any(|scheme| url.trim().starts_with(scheme)) {
                let expected = "expected `nats://HOST:PORT` or `tls://HOST:PORT`";
                mistakes.push(format!("{url_key}: `{url}`: {expected}"));
            }
        }
        if let Some(creds) = &self.broker.creds
            && !creds.is_file()
        {
            mistakes.push(format!("{creds_key}: {} is not a file", creds.display()));
        }
    }
}
