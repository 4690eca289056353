//! Builds in the object store: what one node compiled, no other has to compile again.
//!
//! Nobody but a node may write there (`cluster-config/nats/`): a build is a program that runs under
//! the name of its source. The store is a cache: what is oldest goes, and what is damaged or cut is
//! not there.

use minos_model::Digest;

use crate::broker::broker_error;
use crate::subject::BUILDS;
use crate::{Broker, QueueError};

/// The largest build that is shared, in bytes.
pub const MAX_BUILD: usize = 32 << 20;

impl Broker {
    /// Puts a build into the object store; one that is there already is left as it is.
    ///
    /// # Errors
    /// [`QueueError::TooLarge`], [`QueueError::Timeout`], [`QueueError::NotInitialised`].
    pub async fn put_build(&self, key: &Digest, build: &[u8]) -> Result<(), QueueError> {
        if build.len() > MAX_BUILD {
            return Err(QueueError::TooLarge {
                what: "the build",
                size: build.len().try_into().unwrap_or(u64::MAX),
                max: MAX_BUILD.try_into().unwrap_or(u64::MAX),
            });
        }
        let store = self.objects(BUILDS).await?;
        let name = key.to_string();
        if store.info(&name).await.is_ok_and(|info| !info.deleted) {
            return Ok(());
        }
        let mut reader = build;
        let put = store.put(name.as_str(), &mut reader).await;
        put.map(drop).map_err(|error| broker_error("copying a build into the object store", &error))
    }

    /// The build under a key, its bytes checked against the hash that the store keeps; `None` when
    /// there is none.
    ///
    /// # Errors
    /// [`QueueError::Damaged`], [`QueueError::TooLarge`], [`QueueError::Timeout`],
    /// [`QueueError::NotInitialised`].
    pub async fn get_build(&self, key: &Digest) -> Result<Option<Vec<u8>>, QueueError> {
        let store = self.objects(BUILDS).await?;
        let size = match store.info(&key.to_string()).await {
            Ok(info) if !info.deleted => info.size,
            Ok(_) | Err(_) => return Ok(None),
        };
        if size > MAX_BUILD {
            return Err(QueueError::TooLarge {
                what: "the build",
                size: size.try_into().unwrap_or(u64::MAX),
                max: MAX_BUILD.try_into().unwrap_or(u64::MAX),
            });
        }
        let mut build = Vec::with_capacity(size);
        match self.copy_object(BUILDS, key, &mut build).await {
            Ok(_) => Ok(Some(build)),
            Err(QueueError::NoObject { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }
}
