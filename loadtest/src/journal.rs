//! The journal of a run: one JSON line per fact, appended as it happens, never rewritten.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Serialize;

/// One fact.
#[derive(Debug, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub(crate) enum Fact<'a> {
    /// The run, before its first submission.
    Start {
        schema: &'static str,
        version: &'static str,
        rate_per_s: f64,
        duration_s: f64,
        hostile: f64,
        seed: u64,
        tenant: &'a str,
        problem: &'a str,
        planned: usize,
    },
    /// One submission was handed to the broker and stored.
    Sent { id: &'a str, program: &'a str, planned_us: u64, sent_us: u64, acked_us: u64 },
    /// One submission was not stored.
    Refused { id: &'a str, program: &'a str, planned_us: u64, sent_us: u64, why: &'a str },
    /// A slot took it.
    Received { id: &'a str, at_us: u64 },
    /// A verdict was seen.
    Judged { id: &'a str, at_us: u64, verdict: &'a str, node: &'a str, attempt: u32 },
    /// The run is over.
    End { at_us: u64, outstanding: usize },
}

/// The open journal.
#[derive(Debug)]
pub(crate) struct Journal {
    path: PathBuf,
    out: BufWriter<File>,
}

impl Journal {
    /// The version of the lines.
    pub(crate) const SCHEMA: &'static str = "minos.load-journal/1";

    /// Starts a journal in `dir`, which is made when missing.
    ///
    /// # Errors
    /// When the directory or the file cannot be made, or a journal is there already: a journal is
    /// never overwritten.
    pub(crate) fn create(dir: &Path) -> io::Result<Self> {
        std::fs::create_dir_all(dir)?;
        let path = dir.join("journal.jsonl");
        let file = OpenOptions::new().append(true).create_new(true).open(&path)?;
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
    pub(crate) fn write(&mut self, fact: &Fact<'_>) -> io::Result<()> {
        serde_json::to_writer(&mut self.out, fact)?;
        self.out.write_all(b"\n")
    }

    /// Hands what was written to the kernel.
    ///
    /// # Errors
    /// When the disk does not take it.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Microseconds of a time since the start.
pub(crate) fn micros(at: Duration) -> u64 {
    u64::try_from(at.as_micros()).unwrap_or(u64::MAX)
}
