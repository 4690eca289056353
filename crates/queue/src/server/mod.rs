//! A private nats-server: the broker of `minos up`, and of every test that needs one.
//!
//! The child holds three things of ours. Its standard input is a copy of the locked lock file, so
//! the directory stays locked as long as either of us lives: two servers on one directory destroy
//! it, and nats-server itself does not look. Its death signal is set by `setpriv`, so that it ends
//! when we are killed; that signal belongs to the thread that started the child, hence the keeper
//! thread, which lives as long as the child is wanted and starts it again when it dies. And its
//! configuration has a token, so that nobody else on the machine talks to it.

mod config;
mod find;
mod keeper;
mod lock;

use std::fs::{self, DirBuilder, File};
use std::io::{self, Read};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use minos_model::Bytes;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::endpoint::Endpoint;
use crate::{Broker, ConnectOptions, QueueError};
use config::Config;
pub use find::{PINNED, find, find_in};
use keeper::{Keeper, State};

/// How long a server may take until it answers; it reads its whole store first.
const READY_WITHIN: Duration = Duration::from_secs(60);
/// How often a server that is starting is asked.
const ASK_EVERY: Duration = Duration::from_millis(10);
/// How long the lock of a server that is still dying is waited for.
const LOCK_WITHIN: Duration = Duration::from_secs(20);

/// Why there is no private server.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServerError {
    /// There is no binary.
    #[error(
        "no nats-server: {looked} (hint: `cargo xtask setup` fetches {PINNED}; or set MINOS_NATS_SERVER=/path/to/nats-server)"
    )]
    NotFound {
        /// Where it was looked for.
        looked: String,
    },
    /// The binary is too old, or no nats-server.
    #[error(
        "{path}: {reason} (hint: `cargo xtask setup` fetches {PINNED}; or set MINOS_NATS_SERVER=/path/to/nats-server)"
    )]
    Unusable {
        /// Which binary.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// Another process uses the directory.
    #[error(
        "{directory} is in use by process {pid} (hint: end that `minos up`, or name another --dir)"
    )]
    Locked {
        /// The directory.
        directory: PathBuf,
        /// Who holds it, as it wrote itself.
        pid: String,
    },
    /// A file or directory of the server cannot be made.
    #[error("{path}: {source}")]
    Io {
        /// Which one.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The server ended, or never answered.
    #[error("nats-server in {directory} did not start: {reason} (hint: see {log})")]
    Failed {
        /// The directory.
        directory: PathBuf,
        /// What it said last.
        reason: String,
        /// Its log.
        log: PathBuf,
    },
}

/// How to run a private server.
#[derive(Debug, Clone)]
pub struct ServerOptions {
    /// Where everything of it lies, in a directory `nats` of its own.
    pub directory: PathBuf,
    /// The binary; found by [`find()`] when `None`.
    pub binary: Option<PathBuf>,
    /// What its streams may reserve on disk.
    pub max_file: Bytes,
    /// What its streams may reserve in memory.
    pub max_memory: Bytes,
    /// How old what is not on the disk yet may be; zero: everything is before it is acknowledged.
    pub sync_interval: Duration,
}

impl ServerOptions {
    /// A server in a directory, with room for the built-in topology.
    #[must_use]
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        Self {
            directory: directory.into(),
            binary: None,
            max_file: Bytes::from_mib(64 << 10),
            max_memory: Bytes::from_mib(256),
            sync_interval: Duration::ZERO,
        }
    }
}

/// A private nats-server, which runs as long as this value lives.
#[derive(Debug)]
pub struct LocalServer {
    keeper: Keeper,
    endpoint: Endpoint,
    directory: PathBuf,
}

impl LocalServer {
    /// Starts a server in `directory/nats` and waits until it answers. The store of a killed one
    /// is taken over, on the same address if that is still free.
    ///
    /// # Errors
    /// [`ServerError`], each with what to type.
    pub async fn start(directory: &Path) -> Result<Self, QueueError> {
        Self::start_with(ServerOptions::new(directory)).await
    }

    /// The same with all options.
    ///
    /// # Errors
    /// [`ServerError`], each with what to type.
    pub async fn start_with(options: ServerOptions) -> Result<Self, QueueError> {
        let binary = match options.binary.clone() {
            Some(binary) => {
                find::check(&binary)?;
                binary
            }
            None => find()?,
        };
        let directory = options.directory.join("nats");
        make_directory(&directory)?;
        // The lock of a server whose parent was killed is free as soon as it has ended.
        let lock = lock::take(&directory, LOCK_WITHIN).await?;
        let config = Config::prepare(&directory, &options)?;
        let token = config.token.clone();
        let keeper = Keeper::start(binary, config, lock)?;
        let mut server = Self {
            keeper,
            endpoint: Endpoint { url: String::new(), token: Some(token) },
            directory,
        };
        server.wait_until_ready().await?;
        Ok(server)
    }

    /// `nats://127.0.0.1:43917`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.endpoint.url
    }

    /// What to write into `endpoint.json`.
    #[must_use]
    pub const fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// How to connect to it.
    #[must_use]
    pub fn options(&self) -> ConnectOptions {
        let Endpoint { url, token } = self.endpoint.clone();
        ConnectOptions { token, ..ConnectOptions::new(url) }
    }

    /// The process, while there is one. When it dies without [`LocalServer::stop`], another one
    /// takes its place on the same address.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        match &*self.keeper.state.borrow() {
            State::Running { pid, .. } => Some(*pid),
            State::Down | State::Failed(_) | State::Stopped => None,
        }
    }

    /// Stops the server and waits until its directory is free. Connected clients see it go.
    pub async fn stop(mut self) {
        self.keeper.stop();
        // The keeper never goes without saying so, unless it panicked: then it is gone too.
        let stopped = self.keeper.state.wait_for(|state| matches!(state, State::Stopped)).await;
        drop(stopped);
    }

    async fn wait_until_ready(&mut self) -> Result<(), QueueError> {
        let deadline = Instant::now() + READY_WITHIN;
        let mut reason = "it did not say where it listens".to_owned();
        let mut ticks = tokio::time::interval(ASK_EVERY);
        loop {
            ticks.tick().await;
            let state = self.keeper.state.borrow().clone();
            match state {
                State::Running { url: Some(url), .. } => {
                    self.endpoint.url = url;
                    match self.probe().await {
                        Ok(()) => return Ok(()),
                        Err(error) => reason = error.to_string(),
                    }
                }
                State::Failed(why) => return Err(self.failed(why).into()),
                State::Running { url: None, .. } | State::Down | State::Stopped => {}
            }
            if Instant::now() >= deadline {
                return Err(self.failed(reason).into());
            }
        }
    }

    /// Whether it answers, with our token and with JetStream.
    async fn probe(&self) -> Result<(), QueueError> {
        let broker = Broker::connect(&self.options().named("minos-probe")).await?;
        let answer = broker.ping().await;
        broker.close().await?;
        answer
    }

    fn failed(&self, reason: String) -> ServerError {
        let (directory, log) = (self.directory.clone(), self.directory.join(config::LOG));
        ServerError::Failed { directory, reason, log }
    }
}

fn make_directory(path: &Path) -> Result<(), ServerError> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(|source| ServerError::Io { path: path.to_path_buf(), source })
}

/// Reads at most `most` bytes from the end of a text file; empty when there is none.
fn tail(path: &Path, most: u64) -> String {
    use std::io::Seek;
    let read = || -> io::Result<String> {
        let mut file = File::open(path)?;
        let size = file.metadata()?.len();
        file.seek(io::SeekFrom::Start(size.saturating_sub(most)))?;
        let mut bytes = Vec::new();
        file.take(most).read_to_end(&mut bytes)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    };
    read().unwrap_or_default()
}

/// Removes what a directory holds; an absent one is empty.
fn clear(directory: &Path) -> io::Result<()> {
    match fs::remove_dir_all(directory) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// The state of the keeper, as it changes.
type States = watch::Receiver<State>;
