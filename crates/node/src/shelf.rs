//! The node's problems: fetched from the package store once for each revision, kept on disk up to
//! a bound, those that were not used for the longest time thrown out first.
//!
//! `minos_problem::Cache` makes each problem whole or not there at all; this file adds who fetches
//! (one slot, the others wait), and who goes.

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::fs;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use minos_model::{Bytes, Digest, ProblemRef};
use minos_problem::{Cache, CacheError, Problem};
use minos_queue::{Broker, QueueError};
use tokio::io::AsyncWriteExt as _;

use crate::metrics;
use crate::ports::NoProblem;

/// Where problems come from.
pub(crate) trait Store: Send + Sync + 'static {
    /// The revision a reference means.
    fn resolve(
        &self,
        wanted: &ProblemRef,
    ) -> impl Future<Output = Result<Digest, QueueError>> + Send;
    /// Copies the archive of a revision.
    fn fetch(
        &self,
        revision: &Digest,
        to: &mut tokio::fs::File,
    ) -> impl Future<Output = Result<(), QueueError>> + Send;
}

impl Store for Broker {
    async fn resolve(&self, wanted: &ProblemRef) -> Result<Digest, QueueError> {
        Self::resolve(self, wanted).await
    }

    async fn fetch(&self, revision: &Digest, to: &mut tokio::fs::File) -> Result<(), QueueError> {
        self.get_package(revision, to).await.map(drop)
    }
}

/// What is on disk.
#[derive(Debug)]
struct Kept {
    bytes: u64,
    used: SystemTime,
    /// Read and checked in this life; `None` when it has to be (again).
    problem: Option<Arc<Problem>>,
    /// Judging with it failed.
    suspect: bool,
}

impl Kept {
    /// Whether a slot judges with it.
    fn in_use(&self) -> bool {
        self.problem.as_ref().is_some_and(|problem| Arc::strong_count(problem) > 1)
    }
}

/// The shelf.
#[derive(Debug)]
pub(crate) struct Shelf<S> {
    store: S,
    cache: Cache,
    /// Where archives lie while they are fetched.
    arriving: PathBuf,
    max: u64,
    kept: Mutex<HashMap<Digest, Kept>>,
    /// One at a time for each revision.
    fetching: Mutex<HashMap<Digest, Arc<tokio::sync::Mutex<()>>>>,
}

impl<S: Store> Shelf<S> {
    /// Opens the problems of an earlier life; blocks.
    ///
    /// # Errors
    /// When the directory cannot be made, read or written.
    pub(crate) fn open(dir: &Path, max: Bytes, store: S) -> Result<Self, CacheError> {
        let cache = Cache::open(dir)?;
        let arriving = dir.join("arriving");
        let io = |source| CacheError::Io { path: arriving.clone(), doing: "make", source };
        // Archives that a killed node was fetching.
        match fs::remove_dir_all(&arriving) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(io(error)),
            Err(_) | Ok(()) => {}
        }
        fs::create_dir_all(&arriving).map_err(io)?;
        let kept = Mutex::new(found(&dir.join("problems")));
        let shelf =
            Self { store, cache, arriving, max: max.get(), kept, fetching: Mutex::default() };
        shelf.make_room(None);
        Ok(shelf)
    }

    /// The problem, fetched when it is not here.
    pub(crate) async fn problem(&self, wanted: &ProblemRef) -> Result<Arc<Problem>, NoProblem> {
        let unready = |why: String| NoProblem::Unready { problem: wanted.to_string(), why };
        let revision = match self.store.resolve(wanted).await {
            Ok(revision) => revision,
            Err(QueueError::UnknownProblem(_) | QueueError::AmbiguousRevision { .. }) => {
                return Err(NoProblem::Unknown(wanted.to_string()));
            }
            Err(error) => return Err(unready(error.to_string())),
        };
        if let Some(problem) = self.in_hand(&revision) {
            metrics::package_looked_up(true);
            return Ok(problem);
        }
        let turn = Arc::clone(lock(&self.fetching).entry(revision).or_default());
        let held = turn.lock().await;
        // Another slot may have brought it while this one waited.
        let result = match self.in_hand(&revision) {
            Some(problem) => Ok(problem),
            None => self.bring(revision).await,
        };
        drop(held);
        drop(turn);
        // Whoever waits has a reference; the last one takes the entry away.
        lock(&self.fetching).retain(|_, turn| Arc::strong_count(turn) > 1);
        result.map_err(|error| match error {
            Bring::NotThere => NoProblem::Unknown(wanted.to_string()),
            Bring::Damaged(why) => NoProblem::Damaged { problem: wanted.to_string(), why },
            Bring::Failed(why) => unready(why),
        })
    }

    /// A problem that was checked in this life.
    fn in_hand(&self, revision: &Digest) -> Option<Arc<Problem>> {
        let mut kept = lock(&self.kept);
        let entry = kept.get_mut(revision)?;
        if entry.suspect {
            return None;
        }
        let problem = entry.problem.clone().filter(|problem| problem.dir.is_dir())?;
        entry.used = SystemTime::now();
        Some(problem)
    }

    /// Judging with it failed: it is fetched again before it is used again. The cache knows a file
    /// that is missing or cut; one whose bytes the disk has changed is only found this way.
    pub(crate) fn distrust(&self, revision: &Digest) {
        if let Some(entry) = lock(&self.kept).get_mut(revision) {
            entry.suspect = true;
        }
    }

    /// From the disk, else from the store.
    async fn bring(&self, revision: Digest) -> Result<Arc<Problem>, Bring> {
        let cache = self.cache.clone();
        let (suspect, in_use) = lock(&self.kept)
            .get(&revision)
            .map_or((false, false), |entry| (entry.suspect, entry.in_use()));
        // Nothing is removed under a slot that judges.
        if suspect && in_use {
            return Err(Bring::Failed("the copy here is suspect and still judged with".to_owned()));
        }
        let here = blocking(move || {
            if suspect {
                cache.remove(&revision)?;
            }
            cache.get(&revision)
        });
        let here = here.await?;
        metrics::package_looked_up(here.is_some());
        let problem = match here {
            Some(problem) => problem,
            None => self.fetch(revision).await?,
        };
        let dir = problem.dir.clone();
        let bytes = blocking(move || Ok::<u64, CacheError>(size(&dir))).await?;
        let problem = Arc::new(problem);
        let kept = Kept {
            bytes,
            used: SystemTime::now(),
            problem: Some(Arc::clone(&problem)),
            suspect: false,
        };
        lock(&self.kept).insert(revision, kept);
        self.make_room(Some(&revision));
        Ok(problem)
    }

    async fn fetch(&self, revision: Digest) -> Result<Problem, Bring> {
        let path = self.arriving.join(revision.to_string());
        let failed = |what: &str, error: &dyn std::fmt::Display| {
            Bring::Failed(format!("{what} {}: {error}", path.display()))
        };
        let mut options = tokio::fs::File::options();
        let made = options.create(true).truncate(true).read(true).write(true).open(&path).await;
        let mut archive = made.map_err(|error| failed("making", &error))?;
        if let Err(error) = self.store.fetch(&revision, &mut archive).await {
            if matches!(error, QueueError::NoObject { .. }) {
                return Err(Bring::NotThere);
            }
            let damaged = matches!(error, QueueError::Damaged { .. });
            let why = error.to_string();
            return Err(if damaged { Bring::Damaged(why) } else { Bring::Failed(why) });
        }
        archive.flush().await.map_err(|error| failed("writing", &error))?;
        let mut archive = archive.into_std().await;
        let cache = self.cache.clone();
        let problem = blocking(move || {
            std::io::Seek::rewind(&mut archive).map_err(|source| CacheError::Io {
                path: PathBuf::from("the fetched archive"),
                doing: "rewind",
                source,
            })?;
            cache.unpack(&revision, archive)
        })
        .await;
        if let Err(error) = tokio::fs::remove_file(&path).await {
            tracing::warn!(path = %path.display(), %error, "a fetched archive was not removed");
        }
        problem
    }

    /// Throws out what nobody judges with until the bound is met.
    fn make_room(&self, but: Option<&Digest>) {
        let mut kept = lock(&self.kept);
        let mut total: u64 = kept.values().map(|entry| entry.bytes).sum();
        while total > self.max {
            let oldest = kept
                .iter()
                .filter(|(revision, entry)| but != Some(*revision) && !entry.in_use())
                .min_by_key(|(_, entry)| entry.used)
                .map(|(revision, entry)| (*revision, entry.bytes));
            let Some((revision, bytes)) = oldest else { break };
            match self.cache.remove(&revision) {
                Ok(()) => metrics::package_evicted(),
                Err(error) => tracing::error!(%revision, %error, "a problem was not removed"),
            }
            kept.remove(&revision);
            total = total.saturating_sub(bytes);
        }
        metrics::package_bytes(total);
    }
}

/// Why a problem did not come.
enum Bring {
    NotThere,
    /// What was fetched is not what its revision says.
    Damaged(String),
    Failed(String),
}

async fn blocking<T, F>(work: F) -> Result<T, Bring>
where
    T: Send + 'static,
    F: FnOnce() -> Result<T, CacheError> + Send + 'static,
{
    match tokio::task::spawn_blocking(work).await {
        Ok(Err(error @ CacheError::Damaged { .. })) => Err(Bring::Damaged(error.to_string())),
        Ok(result) => result.map_err(|error| Bring::Failed(error.to_string())),
        Err(panicked) => Err(Bring::Failed(panicked.to_string())),
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing panics while one of these is held, and each is whole after every statement.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The problems of an earlier life, with their sizes and when they were made.
fn found(problems: &Path) -> HashMap<Digest, Kept> {
    let entries = fs::read_dir(problems).into_iter().flatten().flatten();
    entries
        .filter_map(|entry| {
            let revision = entry.file_name().to_str()?.parse().ok()?;
            let used = entry.metadata().and_then(|metadata| metadata.modified()).ok();
            let used = used.unwrap_or(SystemTime::UNIX_EPOCH);
            Some((
                revision,
                Kept { bytes: size(&entry.path()), used, problem: None, suspect: false },
            ))
        })
        .collect()
}

/// Bytes of all files below a directory.
fn size(dir: &Path) -> u64 {
    let (mut total, mut dirs) = (0, vec![dir.to_owned()]);
    while let Some(dir) = dirs.pop() {
        for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
            let Ok(metadata) = entry.metadata() else { continue };
            if metadata.is_dir() {
                dirs.push(entry.path());
            } else {
                total += metadata.len();
            }
        }
    }
    total
}
