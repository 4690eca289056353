//! One file of a control group, kept open: a reading is one `pread` (about a microsecond).

use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use super::CgroupError;

/// The longest of the files that are read here (`cpu.stat`) stays well below this.
const LONGEST_BYTES: usize = 1024;

/// A file of a group with its path, for the error.
#[derive(Debug)]
pub(super) struct GroupFile {
    file: File,
    path: PathBuf,
}

impl GroupFile {
    /// Opens `name` in `group` for reading, and for writing as well when it allows that.
    pub(super) fn open(group: &Path, name: &str) -> Result<Self, CgroupError> {
        let path = group.join(name);
        let opened = OpenOptions::new().read(true).write(true).open(&path).or_else(|refused| {
            if refused.kind() != io::ErrorKind::PermissionDenied {
                return Err(refused);
            }
            // Either a file of counters, or one that only takes orders (`cgroup.kill`).
            let write = OpenOptions::new().write(true).open(&path);
            File::open(&path).or(write)
        });
        let hint = "the group may have been removed, or the kernel may be too old";
        let file = opened.map_err(|source| failed("open", &path, source, hint))?;
        Ok(Self { file, path })
    }

    /// The same, or `None` where this kernel has no such file.
    pub(super) fn open_if_there(group: &Path, name: &str) -> Result<Option<Self>, CgroupError> {
        if group.join(name).exists() { Self::open(group, name).map(Some) } else { Ok(None) }
    }

    /// The file's one number.
    pub(super) fn number(&self) -> Result<u64, CgroupError> {
        self.with_text(|text| match text.trim() {
            "max" => Some(u64::MAX),
            number => number.parse().ok(),
        })
        .and_then(|found| found.ok_or_else(|| self.malformed("")))
    }

    /// The number behind `key` in a file of `key number` lines.
    pub(super) fn keyed(&self, key: &'static str) -> Result<u64, CgroupError> {
        self.keyed_if_there(key)?.ok_or_else(|| self.malformed(key))
    }

    /// The same, or `None` where this kernel does not count it.
    pub(super) fn keyed_if_there(&self, key: &'static str) -> Result<Option<u64>, CgroupError> {
        self.with_text(|text| {
            text.lines().find_map(|line| {
                let (name, number) = line.split_once(' ')?;
                if name == key { number.trim().parse().ok() } else { None }
            })
        })
    }

    /// Whether the file has no text at all.
    pub(super) fn is_empty(&self) -> Result<bool, CgroupError> {
        self.with_text(str::is_empty)
    }

    /// Writes one number.
    pub(super) fn write(&self, number: u64) -> Result<(), CgroupError> {
        self.write_text(&number.to_string())
    }

    /// Writes a text.
    pub(super) fn write_text(&self, text: &str) -> Result<(), CgroupError> {
        self.file.write_all_at(text.as_bytes(), 0).map_err(|source| {
            let hint = "is the controller enabled in the parent's cgroup.subtree_control, and is \
                        the group writable for this user?";
            failed(&format!("write `{text}` to"), &self.path, source, hint)
        })
    }

    fn with_text<T>(&self, look: impl FnOnce(&str) -> T) -> Result<T, CgroupError> {
        let mut buffer = [0_u8; LONGEST_BYTES];
        let length = self.file.read_at(&mut buffer, 0).map_err(|source| {
            failed("read", &self.path, source, "the group may have been removed")
        })?;
        let bytes = buffer.get(..length).unwrap_or_default();
        Ok(look(std::str::from_utf8(bytes).unwrap_or_default()))
    }

    fn malformed(&self, key: &'static str) -> CgroupError {
        let text = self.with_text(|text| text.chars().take(80).collect()).unwrap_or_default();
        CgroupError::Malformed { path: self.path.clone(), key, text }
    }
}

impl AsFd for GroupFile {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}

/// An error of one file.
pub(super) fn failed(
    action: &str,
    path: &Path,
    source: io::Error,
    hint: &'static str,
) -> CgroupError {
    CgroupError::File { action: action.to_owned(), path: path.to_owned(), source, hint }
}
