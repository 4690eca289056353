//! Zip archives of packages: unpacked into a private directory, entry by entry, never trusted.

use std::collections::{BTreeSet, HashSet};
use std::fs::{self, File};
use std::io::{self, BufReader, Read, Seek, SeekFrom, Write};
use std::path::Path;

use minos_model::Bytes;
use zip::ZipArchive;
use zip::result::ZipError;

use crate::PackageError;
use crate::bounds::Bounds;
use crate::relative;

/// Unpacks an archive into an empty directory.
///
/// # Errors
/// The archive or the first entry that is broken, hostile or too large.
pub(crate) fn unpack(archive: &Path, into: &Path, bounds: Bounds) -> Result<(), PackageError> {
    let shown = archive.display().to_string();
    let io = |source| crate::tree::io(archive, "read", source);
    let file = File::open(archive).map_err(|source| crate::tree::io(archive, "open", source))?;
    let packed = file.metadata().map_err(io)?.len();
    let mut reader = BufReader::new(file);
    let count = declared_entries(&mut reader, packed).map_err(io)?;
    if count > bounds.entries {
        let problem = format!("{count} entries, at most {} are read", bounds.entries);
        return Err(PackageError::Archive { archive: shown, entry: None, problem });
    }
    let broken =
        |problem: String| PackageError::Archive { archive: shown.clone(), entry: None, problem };
    let mut zip = ZipArchive::new(reader).map_err(|error| broken(said(&error)))?;
    let mut unpacking = Unpacking {
        archive: shown.clone(),
        into,
        bounds,
        most: bounds.total.min(packed.saturating_mul(bounds.ratio).max(bounds.dense)),
        total: 0,
        files: HashSet::new(),
        folders: BTreeSet::new(),
    };
    let start = zip.central_directory_start();
    for index in 0..zip.len() {
        unpacking.entry(&mut zip, index)?;
    }
    let mut reader = zip.into_inner();
    match repeated_name(&mut reader, start).map_err(io)? {
        Some(name) => Err(unpacking.refused(&name, "two entries have this name".to_owned())),
        None => Ok(()),
    }
}

struct Unpacking<'a> {
    archive: String,
    into: &'a Path,
    bounds: Bounds,
    /// Bytes that may be unpacked in all.
    most: u64,
    total: u64,
    files: HashSet<String>,
    folders: BTreeSet<String>,
}

impl Unpacking<'_> {
    fn entry<R: Read + Seek>(
        &mut self,
        zip: &mut ZipArchive<R>,
        index: usize,
    ) -> Result<(), PackageError> {
        let raw = zip.by_index_raw(index).map_err(|error| {
            let name = format!("number {}", index + 1);
            self.refused(&name, said(&error))
        })?;
        let name = raw.name().to_owned();
        // The raw bytes say when a folder was written with a backslash at its end.
        let is_folder = raw.is_dir() || name.ends_with('\\');
        let (encrypted, mode, declared) = (raw.encrypted(), raw.unix_mode(), raw.size());
        drop(raw);
        let path = relative::normalise(&name).map_err(|problem| self.refused(&name, problem))?;
        let Some(path) = path else { return Ok(()) };
        if path.split('/').any(relative::is_litter) {
            return Ok(());
        }
        self.check_kind(&name, encrypted, mode)?;
        self.claim(&name, &path, is_folder)?;
        if is_folder {
            let folder = self.into.join(&path);
            return fs::create_dir_all(&folder)
                .map_err(|source| crate::tree::io(&folder, "make", source));
        }
        if declared > self.bounds.file {
            let most = Bytes::new(self.bounds.file);
            let problem = format!("{declared} bytes, at most {most} are read");
            return Err(self.refused(&name, problem));
        }
        let content = zip.by_index(index).map_err(|error| self.refused(&name, said(&error)))?;
        self.write(content, &name, &path, declared)
    }

    fn check_kind(
        &self,
        name: &str,
        encrypted: bool,
        mode: Option<u32>,
    ) -> Result<(), PackageError> {
        const KIND: u32 = 0o170_000;
        if encrypted {
            return Err(self.refused(name, "encrypted; pack it without a password".to_owned()));
        }
        match mode.map_or(0, |mode| mode & KIND) {
            0 | 0o100_000 | 0o040_000 => Ok(()),
            0o120_000 => {
                Err(self.refused(name, "a symbolic link; archives may not hold links".to_owned()))
            }
            _ => Err(self.refused(name, "neither a file nor a folder".to_owned())),
        }
    }

    /// Books a path: no file twice, no file where a folder is, no folder where a file is.
    fn claim(&mut self, name: &str, path: &str, is_folder: bool) -> Result<(), PackageError> {
        let mut parent = relative::folder(path);
        while !parent.is_empty() {
            if self.files.contains(parent) {
                let problem = format!("`{parent}` is a file and a folder");
                return Err(self.refused(name, problem));
            }
            self.folders.insert(parent.to_owned());
            parent = relative::folder(parent);
        }
        if is_folder {
            if self.files.contains(path) {
                return Err(self.refused(name, format!("`{path}` is a file and a folder")));
            }
            self.folders.insert(path.to_owned());
        } else {
            if self.folders.contains(path) {
                return Err(self.refused(name, format!("`{path}` is a file and a folder")));
            }
            if !self.files.insert(path.to_owned()) {
                return Err(self.refused(name, format!("two entries are `{path}`")));
            }
        }
        Ok(())
    }

    /// Writes one file. What is counted are the bytes that come out, not those that are declared.
    fn write(
        &mut self,
        content: impl Read,
        name: &str,
        path: &str,
        declared: u64,
    ) -> Result<(), PackageError> {
        let target = self.into.join(path);
        let io = |source| crate::tree::io(&target, "write", source);
        if let Some(folder) = target.parent() {
            fs::create_dir_all(folder).map_err(io)?;
        }
        let mut file = File::create_new(&target).map_err(io)?;
        let left = self.most.saturating_sub(self.total);
        let allowed = declared.min(left);
        let mut content = content.take(allowed.saturating_add(1));
        let mut buffer = vec![0_u8; 1 << 16];
        let mut written = 0_u64;
        loop {
            let count = content.read(&mut buffer).map_err(|error| {
                self.refused(name, format!("cannot be unpacked: {error}; pack it again"))
            })?;
            let Some(chunk) = buffer.get(..count).filter(|chunk| !chunk.is_empty()) else { break };
            file.write_all(chunk).map_err(io)?;
            written = written.saturating_add(u64::try_from(count).unwrap_or(u64::MAX));
        }
        if written > left {
            let problem = format!(
                "the archive unpacks to more than {}; at most {} are read, and above {} at most \
                 {} times the archive's own size",
                Bytes::new(self.most),
                Bytes::new(self.bounds.total),
                Bytes::new(self.bounds.dense),
                self.bounds.ratio
            );
            return Err(self.refused(name, problem));
        }
        if written != declared {
            let problem = format!("{declared} bytes are declared, but the content differs");
            return Err(self.refused(name, problem));
        }
        self.total = self.total.saturating_add(written);
        Ok(())
    }

    fn refused(&self, entry: &str, problem: String) -> PackageError {
        let entry = entry.chars().take(200).flat_map(char::escape_debug).collect();
        PackageError::Archive { archive: self.archive.clone(), entry: Some(entry), problem }
    }
}

/// What the reader of archives has to say, in words that tell what to do.
fn said(error: &ZipError) -> String {
    if let ZipError::UnsupportedArchive(what) = error {
        return format!("{what}; only plain stored and deflated entries are read");
    }
    if let ZipError::InvalidArchive(what) = error {
        return format!("not a whole zip archive: {what}");
    }
    format!("not a whole zip archive: {error}")
}

/// The number of entries that the end of the archive declares; 0 when there is no such end.
fn declared_entries(reader: &mut (impl Read + Seek), length: u64) -> io::Result<u64> {
    const END: &[u8] = b"PK\x05\x06";
    const END64: &[u8] = b"PK\x06\x06";
    // The end record, its comment, and the two records of large archives before it.
    let tail = length.min(22 + 65_535 + 20 + 56);
    reader.seek(SeekFrom::Start(length - tail))?;
    let mut bytes = Vec::new();
    reader.take(tail).read_to_end(&mut bytes)?;
    reader.rewind()?;
    let last = |signature: &[u8]| bytes.windows(4).rposition(|window| window == signature);
    let field = |at: usize, width: usize| {
        let bytes = bytes.get(at..at.saturating_add(width)).unwrap_or_default();
        bytes.iter().rev().fold(0_u64, |number, byte| (number << 8) | u64::from(*byte))
    };
    let Some(end) = last(END) else { return Ok(0) };
    let count = field(end + 10, 2);
    match last(END64) {
        Some(end64) if count == 0xFFFF => Ok(field(end64 + 32, 8)),
        _ => Ok(count),
    }
}

/// The first name that the central directory lists twice. The reader of archives keeps only the
/// last entry of a name, so that it has to be looked for here.
fn repeated_name(reader: &mut (impl Read + Seek), start: u64) -> io::Result<Option<String>> {
    reader.seek(SeekFrom::Start(start))?;
    let mut names: HashSet<Vec<u8>> = HashSet::new();
    loop {
        let mut header = [0_u8; 46];
        if reader.read_exact(&mut header).is_err() || !header.starts_with(b"PK\x01\x02") {
            return Ok(None);
        }
        let length = |at: usize| {
            let pair = header.get(at..at + 2).unwrap_or_default();
            pair.iter().rev().fold(0_u64, |number, byte| (number << 8) | u64::from(*byte))
        };
        let (name_length, skipped) = (length(28), length(30) + length(32));
        let mut name = Vec::new();
        reader.by_ref().take(name_length).read_to_end(&mut name)?;
        io::copy(&mut reader.by_ref().take(skipped), &mut io::sink())?;
        if names.contains(&name) {
            return Ok(Some(String::from_utf8_lossy(&name).into_owned()));
        }
        names.insert(name);
    }
}
