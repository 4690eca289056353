//! Packages in the object store, by revision; and which revision a problem's name means.

use minos_model::{Digest, ProblemId, ProblemRef};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncRead, AsyncWrite};

use crate::broker::{Published, broker_error};
use crate::reads::Kept;
use crate::subject::{PACKAGES, PROBLEMS};
use crate::wire::to_json;
use crate::{Broker, QueueError};

/// A revision of a problem that was pushed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct EntryV1 {
    revision: String,
    title: String,
    bytes: u64,
}

/// A revision of a problem that was pushed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProblemEntry {
    /// Its short name.
    pub id: ProblemId,
    /// The hash of its content.
    pub revision: Digest,
    /// What people call it.
    pub title: String,
    /// The size of its archive.
    pub bytes: u64,
    /// When it was pushed, in milliseconds since 1970.
    pub pushed_ms: u64,
}

/// What a push did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pushed {
    /// The archive was copied.
    New,
    /// The broker had this revision; it is the one pushed last again.
    AlreadyThere,
    /// What the broker had under this revision was damaged, and is replaced.
    Replaced,
}

impl Broker {
    /// Copies a package's archive into the object store, then makes its revision the one the
    /// problem's name means. A revision that is there already is read to its end and not copied
    /// again, unless it is damaged.
    ///
    /// # Errors
    /// [`QueueError::Copy`] when the archive cannot be read, [`QueueError::StreamFull`],
    /// [`QueueError::Timeout`].
    pub async fn put_package(
        &self,
        id: &ProblemId,
        revision: &Digest,
        title: &str,
        archive: &mut (dyn AsyncRead + Unpin + Send),
    ) -> Result<Pushed, QueueError> {
        let store = self.objects(PACKAGES).await?;
        let name = revision.to_string();
        let known = store.info(&name).await.is_ok_and(|info| !info.deleted);
        let whole = if known {
            self.copy_object(PACKAGES, revision, &mut tokio::io::sink()).await.ok()
        } else {
            None
        };
        let (pushed, bytes) = if let Some(bytes) = whole {
            (Pushed::AlreadyThere, bytes)
        } else {
            let mut archive = archive;
            let info = store.put(name.as_str(), &mut archive).await.map_err(|error| {
                broker_error(&format!("copying package {id} into the object store"), &error)
            })?;
            let pushed = if known { Pushed::Replaced } else { Pushed::New };
            (pushed, u64::try_from(info.size).unwrap_or(u64::MAX))
        };
        let title = title.chars().take(200).collect();
        let entry = EntryV1 { revision: name.clone(), title, bytes };
        let value = to_json(&entry);
        for key in [format!("revision.{id}.{name}"), format!("latest.{id}")] {
            self.put_key(PROBLEMS, &key, value.clone()).await?;
        }
        Ok(pushed)
    }

    /// Copies a package's archive out of the object store; the bytes are checked against the hash
    /// that the store keeps. What is in the archive is checked against `revision` by who unpacks it.
    ///
    /// # Errors
    /// [`QueueError::NoObject`], [`QueueError::Damaged`], [`QueueError::Copy`].
    pub async fn get_package(
        &self,
        revision: &Digest,
        archive: &mut (dyn AsyncWrite + Unpin + Send),
    ) -> Result<u64, QueueError> {
        self.copy_object(PACKAGES, revision, archive).await
    }

    /// The revision a reference means: the one pushed last, or the one that begins so.
    ///
    /// # Errors
    /// [`QueueError::UnknownProblem`], [`QueueError::AmbiguousRevision`].
    pub async fn resolve(&self, reference: &ProblemRef) -> Result<Digest, QueueError> {
        let unknown = || QueueError::UnknownProblem(reference.clone());
        let id = &reference.id;
        let Some(prefix) = &reference.revision else {
            let key = format!("$KV.{PROBLEMS}.latest.{id}");
            let kept = self.last(&format!("KV_{PROBLEMS}"), &key).await?;
            let entry = kept.as_ref().and_then(read).ok_or_else(unknown)?;
            return Ok(entry.revision);
        };
        let filter = format!("$KV.{PROBLEMS}.revision.{id}.*");
        let subjects = self.subjects(&format!("KV_{PROBLEMS}"), &filter).await?;
        let mut fitting: Vec<Digest> = subjects
            .iter()
            .filter_map(|subject| subject.rsplit('.').next())
            .filter(|revision| revision.starts_with(prefix.as_str()))
            .filter_map(|revision| revision.parse().ok())
            .collect();
        fitting.sort_unstable();
        match fitting.as_slice() {
            [] => Err(unknown()),
            [one] => Ok(*one),
            _ => Err(QueueError::AmbiguousRevision {
                reference: reference.clone(),
                revisions: fitting,
            }),
        }
    }

    /// The revision pushed last of every problem, in the order of their names.
    ///
    /// # Errors
    /// [`QueueError::Timeout`], [`QueueError::NotInitialised`].
    pub async fn list_problems(&self) -> Result<Vec<ProblemEntry>, QueueError> {
        let mut entries = self.entries(format!("$KV.{PROBLEMS}.latest.*")).await?;
        entries.sort_by(|one, other| one.id.cmp(&other.id));
        Ok(entries)
    }

    /// What was pushed after a place in the bucket (0 is its beginning), the first at the head, and
    /// the place to ask from the next time. Of many pushes only about the `most` last are told, and
    /// of several of one problem the last.
    ///
    /// # Errors
    /// [`QueueError::Timeout`], [`QueueError::NotInitialised`].
    pub async fn pushed_since(
        &self,
        place: u64,
        most: u32,
    ) -> Result<(u64, Vec<ProblemEntry>), QueueError> {
        let (stream, filter) = (format!("KV_{PROBLEMS}"), format!("$KV.{PROBLEMS}.latest.*"));
        let Some(last) = self.last(&stream, &filter).await? else { return Ok((0, Vec::new())) };
        // A bucket that was made anew counts from one again.
        let mut place = if last.sequence < place { 0 } else { place };
        if last.sequence == place {
            return Ok((place, Vec::new()));
        }
        // A push writes two keys.
        let window = u64::from(most).saturating_mul(2);
        place = place.max(last.sequence.saturating_sub(window));
        let mut scan = self.scan_from(&stream, filter, place + 1);
        let mut entries = Vec::new();
        while let Some(kept) = scan.next().await? {
            place = kept.sequence;
            entries.extend(read(&kept));
        }
        Ok((place, entries))
    }

    /// Every revision of a problem, the one pushed first at the head.
    ///
    /// # Errors
    /// [`QueueError::Timeout`], [`QueueError::NotInitialised`].
    pub async fn revisions(&self, id: &ProblemId) -> Result<Vec<ProblemEntry>, QueueError> {
        self.entries(format!("$KV.{PROBLEMS}.revision.{id}.*")).await
    }

    async fn entries(&self, filter: String) -> Result<Vec<ProblemEntry>, QueueError> {
        let mut scan = self.scan(&format!("KV_{PROBLEMS}"), filter);
        let mut entries = Vec::new();
        while let Some(kept) = scan.next().await? {
            entries.extend(read(&kept));
        }
        Ok(entries)
    }

    /// Sets a key of a bucket.
    pub(crate) async fn put_key(
        &self,
        bucket: &'static str,
        key: &str,
        value: Vec<u8>,
    ) -> Result<(), QueueError> {
        let subject = format!("$KV.{bucket}.{key}");
        let headers = async_nats::HeaderMap::new();
        match self.publish(bucket, subject.clone(), headers, value).await? {
            Published::Stored | Published::Duplicate => Ok(()),
            Published::Limit(reason) => {
                Err(QueueError::StreamFull { stream: bucket, subject, reason })
            }
        }
    }
}

fn read(kept: &Kept) -> Option<ProblemEntry> {
    let entry: EntryV1 = serde_json::from_slice(&kept.payload).ok()?;
    let id = kept.subject.split('.').nth(3)?.parse().ok()?;
    let revision = entry.revision.parse().ok()?;
    let EntryV1 { title, bytes, .. } = entry;
    Some(ProblemEntry { id, revision, title, bytes, pushed_ms: kept.stored_ms })
}
