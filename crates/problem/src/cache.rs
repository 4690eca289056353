//! The cache of prepared problems: one directory each, published atomically.
//!
//! ```text
//! DIR/lock                    held while drafts are made, published or swept
//! DIR/drafts/<name>/          a problem that is being prepared
//! DIR/drafts/<name>.lock      held by the process that prepares it
//! DIR/problems/<revision>/    a complete problem: problem.json, tests/, checker/
//! ```

use std::fs::{self, File, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use minos_model::Digest;

use crate::{CacheError, Draft, Package, Problem, pack, prepared};

/// A directory of prepared problems, shared by every process that opens it.
#[derive(Debug, Clone)]
pub struct Cache {
    dir: PathBuf,
}

impl Cache {
    /// Opens or makes a cache, and clears away what a killed process left half-written.
    ///
    /// # Errors
    /// When the directory cannot be made or written.
    pub fn open(dir: impl Into<PathBuf>) -> Result<Self, CacheError> {
        let dir: PathBuf = dir.into();
        for part in ["drafts", "problems"] {
            let path = dir.join(part);
            fs::create_dir_all(&path).map_err(|source| io(&path, "make", source))?;
        }
        let dir = dir.canonicalize().map_err(|source| io(&dir, "open", source))?;
        let cache = Self { dir };
        cache.sweep()?;
        Ok(cache)
    }

    /// The problem prepared from that revision of a package; `None` when it is not here, or not
    /// whole any more (it is removed then, and can be prepared or fetched again).
    ///
    /// # Errors
    /// When the cache cannot be read or written.
    pub fn get(&self, revision: &Digest) -> Result<Option<Problem>, CacheError> {
        let path = self.problem(revision);
        if !path.exists() {
            return Ok(None);
        }
        if let Ok(problem) = prepared::load(&path, revision) {
            return Ok(Some(problem));
        }
        // Look again with the lock held: another process may just have repaired it.
        let _lock = self.lock()?;
        match prepared::load(&path, revision) {
            Ok(problem) => Ok(Some(problem)),
            Err(_damaged) => self.discard(&path).map(|()| None),
        }
    }

    /// Begins to prepare a package: copies the checker, expects every input and answer.
    ///
    /// # Errors
    /// When the cache cannot be written.
    pub fn begin(&self, package: &Package) -> Result<Draft, CacheError> {
        Draft::begin(self, package)
    }

    /// Removes a problem; nothing happens when it is not here.
    ///
    /// # Errors
    /// When the cache cannot be written.
    pub fn remove(&self, revision: &Digest) -> Result<(), CacheError> {
        let _lock = self.lock()?;
        let path = self.problem(revision);
        if path.exists() { self.discard(&path) } else { Ok(()) }
    }

    /// Writes a problem as one archive, the same bytes each time.
    ///
    /// # Errors
    /// When a file of the problem, or the archive, cannot be read or written.
    pub fn pack(&self, problem: &Problem, to: impl Write + Seek) -> Result<(), CacheError> {
        pack::pack(problem, to)
    }

    /// Takes a problem out of an archive, checks every file against its manifest and publishes it.
    ///
    /// # Errors
    /// [`CacheError::Damaged`] naming the file that is not what the manifest says; nothing is left
    /// behind then.
    pub fn unpack(&self, revision: &Digest, from: impl Read + Seek) -> Result<Problem, CacheError> {
        pack::unpack(self, revision, from)
    }

    fn problem(&self, revision: &Digest) -> PathBuf {
        self.dir.join("problems").join(revision.to_string())
    }

    /// Waits for the lock of the whole cache; nobody holds it for longer than a few renames.
    fn lock(&self) -> Result<File, CacheError> {
        let path = self.dir.join("lock");
        let lock = || {
            let file = File::options().create(true).append(true).open(&path)?;
            file.lock()?;
            Ok(file)
        };
        lock().map_err(|source| io(&path, "lock", source))
    }

    /// An empty directory with its lock file, held.
    pub(crate) fn new_draft(&self) -> Result<(PathBuf, PathBuf, File), CacheError> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let _lock = self.lock()?;
        loop {
            let number = NEXT.fetch_add(1, Ordering::Relaxed);
            let name = format!("{}-{number}", std::process::id());
            let dir = self.dir.join("drafts").join(&name);
            let path = self.dir.join("drafts").join(format!("{name}.lock"));
            // A name may be taken by a dead process of the same number, or one in another
            // container; the next number is as good.
            let held = match File::create_new(&path) {
                Ok(held) => held,
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => continue,
                Err(error) => return Err(io(&path, "make", error)),
            };
            held.lock().map_err(|source| io(&path, "lock", source))?;
            match fs::create_dir(&dir) {
                Ok(()) => return Ok((dir, path, held)),
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                    fs::remove_file(&path).map_err(|source| io(&path, "remove", source))?;
                }
                Err(error) => return Err(io(&dir, "make", error)),
            }
        }
    }

    /// Renames a finished draft into the cache, unless a whole copy is there already.
    pub(crate) fn adopt(&self, draft: &Path, revision: &Digest) -> Result<Problem, CacheError> {
        let _lock = self.lock()?;
        let path = self.problem(revision);
        if path.exists() {
            if let Ok(problem) = prepared::load(&path, revision) {
                return Ok(problem);
            }
            self.discard(&path)?;
        }
        fs::rename(draft, &path).map_err(|source| io(&path, "publish", source))?;
        sync(&self.dir.join("problems"))?;
        prepared::load(&path, revision)
    }

    /// Takes a directory out of sight with one rename, then removes it. The lock is held.
    fn discard(&self, path: &Path) -> Result<(), CacheError> {
        let name = path.file_name().unwrap_or_default();
        let aside = self.dir.join("drafts").join(name);
        drop(fs::remove_dir_all(&aside));
        fs::rename(path, &aside).map_err(|source| io(path, "put aside", source))?;
        fs::remove_dir_all(&aside).map_err(|source| io(&aside, "remove", source))
    }

    /// Removes every draft whose lock nobody holds.
    fn sweep(&self) -> Result<(), CacheError> {
        let _lock = self.lock()?;
        let drafts = self.dir.join("drafts");
        let entries = fs::read_dir(&drafts).map_err(|source| io(&drafts, "list", source))?;
        let paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
        for path in &paths {
            if path.extension().is_some_and(|extension| extension == "lock") {
                let Ok(file) = File::open(path) else { continue };
                match file.try_lock() {
                    Ok(()) => {}
                    Err(TryLockError::WouldBlock) => continue,
                    Err(TryLockError::Error(source)) => return Err(io(path, "lock", source)),
                }
                let dir = path.with_extension("");
                if dir.exists() {
                    fs::remove_dir_all(&dir).map_err(|source| io(&dir, "remove", source))?;
                }
                fs::remove_file(path).map_err(|source| io(path, "remove", source))?;
            } else if !path.with_extension("lock").exists() && path.exists() {
                fs::remove_dir_all(path).map_err(|source| io(path, "remove", source))?;
            }
        }
        Ok(())
    }
}

/// Brings a file's content, or the names in a directory, to disk.
pub(crate) fn sync(path: &Path) -> Result<(), CacheError> {
    let sync = || File::open(path)?.sync_all();
    sync().map_err(|source| io(path, "sync", source))
}

pub(crate) fn io(path: &Path, doing: &'static str, source: std::io::Error) -> CacheError {
    CacheError::Io { path: path.to_owned(), doing, source }
}
