//! The store of builds: what a compiler made of a source, under the hash of everything that went
//! in. Shared by all slots of a node and by every process that opens the directory.
//!
//! An entry is one directory: a manifest, the compiler's log and the artefacts as numbered files.
//! It is written aside and renamed into place, so it is there whole or not at all; it carries the
//! digest of each artefact, so one that the disk has damaged is a miss, not a wrong program. Only
//! successes are stored: a compiler that failed for the machine's sake must not fail for ever.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use minos_model::{Bytes, CpuTime, Digest, WallTime};
use sha2::{Digest as _, Sha256};

use crate::share::{self, MAX_SHARED, Share};

const MANIFEST: &str = "manifest";
const LOG: &str = "log";
/// Touched at each use; its time is the entry's age.
const USED: &str = "used";
/// Entries that are being written or removed.
const ASIDE: &str = ".aside-";
const SCHEMA: &str = "minos.build/1";

/// The store cannot be opened.
#[derive(Debug, thiserror::Error)]
#[error("{}: cannot keep builds there: {source}", path.display())]
pub struct BuildsError {
    /// The directory, or the entry in it.
    pub path: PathBuf,
    /// What the system said.
    pub source: io::Error,
}

/// A content-addressed directory of builds, bounded in size.
#[derive(Debug)]
pub struct Builds {
    dir: PathBuf,
    max: u64,
    /// Bytes in the store as far as this process knows; counted anew before anything is removed.
    held: Mutex<u64>,
    /// Names the next directory aside.
    aside: AtomicU64,
    failures: AtomicU64,
    /// Other nodes.
    share: Option<Arc<dyn Share>>,
}

/// What a compiler made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Build {
    pub(crate) artefacts: Vec<(String, Vec<u8>)>,
    pub(crate) cpu: CpuTime,
    pub(crate) wall: WallTime,
    pub(crate) log: String,
}

/// The hash of everything a build depends on. Every part is hashed with its length, so that no two
/// lists of parts hash alike.
#[derive(Debug, Default)]
pub(crate) struct Key(Sha256);

impl Key {
    pub(crate) fn part(&mut self, part: &[u8]) {
        let length = u64::try_from(part.len()).unwrap_or(u64::MAX);
        self.0.update(length.to_be_bytes());
        self.0.update(part);
    }

    pub(crate) fn digest(self) -> Digest {
        Digest::from_bytes(self.0.finalize().into())
    }
}

pub(crate) fn digest_of(bytes: &[u8]) -> Digest {
    Digest::from_bytes(Sha256::digest(bytes).into())
}

impl Builds {
    /// A size that holds some ten thousand small programs.
    pub const DEFAULT_MAX: Bytes = Bytes::from_mib(2048);

    /// Opens or makes a store of at most `max` bytes; when it is full, the builds that were not
    /// used for the longest time go first.
    ///
    /// # Errors
    /// When the directory cannot be made, read or written.
    pub fn open(dir: impl Into<PathBuf>, max: Bytes) -> Result<Self, BuildsError> {
        let dir = dir.into();
        let builds = Self {
            dir: dir.clone(),
            max: max.get(),
            held: Mutex::new(0),
            aside: AtomicU64::new(0),
            failures: AtomicU64::new(0),
            share: None,
        };
        let failed = |source| BuildsError { path: dir.clone(), source };
        fs::create_dir_all(&dir).map_err(failed)?;
        builds.sweep().map_err(failed)?;
        let total = builds.entries().map_err(failed)?.iter().map(|entry| entry.size).sum();
        *builds.held.lock().unwrap_or_else(PoisonError::into_inner) = total;
        Ok(builds)
    }

    /// How often a build could not be stored: judging went on without.
    #[must_use]
    pub fn failures(&self) -> u64 {
        self.failures.load(Ordering::Relaxed)
    }

    /// The same, with what other nodes have compiled.
    #[must_use]
    pub fn shared(mut self, share: Arc<dyn Share>) -> Self {
        self.share = Some(share);
        self
    }

    /// The build under that key, made here or on another node; `None` when there is none, or not a
    /// whole one any more.
    pub(crate) fn get(&self, key: &Digest) -> Option<Build> {
        if let Some(build) = self.own(key) {
            return Some(build);
        }
        let build = share::unpack(key, &self.share.as_ref()?.fetch(key)?)?;
        self.keep(key, &build);
        Some(build)
    }

    /// Stores a build, here and for other nodes. A store that is broken or full slows judging down,
    /// it does not stop it.
    pub(crate) fn put(&self, key: &Digest, build: &Build) {
        self.keep(key, build);
        if let Some(share) = &self.share {
            let size: usize = build.artefacts.iter().map(|(_, content)| content.len()).sum();
            if size <= MAX_SHARED / 2 {
                share.offer(key, share::pack(key, build));
            }
        }
    }

    fn own(&self, key: &Digest) -> Option<Build> {
        let entry = self.dir.join(key.to_string());
        if !entry.join(MANIFEST).exists() {
            return None;
        }
        let build = read(&entry);
        if build.is_none() {
            self.remove(&entry);
        } else {
            self.refresh(key);
        }
        build
    }

    /// The build is used: it is not the next to go.
    pub(crate) fn refresh(&self, key: &Digest) {
        let used = self.dir.join(key.to_string()).join(USED);
        match File::create(used) {
            // Gone, and used out of memory all the same.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(_) => drop(self.failures.fetch_add(1, Ordering::Relaxed)),
            Ok(_) => {}
        }
    }

    fn keep(&self, key: &Digest, build: &Build) {
        let aside = self.next_aside();
        let entry = self.dir.join(key.to_string());
        let stored = write(&aside, build).and_then(|size| {
            // Another slot may have been first: then its build is as good as this one.
            match fs::rename(&aside, &entry) {
                Err(error) if !entry.exists() => Err(error),
                Err(_) => fs::remove_dir_all(&aside).map(|()| 0),
                Ok(()) => Ok(size),
            }
        });
        match stored {
            Ok(size) => self.grew(size),
            Err(_) => {
                self.failures.fetch_add(1, Ordering::Relaxed);
                self.remove(&aside);
            }
        }
    }

    fn next_aside(&self) -> PathBuf {
        let number = self.aside.fetch_add(1, Ordering::Relaxed);
        self.dir.join(format!("{ASIDE}{}-{number}", std::process::id()))
    }

    /// Makes room once the store has grown above its bound.
    fn grew(&self, by: u64) {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        *held += by;
        if *held <= self.max {
            return;
        }
        let Ok(mut entries) = self.entries() else { return };
        entries.sort_by_key(|entry| entry.used);
        *held = entries.iter().map(|entry| entry.size).sum();
        // Down to three quarters, so that a full store is not counted anew at each build.
        for entry in entries {
            if *held <= self.max / 4 * 3 {
                break;
            }
            self.remove(&entry.path);
            *held = held.saturating_sub(entry.size);
        }
    }

    /// Takes an entry away: out of sight by one rename, then from the disk.
    fn remove(&self, entry: &Path) {
        let aside = self.next_aside();
        if fs::rename(entry, &aside).is_ok() && fs::remove_dir_all(&aside).is_err() {
            self.failures.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Removes what dead processes left half-written.
    fn sweep(&self) -> io::Result<()> {
        for entry in fs::read_dir(&self.dir)? {
            let entry = entry?;
            let name = entry.file_name();
            let owner = name.to_str().and_then(|name| name.strip_prefix(ASIDE));
            let Some((pid, _)) = owner.and_then(|owner| owner.split_once('-')) else { continue };
            if !Path::new("/proc").join(pid).exists() {
                fs::remove_dir_all(entry.path())?;
            }
        }
        Ok(())
    }

    fn entries(&self) -> io::Result<Vec<Entry>> {
        let mut entries = Vec::new();
        for entry in fs::read_dir(&self.dir)? {
            let path = entry?.path();
            let name = path.file_name().and_then(|name| name.to_str());
            if name.is_none_or(|name| name.parse::<Digest>().is_err()) {
                continue;
            }
            // One that vanishes meanwhile was removed by another process.
            let Ok(files) = fs::read_dir(&path) else { continue };
            let mut size = 0;
            let mut used = SystemTime::UNIX_EPOCH;
            for file in files.flatten() {
                let Ok(metadata) = file.metadata() else { continue };
                size += metadata.len();
                used = used.max(metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH));
            }
            entries.push(Entry { path, size, used });
        }
        Ok(entries)
    }
}

#[derive(Debug)]
struct Entry {
    path: PathBuf,
    size: u64,
    used: SystemTime,
}

/// Writes an entry; its size.
fn write(dir: &Path, build: &Build) -> io::Result<u64> {
    fs::create_dir(dir)?;
    let (cpu, wall) = (build.cpu.micros(), build.wall.micros());
    let mut manifest = format!("{SCHEMA}\n{cpu}\n{wall}\n{}\n", digest_of(build.log.as_bytes()));
    let mut size = 0;
    for (index, (name, content)) in build.artefacts.iter().enumerate() {
        manifest.extend([digest_of(content).to_string(), format!(" {name}\n")]);
        fs::write(dir.join(index.to_string()), content)?;
        size += content.len();
    }
    size += manifest.len() + build.log.len();
    fs::write(dir.join(LOG), &build.log)?;
    fs::write(dir.join(MANIFEST), manifest)?;
    Ok(u64::try_from(size).unwrap_or(u64::MAX))
}

/// Reads an entry; `None` unless everything is as the manifest says.
fn read(dir: &Path) -> Option<Build> {
    let manifest = fs::read_to_string(dir.join(MANIFEST)).ok()?;
    let mut lines = manifest.lines();
    if lines.next()? != SCHEMA {
        return None;
    }
    let cpu = CpuTime::from_micros(lines.next()?.parse().ok()?);
    let wall = WallTime::from_micros(lines.next()?.parse().ok()?);
    let checked = |file: PathBuf, digest: &str| {
        let bytes = fs::read(file).ok()?;
        (digest_of(&bytes).to_string() == digest).then_some(bytes)
    };
    let log = String::from_utf8(checked(dir.join(LOG), lines.next()?)?).ok()?;
    let mut artefacts = Vec::new();
    for (index, line) in lines.enumerate() {
        let (digest, name) = line.split_once(' ')?;
        artefacts.push((name.to_owned(), checked(dir.join(index.to_string()), digest)?));
    }
    Some(Build { artefacts, cpu, wall, log })
}

#[cfg(test)]
mod tests;
