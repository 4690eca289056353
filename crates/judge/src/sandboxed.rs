//! The one adapter from the port to boxes.

use std::ffi::OsString;
use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use minos_model::{Bytes, Cause, Isolation, RunReport};
use minos_sandbox::{
    Blob, BoxFile, Collect, Conversation, Program, Run, RunRequest, Sandbox, SandboxError, Sink,
    Speaker, Stdin, Template, Warden,
};

use crate::port::{Executable, Keep, Outcome, Pair, PairOutcome, Request, Runs, RunsError};
use crate::quiet::{Member, Quiet, Turn};

/// Runs programs in the boxes of one slot: one warden, and a second one, made when it is first
/// needed, for programs that talk to each other.
#[derive(Debug)]
pub struct Sandboxed {
    warden: Warden,
    partner: Option<Warden>,
    /// Makes the second warden.
    sandbox: Arc<Sandbox>,
    quiet: Option<Member>,
}

/// A compiler that says more than this says it to nobody: the first 64 KiB are kept.
const MOST_DIAGNOSTICS: Bytes = Bytes::from_mib(1);

/// How long a busy machine may take from the closing of a program's pipes to its end.
const TIE: Duration = Duration::from_millis(50);

impl Sandboxed {
    /// Takes the warden of a slot over; it dies with this value. A second one is made in the same
    /// `sandbox` when it is needed.
    #[must_use]
    pub const fn new(warden: Warden, sandbox: Arc<Sandbox>) -> Self {
        Self { warden, partner: None, sandbox, quiet: None }
    }

    /// Starts the warden of a slot; it dies with this value. Two live ones of a process must not
    /// share a slot.
    ///
    /// # Errors
    /// A step of the set-up, by name.
    pub fn open(sandbox: Arc<Sandbox>, slot: u16) -> Result<Self, SandboxError> {
        let warden = sandbox.warden(slot, Template::default())?;
        Ok(Self::new(warden, sandbox))
    }

    /// The same, taking turns with all others that share `quiet`.
    #[must_use]
    pub fn taking_turns(mut self, quiet: Arc<Quiet>) -> Self {
        self.quiet = Some(Member::of(quiet));
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

    fn has_neighbours(&self) -> bool {
        self.quiet.as_ref().is_some_and(Member::has_others)
    }

    fn run(&mut self, request: Request<Blob>) -> Result<Outcome<Blob>, RunsError> {
        let turn = self.quiet.as_ref().map(|member| member.turn(request.quiet));
        let outcome = outcome(self.warden.run(&boxed(request))?);
        let steady = turn.as_ref().is_some_and(Turn::was_steady);
        Ok(Outcome { steady, ..outcome })
    }

    fn run_pair(&mut self, pair: Pair<Blob>) -> Result<PairOutcome<Blob>, RunsError> {
        let partner = match &mut self.partner {
            Some(partner) => partner,
            none => none.insert(self.sandbox.partner(self.warden.slot(), Template::default())?),
        };
        let _turn = self.quiet.as_ref().map(|quiet| quiet.turn(pair.solution.quiet));
        let ([solution, interactor], rejects) =
            (joined(pair.solution, pair.interactor)?, pair.rejects);
        let cut = AtomicBool::new(false);
        let (end_solution, end_interactor) = (self.warden.canceller(), partner.canceller());
        let (warden, talk) = (&mut self.warden, Conversation::default());
        let (ours, theirs) = std::thread::scope(|scope| {
            let theirs = scope.spawn(|| {
                let run = partner.run_joined(interactor, &talk, Speaker::Second);
                // One that is ending already ends by itself, and how is to be known.
                let ends = |run: &Run| decided(&run.report, rejects) && !run.other_was_ending;
                if run.as_ref().map_or(true, ends) {
                    cut.store(true, Ordering::SeqCst);
                    end_solution.cancel();
                }
                run
            });
            let ours = warden.run_joined(solution, &talk, Speaker::First);
            let cancelled = ours.as_ref().map_or(true, |run| run.report.cause == Cause::Cancelled);
            if cancelled && !cut.load(Ordering::SeqCst) {
                end_interactor.cancel();
            }
            (ours, theirs.join())
        });
        let theirs = theirs.unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
        let ours = ours?;
        let cut = cut.into_inner() && ours.report.cause == Cause::Cancelled;
        Ok(PairOutcome {
            // One that was ending already had begun before the interactor did.
            interactor_first: cut || theirs.ended < ours.ended && !theirs.other_was_ending,
            close: theirs.ended.abs_diff(ours.ended) < TIE,
            cut,
            solution: outcome(ours),
            interactor: outcome(theirs),
        })
    }

    fn isolation(&self) -> Isolation {
        self.warden.isolation()
    }
}

/// Whether nothing that the solution does after this end of the interactor plays a part.
fn decided(interactor: &RunReport, rejects: &[u8]) -> bool {
    interactor.ending.exit_code().is_none_or(|code| rejects.contains(&code))
        || interactor.cause != Cause::Exited
}

/// Both requests, with a pipe each way between them.
fn joined(solution: Request<Blob>, interactor: Request<Blob>) -> io::Result<[RunRequest; 2]> {
    let (questions, asking) = io::pipe()?;
    let (answers, answering) = io::pipe()?;
    let with = |request: Request<Blob>, stdin: OwnedFd, stdout: OwnedFd| RunRequest {
        stdin: Stdin::Fd(stdin),
        stdout: Sink::Direct(stdout),
        stderr: Sink::Keep,
        ..boxed(request)
    };
    Ok([
        with(solution, questions.into(), answering.into()),
        with(interactor, answers.into(), asking.into()),
    ])
}

fn boxed(request: Request<Blob>) -> RunRequest {
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
        executable: file.executable,
    });
    let collect = request.collect.into_iter();
    RunRequest {
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
        read_only: request.read_only,
    }
}

fn outcome(run: Run) -> Outcome<Blob> {
    Outcome {
        report: run.report,
        stdout: run.stdout,
        stderr: run.stderr,
        collected: run.collected,
        steady: false,
    }
}
