//! Large sources, which came apart from their jobs: kept on disk by their hash up to a bound, so
//! that a rejudge fetches none of them twice. Those that were not used for the longest time go
//! first. A file appears whole or not at all, and is checked against its name each time it is read.

use std::collections::HashMap;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use minos_model::{Bytes, Digest};
use sha2::{Digest as _, Sha256};

/// The cache; all clones are one.
#[derive(Debug, Clone)]
pub(crate) struct Sources(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    dir: PathBuf,
    max: u64,
    kept: Mutex<HashMap<Digest, Kept>>,
    /// Numbers files that are being written.
    next: AtomicU64,
}

#[derive(Debug)]
struct Kept {
    bytes: u64,
    used: SystemTime,
}

impl Sources {
    /// Opens what an earlier life has kept; blocks.
    ///
    /// # Errors
    /// When the directory cannot be made or read.
    pub(crate) fn open(dir: &Path, max: Bytes) -> io::Result<Self> {
        fs::create_dir_all(dir)?;
        let mut kept = HashMap::new();
        for entry in fs::read_dir(dir)? {
            let entry = entry?;
            let digest = entry.file_name().to_str().and_then(|name| name.parse().ok());
            let Some(digest) = digest else {
                // What a killed node was writing.
                fs::remove_file(entry.path())?;
                continue;
            };
            let metadata = entry.metadata()?;
            let used = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
            kept.insert(digest, Kept { bytes: metadata.len(), used });
        }
        let (dir, max, kept) = (dir.to_owned(), max.get(), Mutex::new(kept));
        let sources = Self(Arc::new(Inner { dir, max, kept, next: AtomicU64::new(0) }));
        sources.make_room();
        Ok(sources)
    }

    /// The source, if it is here and whole; blocks.
    pub(crate) fn get(&self, digest: &Digest) -> Option<Vec<u8>> {
        self.kept().get_mut(digest)?.used = SystemTime::now();
        let source = fs::read(self.path(digest)).ok();
        let whole = source.filter(|source| *digest == hash(source));
        if whole.is_none() {
            tracing::warn!(%digest, "a source on disk is damaged: it is fetched again");
            self.drop_one(digest);
        }
        whole
    }

    /// Keeps a source; blocks. One that cannot be kept is fetched again the next time.
    pub(crate) fn put(&self, digest: &Digest, source: &[u8]) {
        let number = self.0.next.fetch_add(1, Ordering::Relaxed);
        let arriving = self.0.dir.join(format!("arriving-{number}"));
        let written = fs::File::create(&arriving)
            .and_then(|mut file| file.write_all(source))
            .and_then(|()| fs::rename(&arriving, self.path(digest)));
        if let Err(error) = written {
            tracing::warn!(%digest, %error, "a source was not kept");
            return;
        }
        let bytes = u64::try_from(source.len()).unwrap_or(u64::MAX);
        self.kept().insert(*digest, Kept { bytes, used: SystemTime::now() });
        self.make_room();
    }

    fn make_room(&self) {
        loop {
            let oldest = {
                let kept = self.kept();
                let total: u64 = kept.values().map(|one| one.bytes).sum();
                if total <= self.0.max {
                    return;
                }
                kept.iter().min_by_key(|(_, one)| one.used).map(|(digest, _)| *digest)
            };
            let Some(oldest) = oldest else { return };
            self.drop_one(&oldest);
        }
    }

    fn drop_one(&self, digest: &Digest) {
        self.kept().remove(digest);
        if let Err(error) = fs::remove_file(self.path(digest))
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::error!(%digest, %error, "a source was not removed");
        }
    }

    fn path(&self, digest: &Digest) -> PathBuf {
        self.0.dir.join(digest.to_string())
    }

    fn kept(&self) -> MutexGuard<'_, HashMap<Digest, Kept>> {
        // Whole after every statement.
        self.0.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn hash(source: &[u8]) -> Digest {
    Digest::from_bytes(Sha256::digest(source).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOM: Bytes = Bytes::from_mib(1);

    #[test]
    fn a_source_is_kept_over_a_restart_and_a_damaged_one_is_not_handed_out() {
        let dir = tempfile::tempdir().unwrap();
        let (one, other) = (hash(b"one"), hash(b"other"));
        let sources = Sources::open(dir.path(), ROOM).unwrap();
        assert_eq!(sources.get(&one), None);
        sources.put(&one, b"one");
        sources.put(&other, b"other");
        fs::write(dir.path().join("arriving-7"), "half").unwrap();
        let sources = Sources::open(dir.path(), ROOM).unwrap();
        assert!(!dir.path().join("arriving-7").exists());
        assert_eq!(sources.get(&one).as_deref(), Some(b"one".as_slice()));
        fs::write(dir.path().join(other.to_string()), "OTHER").unwrap();
        assert_eq!(sources.get(&other), None);
        assert!(!dir.path().join(other.to_string()).exists());
        sources.put(&other, b"other");
        assert_eq!(sources.get(&other).as_deref(), Some(b"other".as_slice()));
    }

    #[test]
    fn the_bound_is_kept_and_what_was_used_last_stays() {
        let dir = tempfile::tempdir().unwrap();
        let sources = Sources::open(dir.path(), ROOM).unwrap();
        let texts: Vec<Vec<u8>> = (0..4_u8).map(|letter| vec![letter; 512 << 10]).collect();
        let names: Vec<Digest> = texts.iter().map(|text| hash(text)).collect();
        sources.put(&names[0], &texts[0]);
        sources.put(&names[1], &texts[1]);
        assert!(sources.get(&names[0]).is_some(), "exactly the bound fits");
        sources.put(&names[2], &texts[2]);
        assert!(sources.get(&names[1]).is_none());
        assert!(sources.get(&names[0]).is_some() && sources.get(&names[2]).is_some());
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2);
    }
}
