//! Builds in the object store: what one node compiled, no other has to compile again.
//!
//! Nobody but a node may write there (`cluster-config/nats/`): a build is a program that runs under
//! the name of its source. The store is a cache: what is oldest goes, and what is damaged or cut is
//! not there.

use std::time::{Duration, SystemTime};

use async_nats::jetstream::object_store::ObjectMetadata;
use minos_model::{Digest, NodeId};

use crate::broker::broker_error;
use crate::reads::millis;
use crate::subject::BUILDS;
use crate::{Broker, QueueError};

/// The largest build that is shared, in bytes.
pub const MAX_BUILD: usize = 32 << 20;
/// How long a claim holds: longer than compiling a problem's programs takes.
const CLAIM: Duration = Duration::from_secs(60);
/// What a claim says when the work is done: no node has that name.
const MADE: &str = "*";

/// Who compiles the programs of a problem.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claim {
    /// Who asked.
    Ours,
    /// Another node, at this moment.
    Others,
    /// Nobody any more: the builds are in the store.
    Made,
}

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

    /// Says that this node is about to compile the programs of a problem's revision, unless another
    /// has said so a moment ago. Two that ask at the same moment may both get it.
    ///
    /// # Errors
    /// [`QueueError::Timeout`], [`QueueError::NotInitialised`].
    pub async fn claim_builds(&self, revision: &Digest, by: &NodeId) -> Result<Claim, QueueError> {
        let store = self.objects(BUILDS).await?;
        let found = store.info(claim(revision)).await.ok().filter(|info| !info.deleted);
        if let Some(info) = found {
            let said = info.description.unwrap_or_default();
            if said == MADE {
                return Ok(Claim::Made);
            }
            let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
            let at = info.modified.map_or(0, |at| millis(at.unix_timestamp_nanos()));
            // In either direction: clocks differ.
            let young = now.abs_diff(Duration::from_millis(at)) < CLAIM;
            if young && said != by.as_str() {
                return Ok(Claim::Others);
            }
        }
        self.say_of_builds(revision, by.as_str()).await?;
        Ok(Claim::Ours)
    }

    /// Says that the programs of a problem's revision are compiled.
    ///
    /// # Errors
    /// [`QueueError::Timeout`], [`QueueError::NotInitialised`].
    pub async fn builds_made(&self, revision: &Digest) -> Result<(), QueueError> {
        self.say_of_builds(revision, MADE).await
    }

    async fn say_of_builds(&self, revision: &Digest, what: &str) -> Result<(), QueueError> {
        let store = self.objects(BUILDS).await?;
        let about = ObjectMetadata {
            name: claim(revision),
            description: Some(what.to_owned()),
            ..ObjectMetadata::default()
        };
        let put = store.put(about, &mut tokio::io::empty()).await;
        put.map(drop).map_err(|error| broker_error("claiming builds in the object store", &error))
    }
}

fn claim(revision: &Digest) -> String {
    format!("claim.{revision}")
}
