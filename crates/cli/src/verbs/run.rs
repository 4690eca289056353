//! `minos run`: one program in one box, once or several times.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use minos_model::{Cause, Isolation, Limits, RunReport};
use minos_sandbox::{
    Bind, Blob, Canceller, Program, RunRequest, Sandbox, SandboxConfig, SandboxError, Sink, Stdin,
    Template,
};

use super::run_report::{self, RepeatedDocument, RunDocument, SetupTrouble};
use super::serve::{self, Signals};
use crate::broker;
use crate::console::Console;
use crate::exit::{Exit, Failure, Outcome, with_causes};
use crate::values::{BindValue, EnvValue, LimitArgs};

/// Run one program in one box, and say why it ended.
///
/// The box sees this machine's /usr, /bin, /lib* and a few files of /etc read-only, has no
/// network, and starts in /w, an empty directory in memory.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    minos run --cpu 1s --memory 64MiB -- ./a.out\n  \
    minos run --stdin tests/01 --stdout answer.txt -- python3 -c 'print(input())'\n  \
    minos run --json --repeat 100 -- /bin/true\n\n\
    Exit codes: 0 the program exited 0 (in every run), 1 it ended in another way, 2 wrong usage,\n\
    3 the box could not be built. With --repeat N (N > 1) the report sums up, and --json prints the\n\
    document of the last run with all of them, in order, under \"runs\". SIGTERM or Ctrl-C ends the\n\
    run as cancelled.")]
pub(crate) struct Args {
    #[command(flatten)]
    limits: LimitArgs,
    /// What the program reads; `-` passes this command's stdin through [default: nothing].
    #[arg(long, value_name = "FILE")]
    stdin: Option<PathBuf>,
    /// Where its stdout goes; `-` passes it through [default: counted and dropped].
    #[arg(long, value_name = "FILE")]
    stdout: Option<PathBuf>,
    /// Where its stderr goes, its first 64 KiB; `-` passes it through [default: counted and dropped].
    #[arg(long, value_name = "FILE")]
    stderr: Option<PathBuf>,
    /// A path of this machine that the box sees, read-only unless `:rw`.
    #[arg(long, value_name = "HOST:BOX[:rw]")]
    bind: Vec<BindValue>,
    /// A variable of its environment, beside PATH, HOME=/w and LANG=C.UTF-8.
    #[arg(long, value_name = "K=V")]
    env: Vec<EnvValue>,
    /// Run it N times, each in a fresh box.
    #[arg(long, value_name = "N", default_value = "1", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    repeat: u32,
    /// Print minos.run/1 on stdout and nothing else there.
    #[arg(long)]
    json: bool,
    /// A path of this machine or a name on PATH, and what it is called with.
    #[arg(required = true, trailing_var_arg = true, value_name = "PROGRAM")]
    program: Vec<OsString>,
}

pub(crate) fn run(console: Console, args: &Args) -> Outcome {
    let limits = args.limits.limits().map_err(Failure::input)?;
    if args.json && args.stdout.as_deref() == Some(dash()) {
        return Err(Failure::input(
            "--json and `--stdout -` both want stdout; expected --stdout FILE",
        ));
    }
    let name = args.program.first().map(OsString::as_os_str).unwrap_or_default();
    let mut template = template(&args.bind)?;
    let program = shown_to_box(&mut template, &find_program(name)?)?;
    let stdin = open_stdin(args.stdin.as_deref())?;

    let task = Task { console, args, limits, program, stdin };
    let mut reports = Vec::new();
    match task.run(template, &mut reports) {
        Ok(()) => {}
        Err(Trouble::Verb(failure)) => return Err(failure),
        Err(Trouble::Sandbox(error, isolation)) => {
            return box_failed(console, args.json, &error, isolation);
        }
    }
    if args.json {
        print_json(console, &reports)?;
    } else {
        let words = match reports.as_slice() {
            [only] => run_report::in_words(console, only),
            all => run_report::summary(console, all),
        };
        if args.stdout.as_deref() == Some(dash()) {
            console.note(&words);
        } else {
            console.say(&words)?;
        }
    }
    Ok(Exit::of(reports.iter().all(run_report::is_success)))
}

/// Why there are not as many reports as runs were asked for.
enum Trouble {
    Verb(Failure),
    Sandbox(SandboxError, Option<Isolation>),
}

/// What to run, and how often.
struct Task<'a> {
    console: Console,
    args: &'a Args,
    limits: Limits,
    program: Program,
    stdin: Input,
}

impl Task<'_> {
    /// Runs everything; the reports of the runs that took place are in `reports`.
    fn run(&self, template: Template, reports: &mut Vec<RunReport>) -> Result<(), Trouble> {
        let config = SandboxConfig::default();
        let sandbox = Sandbox::open(config).map_err(|error| Trouble::Sandbox(error, None))?;
        let failed = |error| Trouble::Sandbox(error, Some(sandbox.isolation()));
        let mut warden = sandbox.warden(0, template).map_err(failed)?;
        // A box that cannot be made is told in one line.
        if sandbox.isolation() == Isolation::Rootless && !self.args.json {
            self.console.note(serve::APPROXIMATE);
        }
        cancel_on_signal(warden.canceller()).map_err(Trouble::Verb)?;
        for _ in 0..self.args.repeat {
            let request = self.request().map_err(Trouble::Verb)?;
            let report = warden.run(&request).map_err(failed)?.report;
            let cancelled = report.cause == Cause::Cancelled;
            reports.push(report);
            if cancelled {
                break;
            }
        }
        Ok(())
    }

    fn request(&self) -> Result<RunRequest, Failure> {
        let args = self.args;
        let mut request = RunRequest::new(self.program.clone(), args.program.clone(), self.limits);
        request.env.retain(|(name, _)| !args.env.iter().any(|pair| pair.name == *name));
        let added = args.env.iter().map(|pair| (pair.name.clone(), pair.value.clone()));
        request.env.extend(added);
        request.stdin = self.stdin.open()?;
        request.stdout = sink("--stdout", args.stdout.as_deref())?;
        request.stderr = sink("--stderr", args.stderr.as_deref())?;
        Ok(request)
    }
}

/// From here on SIGTERM and SIGINT end the run as cancelled, and there is no run after it.
fn cancel_on_signal(canceller: Canceller) -> Result<(), Failure> {
    let (caught, catches) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        broker::block_on(async {
            let mut signals = match Signals::catch() {
                Ok(signals) => signals,
                Err(failure) => return caught.send(Err(failure)).map_err(Failure::environment),
            };
            caught.send(Ok(())).map_err(Failure::environment)?;
            signals.next().await;
            canceller.cancel_for_good();
            Ok(())
        })
    });
    catches.recv().map_err(|_gone| Failure::environment("signals cannot be caught here"))?
}

fn template(binds: &[BindValue]) -> Result<Template, Failure> {
    let mut template = Template::default();
    for bind in binds {
        let host = fs::canonicalize(&bind.host)
            .map_err(|error| Failure::input(format!("--bind {}: {error}", bind.host.display())))?;
        template.binds.push(Bind { host, inside: bind.inside.clone(), writable: bind.writable });
    }
    Ok(template)
}

/// The run did not take place: a request that cannot be carried out is wrong usage, everything
/// else is this machine's.
fn box_failed(
    console: Console,
    json: bool,
    error: &SandboxError,
    isolation: Option<Isolation>,
) -> Outcome {
    let message = with_causes(error);
    if let SandboxError::Request { .. } = error {
        return Err(Failure::input(message));
    }
    if json {
        let (step, errno) = match error {
            SandboxError::Setup { step, errno, .. } => (step.as_str(), Some(*errno)),
            SandboxError::Cgroup(_) => ("cgroup", None),
            SandboxError::NoWarden { .. } => ("warden", None),
            SandboxError::Os { action, source } => (*action, source.raw_os_error()),
            SandboxError::HostPressure(_) => ("host-pressure", None),
            SandboxError::WardenGone { .. } | SandboxError::Request { .. } => ("warden", None),
            SandboxError::Deadline { what, .. } => (*what, None),
        };
        let setup = SetupTrouble { step: step.to_owned(), errno, message: message.clone() };
        console.json(&RunDocument::of_setup(&setup, isolation))?;
    }
    Err(Failure::environment(message))
}

fn print_json(console: Console, reports: &[RunReport]) -> Result<(), Failure> {
    let runs: Vec<RunDocument> = reports.iter().map(RunDocument::of_report).collect();
    match runs.as_slice() {
        [only] => console.json(only),
        [.., last] => console.json(&RepeatedDocument { last, runs: &runs }),
        [] => Ok(()),
    }
}

/// What every run of this command reads.
enum Input {
    Nothing,
    Given(Blob),
    PassThrough,
}

impl Input {
    fn open(&self) -> Result<Stdin, Failure> {
        match self {
            Self::Nothing => Ok(Stdin::Empty),
            Self::Given(blob) => Ok(Stdin::Blob(blob.clone())),
            Self::PassThrough => io::stdin()
                .as_fd()
                .try_clone_to_owned()
                .map(Stdin::Fd)
                .map_err(|error| Failure::input(format!("--stdin -: {error}"))),
        }
    }
}

fn dash() -> &'static Path {
    Path::new("-")
}

/// The host path behind a path or a name on PATH, canonical and executable.
fn find_program(name: &OsStr) -> Result<PathBuf, Failure> {
    let shown = name.to_string_lossy();
    let path = if name.as_encoded_bytes().contains(&b'/') {
        PathBuf::from(name)
    } else {
        on_path(name).ok_or_else(|| {
            Failure::input(format!(
                "program `{shown}`: not on PATH (name a host path like ./{shown}, or a program on PATH)"
            ))
        })?
    };
    let path = fs::canonicalize(&path)
        .map_err(|error| Failure::input(format!("program `{shown}`: {error}")))?;
    let about = fs::metadata(&path)
        .map_err(|error| Failure::input(format!("program `{shown}`: {error}")))?;
    if !about.is_file() {
        return Err(Failure::input(format!(
            "program `{shown}`: not a file; expected an executable file"
        )));
    }
    if about.permissions().mode() & 0o111 == 0 {
        return Err(Failure::input(format!(
            "program `{shown}`: not executable (hint: chmod +x {shown})"
        )));
    }
    Ok(path)
}

fn on_path(name: &OsStr) -> Option<PathBuf> {
    if name.is_empty() {
        return None;
    }
    let path = std::env::var_os("PATH")?;
    let found = std::env::split_paths(&path).map(|dir| dir.join(name)).filter(|candidate| {
        fs::metadata(candidate)
            .is_ok_and(|about| about.is_file() && about.permissions().mode() & 0o111 != 0)
    });
    let found: Vec<PathBuf> = found.collect();
    // What the box sees anyway goes first: a shim elsewhere would look for files it cannot find.
    let seen = |path: &&PathBuf| BOX_PATH.iter().any(|dir| path.starts_with(dir));
    found.iter().find(seen).or_else(|| found.first()).cloned()
}

/// Directories of this machine that a box sees at the same place.
const BOX_PATH: [&str; 3] = ["/usr", "/bin", "/sbin"];

/// How the box comes by a program: where it sees it, or, when only its owner may read the file, as
/// a copy in memory.
///
/// # Errors
/// Exit code 2 for a script that only its owner may read: its interpreter could not open it.
fn shown_to_box(template: &mut Template, host: &Path) -> Result<Program, Failure> {
    let refused = |error: io::Error| Failure::input(format!("program {}: {error}", host.display()));
    let mode = fs::metadata(host).map_err(refused)?.permissions().mode();
    if mode & 0o005 == 0o005 {
        return Ok(Program::Path(template.expose(host)));
    }
    let copy = Blob::from_file(host).map_err(refused)?;
    if copy.read(2).map_err(refused)? == b"#!" {
        let shown = host.display();
        return Err(Failure::input(format!(
            "program {shown}: only its owner may read it, and the box runs it as another user \
             (hint: chmod o+rx {shown})"
        )));
    }
    Ok(Program::Blob(copy))
}

fn open_stdin(path: Option<&Path>) -> Result<Input, Failure> {
    match path {
        None => Ok(Input::Nothing),
        Some(path) if path == dash() => Ok(Input::PassThrough),
        Some(path) => {
            if path.is_dir() {
                let path = path.display();
                return Err(Failure::input(format!("--stdin {path}: a directory")));
            }
            Blob::from_file(path)
                .map(Input::Given)
                .map_err(|error| Failure::input(format!("--stdin {}: {error}", path.display())))
        }
    }
}

fn sink(option: &str, path: Option<&Path>) -> Result<Sink, Failure> {
    let failed = |path: &Path, error: io::Error| {
        Failure::input(format!("{option} {}: {error}", path.display()))
    };
    match path {
        None => Ok(Sink::Count),
        Some(path) if path == dash() => {
            let duplicate = if option == "--stdout" {
                io::stdout().as_fd().try_clone_to_owned()
            } else {
                io::stderr().as_fd().try_clone_to_owned()
            };
            duplicate.map(Sink::Fd).map_err(|error| failed(path, error))
        }
        Some(path) => {
            let file = File::create(path).map_err(|error| failed(path, error))?;
            Ok(Sink::Fd(OwnedFd::from(file)))
        }
    }
}
