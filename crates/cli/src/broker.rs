//! How a verb finds its broker, and the runtime it talks in.

use std::future::Future;
use std::path::PathBuf;

use minos_queue::{Broker, QueueError, endpoint};

use crate::exit::{Failure, with_causes};

/// Where the broker is: `--nats` and `--creds`, else the directory of a running `minos up`.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Broker")]
pub(crate) struct BrokerArgs {
    /// The broker's address.
    #[arg(long, value_name = "URL", env = "MINOS_NATS_URL")]
    nats: Option<String>,
    /// A file with credentials for it.
    #[arg(long, value_name = "FILE")]
    creds: Option<PathBuf>,
    /// The directory of a running `minos up`, where no --nats is given.
    #[arg(long, value_name = "DIR", env = "MINOS_DIR", default_value = "./.minos")]
    dir: PathBuf,
}

impl BrokerArgs {
    /// Connects.
    ///
    /// # Errors
    /// Exit code 3 with what to type when no broker is found or none answers.
    pub(crate) async fn connect(&self) -> Result<Broker, Failure> {
        if let Some(creds) = &self.creds {
            std::fs::File::open(creds)
                .map_err(|error| Failure::input(format!("--creds {}: {error}", creds.display())))?;
        }
        // A variable that is set to nothing is not set.
        let nats = self.nats.as_deref().filter(|url| !url.is_empty());
        let options =
            endpoint::resolve(nats, self.creds.as_deref(), &self.dir, "minos").map_err(failed)?;
        Broker::connect(&options).await.map_err(failed)
    }
}

/// A failure of the queue as a failure of the verb.
#[expect(clippy::needless_pass_by_value, reason = "it is what map_err hands over")]
pub(crate) fn failed(error: QueueError) -> Failure {
    let line = with_causes(&error);
    if error.is_usage() { Failure::input(line) } else { Failure::environment(line) }
}

/// Runs the asynchronous part of a verb.
///
/// # Errors
/// What the verb says, or exit code 3 when this machine gives no threads.
pub(crate) fn block_on<T>(verb: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| Failure::environment(format!("no runtime: {error}")))?
        .block_on(verb)
}
