//! Builds of other nodes, over the broker. A cache on the way to a verdict and nothing more: what
//! takes too long or fails is compiled here.

use std::sync::Arc;
use std::time::Duration;

use minos_judge::Share;
use minos_model::Digest;
use minos_queue::{Broker, QueueError};
use tokio::runtime::Handle;
use tokio::sync::Semaphore;

/// How long a slot waits for a build of others: compiling takes as long.
const FETCH: Duration = Duration::from_secs(2);
/// How long an offer may take.
const OFFER: Duration = Duration::from_secs(30);
/// Offers on their way at once; what is more is not offered.
const OFFERS: usize = 8;

/// The share of one node.
#[derive(Debug)]
pub(crate) struct Shared {
    broker: Broker,
    runtime: Handle,
    offers: Arc<Semaphore>,
}

impl Shared {
    /// Over that broker; to be made where the runtime is.
    pub(crate) fn over(broker: Broker) -> Self {
        Self { broker, runtime: Handle::current(), offers: Arc::new(Semaphore::new(OFFERS)) }
    }
}

fn told(what: &str, key: &Digest, error: &QueueError) {
    tracing::debug!(%key, %error, "a build was not {what}");
}

impl Share for Shared {
    fn fetch(&self, key: &Digest) -> Option<Vec<u8>> {
        let fetched = self.runtime.block_on(async {
            // Made in here: a timeout needs the runtime it runs on.
            tokio::time::timeout(FETCH, self.broker.get_build(key)).await
        });
        match fetched {
            Ok(Ok(build)) => build,
            Ok(Err(error)) => {
                told("fetched", key, &error);
                None
            }
            Err(_elapsed) => None,
        }
    }

    fn offer(&self, key: &Digest, build: Vec<u8>) {
        let Ok(permit) = Arc::clone(&self.offers).try_acquire_owned() else { return };
        let (broker, key) = (self.broker.clone(), *key);
        self.runtime.spawn(async move {
            match tokio::time::timeout(OFFER, broker.put_build(&key, &build)).await {
                Ok(Ok(())) | Err(_) => {}
                Ok(Err(error)) => told("offered", &key, &error),
            }
            drop(permit);
        });
    }
}
