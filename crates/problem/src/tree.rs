//! The files of a package that lies in a directory, and the revision they make.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use minos_model::{Bytes, Digest};
use sha2::{Digest as _, Sha256};

use crate::PackageError;
use crate::bounds::{MAX_DEPTH, MAX_ENTRIES, MAX_FILE, MAX_TOTAL};
use crate::relative::is_litter;

/// Every file under a root, by relative path with `/`, with its length.
#[derive(Debug)]
pub(crate) struct Tree {
    root: PathBuf,
    files: BTreeMap<String, u64>,
}

impl Tree {
    /// Lists a package's directory. Links to files inside the package are read as files.
    ///
    /// # Errors
    /// A link that leaves the package or leads to a folder, a file that is not regular, a name
    /// that is not UTF-8, or more than the bounds allow.
    pub(crate) fn read(root: &Path) -> Result<Self, PackageError> {
        let root = root.canonicalize().map_err(|source| io(root, "open", source))?;
        let mut tree = Self { root: root.clone(), files: BTreeMap::new() };
        let mut walk = Walk { entries: 0, bytes: 0 };
        walk.folder(&mut tree, &root, "", 1)?;
        Ok(tree)
    }

    /// The directory, absolute and without links.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Whether the package holds that file.
    pub(crate) fn holds(&self, relative: &str) -> bool {
        self.files.contains_key(relative)
    }

    /// Where a file of the package lies.
    pub(crate) fn path(&self, relative: &str) -> PathBuf {
        self.root.join(relative)
    }

    /// The files directly in a folder; the root is the empty path.
    pub(crate) fn in_folder<'a>(&'a self, folder: &'a str) -> impl Iterator<Item = &'a str> {
        self.files
            .keys()
            .map(String::as_str)
            .filter(move |path| super::relative::folder(path) == folder)
    }

    /// Every file below a folder, relative to it, in order; the root is the empty path.
    pub(crate) fn below<'a>(&'a self, folder: &str) -> impl Iterator<Item = &'a str> {
        let prefix = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        let from = prefix.clone();
        self.files
            .range(from..)
            .map(|(path, _)| path.as_str())
            .map_while(move |path| path.strip_prefix(prefix.as_str()))
    }

    /// The SHA-256 of all files in order of their paths: for each the path's length, the path, the
    /// content's length and the content; lengths are 64-bit little-endian.
    ///
    /// # Errors
    /// When a file cannot be read, or changes while it is being read.
    pub(crate) fn revision(&self) -> Result<Digest, PackageError> {
        let mut hash = Sha256::new();
        let mut buffer = vec![0_u8; 1 << 16];
        for (relative, &length) in &self.files {
            let name_length = u64::try_from(relative.len()).unwrap_or(u64::MAX);
            hash.update(name_length.to_le_bytes());
            hash.update(relative.as_bytes());
            hash.update(length.to_le_bytes());
            let path = self.path(relative);
            let mut file = File::open(&path).map_err(|source| io(&path, "open", source))?;
            let mut seen = 0_u64;
            loop {
                let count = file.read(&mut buffer).map_err(|source| io(&path, "read", source))?;
                let Some(chunk) = buffer.get(..count).filter(|chunk| !chunk.is_empty()) else {
                    break;
                };
                hash.update(chunk);
                seen = seen.saturating_add(u64::try_from(count).unwrap_or(u64::MAX));
            }
            if seen != length {
                let problem = format!("changed from {length} to {seen} bytes while it was read");
                return Err(PackageError::Tree { path, problem });
            }
        }
        Ok(Digest::from_bytes(hash.finalize().into()))
    }
}

struct Walk {
    entries: u64,
    bytes: u64,
}

impl Walk {
    fn folder(
        &mut self,
        tree: &mut Tree,
        folder: &Path,
        prefix: &str,
        depth: usize,
    ) -> Result<(), PackageError> {
        if depth > MAX_DEPTH {
            return Err(refused(folder, format!("more than {MAX_DEPTH} folders deep")));
        }
        let entries = fs::read_dir(folder).map_err(|source| io(folder, "list", source))?;
        for entry in entries {
            let path = entry.map_err(|source| io(folder, "list", source))?.path();
            let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
                return Err(refused(&path, "the name is not UTF-8".to_owned()));
            };
            if is_litter(name) {
                continue;
            }
            if name.chars().any(char::is_control) {
                return Err(refused(&path, "control characters in the name".to_owned()));
            }
            self.entries += 1;
            if self.entries > MAX_ENTRIES {
                return Err(refused(folder, format!("more than {MAX_ENTRIES} files and folders")));
            }
            let relative =
                if prefix.is_empty() { name.to_owned() } else { format!("{prefix}/{name}") };
            let metadata =
                path.symlink_metadata().map_err(|source| io(&path, "examine", source))?;
            if metadata.is_dir() {
                self.folder(tree, &path, &relative, depth + 1)?;
            } else {
                let length = self.file(tree, &path, &metadata)?;
                tree.files.insert(relative, length);
            }
        }
        Ok(())
    }

    /// The length of a file, or of the file a link leads to.
    fn file(
        &mut self,
        tree: &Tree,
        path: &Path,
        metadata: &fs::Metadata,
    ) -> Result<u64, PackageError> {
        let length = if metadata.is_symlink() {
            let target = path.canonicalize().map_err(|source| io(path, "follow", source))?;
            if !target.starts_with(&tree.root) {
                let problem = format!("a link out of the package, to {}", target.display());
                return Err(refused(path, problem));
            }
            let metadata = target.metadata().map_err(|source| io(path, "follow", source))?;
            if !metadata.is_file() {
                return Err(refused(path, "a link to something that is no file".to_owned()));
            }
            metadata.len()
        } else if metadata.is_file() {
            metadata.len()
        } else {
            return Err(refused(path, "neither a file nor a folder".to_owned()));
        };
        if length > MAX_FILE {
            let most = Bytes::new(MAX_FILE);
            return Err(refused(path, format!("{length} bytes, at most {most} are read")));
        }
        self.bytes = self.bytes.saturating_add(length);
        if self.bytes > MAX_TOTAL {
            let problem =
                format!("the package has more than {} up to this file", Bytes::new(MAX_TOTAL));
            return Err(refused(path, problem));
        }
        Ok(length)
    }
}

fn refused(path: &Path, problem: String) -> PackageError {
    PackageError::Tree { path: path.to_owned(), problem }
}

pub(crate) fn io(path: &Path, doing: &'static str, source: std::io::Error) -> PackageError {
    PackageError::Io { path: path.to_owned(), doing, source }
}
