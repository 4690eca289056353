//! The cache of prepared problems: one directory each, published atomically.

use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};

use minos_model::Digest;

use crate::{CacheError, Package, Problem};

/// A directory of prepared problems, shared by every process that opens it.
#[derive(Debug, Clone)]
pub struct Cache {
    dir: PathBuf,
}

/// A problem that is being prepared. What is not published vanishes.
#[derive(Debug)]
pub struct Draft {
    dir: PathBuf,
}

impl Cache {
    /// Opens or makes a cache, and clears away what a killed process left half-written.
    ///
    /// # Errors
    /// When the directory cannot be made or written.
    pub fn open(dir: impl Into<PathBuf>) -> Result<Self, CacheError> {
        Ok(Self { dir: dir.into() })
    }

    /// The problem prepared from that revision of a package; `None` when it is not here, or not
    /// whole any more (it is removed then, and can be prepared or fetched again).
    ///
    /// # Errors
    /// When the cache cannot be read.
    pub fn get(&self, revision: &Digest) -> Result<Option<Problem>, CacheError> {
        let _ = (revision, &self.dir);
        Ok(None)
    }

    /// Begins to prepare a package: copies the checker, expects every input and answer.
    ///
    /// # Errors
    /// When the cache cannot be written.
    pub fn begin(&self, package: &Package) -> Result<Draft, CacheError> {
        let _ = package;
        Ok(Draft { dir: self.dir.clone() })
    }

    /// Writes a problem as one archive, the same bytes each time.
    ///
    /// # Errors
    /// When a file of the problem, or the archive, cannot be read or written.
    pub fn pack(&self, problem: &Problem, to: impl Write + Seek) -> Result<(), CacheError> {
        let _ = (problem, to);
        Ok(())
    }

    /// Takes a problem out of an archive, checks every file against its manifest and publishes it.
    ///
    /// # Errors
    /// [`CacheError::Damaged`] naming the file that is not what the manifest says; nothing is left
    /// behind then.
    pub fn unpack(&self, revision: &Digest, from: impl Read + Seek) -> Result<Problem, CacheError> {
        let _ = from;
        Err(CacheError::BadPath(revision.to_string()))
    }
}

impl Draft {
    /// Where the draft lies.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Writes the input of the test with that index, CR LF turned into LF; the file it lies in.
    ///
    /// # Errors
    /// When the content cannot be read or the draft not written.
    pub fn put_input(&mut self, test: usize, content: impl Read) -> Result<PathBuf, CacheError> {
        let _ = (test, content);
        Ok(self.dir.clone())
    }

    /// Writes the answer of the test with that index, CR LF turned into LF; the file it lies in.
    ///
    /// # Errors
    /// When the content cannot be read or the draft not written.
    pub fn put_answer(&mut self, test: usize, content: impl Read) -> Result<PathBuf, CacheError> {
        let _ = (test, content);
        Ok(self.dir.clone())
    }

    /// Publishes the problem: everything on disk first, then one rename. When another process was
    /// first, its copy is the problem.
    ///
    /// # Errors
    /// [`CacheError::Incomplete`] when a test has no input or no answer; otherwise when the cache
    /// cannot be written.
    pub fn publish(self) -> Result<Problem, CacheError> {
        Err(CacheError::Incomplete { test: self.dir.display().to_string(), what: "input" })
    }
}
