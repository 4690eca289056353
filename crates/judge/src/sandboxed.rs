//! The one adapter from the port to boxes.

use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::sync::Arc;

use minos_model::{Bytes, Isolation};
use minos_sandbox::{
    Blob, BoxFile, Collect, Program, RunRequest, SandboxError, Sink, Stdin, Warden,
};

use crate::port::{Executable, Keep, Outcome, Request, Runs, RunsError};
use crate::quiet::Quiet;

/// Runs programs in the boxes of one warden.
#[derive(Debug)]
pub struct Sandboxed {
    warden: Warden,
    quiet: Option<Arc<Quiet>>,
}

/// A compiler that says more than this says it to nobody: the first 64 KiB are kept.
const MOST_DIAGNOSTICS: Bytes = Bytes::from_mib(1);

impl Sandboxed {
    /// Takes a warden over; it dies with this value.
    #[must_use]
    pub const fn new(warden: Warden) -> Self {
        Self { warden, quiet: None }
    }

    /// The same, taking turns with all others that share `quiet`.
    #[must_use]
    pub fn taking_turns(mut self, quiet: Arc<Quiet>) -> Self {
        self.quiet = Some(quiet);
        self
    }

    /// The warden, for its process id or to cancel a run.
    #[must_use]
    pub const fn warden(&self) -> &Warden {
        &self.warden
    }
}

impl From<SandboxError> for RunsError {
    fn from(error: SandboxError) -> Self {
        Self::Box(error.to_string())
    }
}

impl Runs for Sandboxed {
    type Blob = Blob;

    fn hold(&mut self, bytes: &[u8]) -> Result<Blob, RunsError> {
        Ok(Blob::from_bytes(bytes)?)
    }

    fn open(&mut self, path: &Path) -> Result<Blob, RunsError> {
        let failed = |source: io::Error| RunsError::Open { path: path.to_owned(), source };
        Blob::from_file(path).map_err(failed)
    }

    fn len(&self, content: &Blob) -> u64 {
        content.len()
    }

    fn read(&self, content: &Blob, max: usize) -> Result<Vec<u8>, RunsError> {
        Ok(content.read(max)?)
    }

    fn run(&mut self, request: Request<Blob>) -> Result<Outcome<Blob>, RunsError> {
        let program = match request.program {
            Executable::Path(path) => Program::Path(path),
            Executable::Content(content) => Program::Blob(content),
        };
        let (stdout, stderr) = match request.keep {
            Keep::Stdout => (Sink::Keep, Sink::Count),
            Keep::Stderr => (Sink::Count, Sink::Keep),
            Keep::Both => (Sink::Keep, Sink::Keep),
            Keep::Diagnostics => (Sink::Keep, Sink::Diagnostics(MOST_DIAGNOSTICS)),
        };
        let text = |(key, value): (String, String)| (OsString::from(key), OsString::from(value));
        let files = request.files.into_iter().map(|file| BoxFile {
            path: file.path,
            content: file.content,
            executable: false,
        });
        let collect = request.collect.into_iter();
        let _turn = self.quiet.as_ref().map(|quiet| quiet.turn(request.quiet));
        let run = self.warden.run(&RunRequest {
            program,
            args: request.args.into_iter().map(OsString::from).collect(),
            env: request.env.into_iter().map(text).collect(),
            limits: request.limits,
            stdin: request.stdin.map_or(Stdin::Empty, Stdin::Blob),
            stdout,
            stderr,
            files: files.collect(),
            descriptors: request.descriptors,
            collect: collect.map(|file| Collect { path: file.path, max: file.max }).collect(),
            cpu_slack: request.cpu_slack,
        })?;
        Ok(Outcome {
            report: run.report,
            stdout: run.stdout,
            stderr: run.stderr,
            collected: run.collected,
        })
    }

    fn isolation(&self) -> Isolation {
        self.warden.isolation()
    }
}
