//! What judging asks of the world: to run a program in a box, and to hold content that a box can
//! read. Everything above this port is tested without root, kernel or clock.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use minos_model::{Bytes, CpuTime, Isolation, Limits, RunReport};

/// The node could not do what was asked; never the doing of the program that was to run.
#[derive(Debug, thiserror::Error)]
pub enum RunsError {
    /// No box could be made, or the run was lost.
    #[error("{0}")]
    Box(String),
    /// A file of the judge cannot be opened.
    #[error("{}: {source}", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Content cannot be held or read back.
    #[error("cannot hold or read content: {0}")]
    Content(#[from] io::Error),
}

/// A program to execute.
#[derive(Debug, Clone)]
pub enum Executable<B> {
    /// A program of the machine, as the box sees it.
    Path(PathBuf),
    /// Content that is executed itself, without lying in the box.
    Content(B),
}

/// A file put into the box's working directory before the run.
#[derive(Debug, Clone)]
pub struct InFile<B> {
    /// Its path, relative to the working directory.
    pub path: String,
    /// Its content.
    pub content: B,
    /// Whether it may be executed.
    pub executable: bool,
}

impl<B> InFile<B> {
    /// A file that is only read.
    pub fn new(path: impl Into<String>, content: B) -> Self {
        Self { path: path.into(), content, executable: false }
    }
}

/// A file taken out of the box after the run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutFile {
    /// Its path, relative to the working directory.
    pub path: String,
    /// The largest size that is taken; a larger file counts as missing.
    pub max: Bytes,
}

impl OutFile {
    /// A file of at most so many bytes.
    pub(crate) fn new(path: &str, max: u64) -> Self {
        Self { path: path.to_owned(), max: Bytes::new(max) }
    }
}

/// One run.
#[derive(Debug, Clone)]
pub struct Request<B> {
    /// What is executed.
    pub program: Executable<B>,
    /// Its arguments, its own name first.
    pub args: Vec<String>,
    /// Its whole environment.
    pub env: Vec<(String, String)>,
    /// What it may use.
    pub limits: Limits,
    /// What it reads on stdin; `None` is empty.
    pub stdin: Option<B>,
    /// Whether its stdout and stderr are kept; otherwise they are counted and dropped.
    pub keep: Keep,
    /// Files put into its working directory.
    pub files: Vec<InFile<B>>,
    /// Content it can open as `/proc/self/fd/3`, `/proc/self/fd/4` and so on.
    pub descriptors: Vec<B>,
    /// Files taken out afterwards.
    pub collect: Vec<OutFile>,
    /// How far above its CPU limit it may come before it is killed. One that ends by itself in
    /// between is over its limit all the same, and its true time is known.
    pub cpu_slack: CpuTime,
    /// How long it may wait for a moment when nothing else runs here; `None`: it needs none.
    pub quiet: Option<Duration>,
    /// Whether it may only read what lies in its working directory.
    pub read_only: bool,
}

/// Which of a run's streams are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// stdout only: a contestant's program.
    Stdout,
    /// stderr only: a checker.
    Stderr,
    /// Both: programs of a package.
    Both,
    /// Both, and a flood on stderr ends the run: compilers.
    Diagnostics,
}

/// How a run went.
#[derive(Debug, Clone)]
pub struct Outcome<B> {
    /// Why it ended and what it used.
    pub report: RunReport,
    /// What it wrote on stdout, when that was to be kept.
    pub stdout: Option<B>,
    /// What it wrote on stderr, at most 64 KiB, when that was to be kept.
    pub stderr: Vec<u8>,
    /// The files asked for, in order; `None` for one that is missing, too large or no plain file.
    pub collected: Vec<Option<B>>,
    /// Whether nothing else ran here, and the machine was as fast as it usually is before and after.
    pub steady: bool,
}

/// Two programs that talk to each other: what one writes to stdout is what the other reads from
/// stdin. Of both requests `stdin` plays no part, and no stdout is kept.
#[derive(Debug, Clone)]
pub struct Pair<B> {
    /// The contestant's program.
    pub solution: Request<B>,
    /// The jury's.
    pub interactor: Request<B>,
    /// Exit codes by which the interactor has decided against the solution: whatever that does
    /// later plays no part, so it is ended.
    pub rejects: &'static [u8],
}

/// How two runs that belong together went.
#[derive(Debug, Clone)]
pub struct PairOutcome<B> {
    /// The contestant's program.
    pub solution: Outcome<B>,
    /// The jury's.
    pub interactor: Outcome<B>,
    /// The interactor's run ended before the solution's.
    pub interactor_first: bool,
    /// The two ends are too near to each other to be sure of that.
    pub close: bool,
    /// The solution was ended because the interactor had decided or failed.
    pub cut: bool,
}

/// Something that runs programs in boxes.
pub trait Runs {
    /// Immutable content, cheap to clone.
    type Blob: Clone;

    /// Holds these bytes.
    ///
    /// # Errors
    /// When the machine is out of memory or descriptors.
    fn hold(&mut self, bytes: &[u8]) -> Result<Self::Blob, RunsError>;

    /// Holds the content of a file of the judge.
    ///
    /// # Errors
    /// [`RunsError::Open`] when the file cannot be read.
    fn open(&mut self, path: &Path) -> Result<Self::Blob, RunsError>;

    /// Whether programs of other slots may run at the same time, on the same machine.
    fn has_neighbours(&self) -> bool {
        false
    }

    /// The size of some content, in bytes.
    fn len(&self, content: &Self::Blob) -> u64;

    /// Reads some content, at most the first `max` bytes of it.
    ///
    /// # Errors
    /// When it cannot be read.
    fn read(&self, content: &Self::Blob, max: usize) -> Result<Vec<u8>, RunsError>;

    /// Runs one program in a box made for it.
    ///
    /// # Errors
    /// Only when the run did not take place: whatever the program did is an [`Outcome`].
    fn run(&mut self, request: Request<Self::Blob>) -> Result<Outcome<Self::Blob>, RunsError>;

    /// Runs two programs that talk to each other, each in a box made for it.
    ///
    /// # Errors
    /// Only when one of the runs did not take place.
    fn run_pair(&mut self, pair: Pair<Self::Blob>) -> Result<PairOutcome<Self::Blob>, RunsError>;

    /// What isolates and measures the runs.
    fn isolation(&self) -> Isolation;
}
