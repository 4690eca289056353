//! The object stores: sources that came apart from their job, and how objects are copied.

use std::time::Duration;

use async_nats::jetstream::object_store::{GetErrorKind, ObjectStore};
use minos_model::Digest;
use sha2::{Digest as _, Sha256};
use tokio::io::{AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::broker::{broker_error, timeout_after};
use crate::subject::SOURCES;
use crate::wire::MAX_SOURCE;
use crate::{Broker, QueueError};

/// A copy that has not moved for so long is given up: somebody waits for it.
const STALLED_AFTER: Duration = Duration::from_secs(10);

impl Broker {
    /// Puts a source into the object store and returns its address.
    ///
    /// # Errors
    /// [`QueueError::TooLarge`], [`QueueError::Timeout`], [`QueueError::NotInitialised`].
    pub async fn put_source(&self, source: &[u8]) -> Result<Digest, QueueError> {
        if source.len() > MAX_SOURCE {
            return Err(QueueError::TooLarge {
                what: "the source",
                size: source.len().try_into().unwrap_or(u64::MAX),
                max: MAX_SOURCE.try_into().unwrap_or(u64::MAX),
            });
        }
        let digest = Digest::from_bytes(Sha256::digest(source).into());
        let store = self.objects(SOURCES).await?;
        let name = digest.to_string();
        if store.info(&name).await.is_ok_and(|info| !info.deleted) {
            return Ok(digest);
        }
        let mut reader = source;
        store
            .put(name.as_str(), &mut reader)
            .await
            .map_err(|error| broker_error("copying a source into the object store", &error))?;
        Ok(digest)
    }

    /// The source at an address, checked against it.
    ///
    /// # Errors
    /// [`QueueError::NoObject`], [`QueueError::Damaged`], [`QueueError::TooLarge`].
    pub async fn get_source(&self, digest: &Digest) -> Result<Vec<u8>, QueueError> {
        let mut source = Vec::new();
        self.copy_object(SOURCES, digest, &mut source).await?;
        if Digest::from_bytes(Sha256::digest(&source).into()) != *digest {
            return Err(QueueError::Damaged {
                what: format!("source {digest}"),
                reason: "its bytes have another hash".to_owned(),
            });
        }
        if source.len() > MAX_SOURCE {
            return Err(QueueError::TooLarge {
                what: "the source",
                size: source.len().try_into().unwrap_or(u64::MAX),
                max: MAX_SOURCE.try_into().unwrap_or(u64::MAX),
            });
        }
        Ok(source)
    }

    pub(crate) async fn objects(&self, bucket: &'static str) -> Result<ObjectStore, QueueError> {
        self.context.get_object_store(bucket).await.map_err(|_missing| QueueError::NotInitialised {
            what: format!("object store {bucket}"),
        })
    }

    /// Copies an object; the store's own hash of its bytes is checked on the way.
    pub(crate) async fn copy_object(
        &self,
        bucket: &'static str,
        digest: &Digest,
        into: &mut (dyn AsyncWrite + Unpin + Send),
    ) -> Result<u64, QueueError> {
        let late =
            |_elapsed| timeout_after(&format!("reading object store {bucket}"), STALLED_AFTER);
        let store = tokio::time::timeout(STALLED_AFTER, self.objects(bucket)).await;
        let store = store.map_err(late)??;
        let object = tokio::time::timeout(STALLED_AFTER, store.get(digest.to_string())).await;
        let mut object = object.map_err(late)?.map_err(|error| {
            if error.kind() == GetErrorKind::NotFound {
                QueueError::NoObject { bucket, digest: *digest }
            } else {
                broker_error(&format!("reading {digest} from object store {bucket}"), &error)
            }
        })?;
        let what = || format!("{digest} of object store {bucket}");
        let copy_failed = |source| QueueError::Copy { what: what(), source };
        let mut copied = 0_u64;
        let mut chunk = vec![0_u8; 128 * 1024];
        loop {
            let read = tokio::time::timeout(STALLED_AFTER, object.read(&mut chunk))
                .await
                .map_err(late)?
                .map_err(|error| QueueError::Damaged { what: what(), reason: error.to_string() })?;
            let Some(bytes) = chunk.get(..read).filter(|bytes| !bytes.is_empty()) else { break };
            into.write_all(bytes).await.map_err(copy_failed)?;
            copied += u64::try_from(read).unwrap_or(0);
        }
        into.flush().await.map_err(copy_failed)?;
        let expected = u64::try_from(object.info().size).unwrap_or(u64::MAX);
        if copied != expected {
            let reason = format!("{copied} bytes of {expected}");
            return Err(QueueError::Damaged { what: what(), reason });
        }
        Ok(copied)
    }
}
