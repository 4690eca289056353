//! Appending to a journal.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Read as _, Seek as _, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::{FILE, Fact};

/// The open journal.
#[derive(Debug)]
pub(crate) struct Journal {
    path: PathBuf,
    out: BufWriter<File>,
}

impl Journal {
    /// Starts a journal in `dir`, which is made when missing.
    ///
    /// # Errors
    /// When the directory or the file cannot be made, or a journal is there already: a journal is
    /// never overwritten.
    pub(crate) fn create(dir: &Path) -> io::Result<Self> {
        std::fs::create_dir_all(dir)?;
        let path = dir.join(FILE);
        let file = OpenOptions::new().append(true).create_new(true).open(&path)?;
        Ok(Self { path, out: BufWriter::new(file) })
    }

    /// Goes on with the journal in `dir`. A last line that was cut becomes a line of its own.
    ///
    /// # Errors
    /// When there is none, or it cannot be written.
    pub(crate) fn open(dir: &Path) -> io::Result<Self> {
        let path = dir.join(FILE);
        let mut file = OpenOptions::new().read(true).append(true).open(&path)?;
        let mut last = [b'\n'];
        if file.metadata()?.len() > 0 {
            file.seek(SeekFrom::End(-1))?;
            file.read_exact(&mut last)?;
        }
        if last != *b"\n" {
            file.write_all(b"\n")?;
        }
        Ok(Self { path, out: BufWriter::new(file) })
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Appends one fact.
    ///
    /// # Errors
    /// When the disk does not take it.
    pub(crate) fn write(&mut self, fact: &Fact) -> io::Result<()> {
        serde_json::to_writer(&mut self.out, fact)?;
        self.out.write_all(b"\n")
    }

    /// Hands what was written to the kernel: a killed process loses nothing of it.
    ///
    /// # Errors
    /// When the disk does not take it.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
