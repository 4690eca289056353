//! What the end-to-end tests share: the built `minos`, a cluster in a directory of its own, and
//! waiting for conditions.

use std::io::Read;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{OnceLock, mpsc};
use std::time::{Duration, Instant};

use serde_json::Value;

/// How long a cluster may take until it answers.
const START_MAX: Duration = Duration::from_secs(60);

/// The repository's root.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().expect("the repository")
}

/// The binary of that name, built beside this test: whoever builds the whole workspace has it.
pub(crate) fn binary(name: &str) -> PathBuf {
    let test = std::env::current_exe().expect("the path of this test");
    let dir = test.parent().and_then(Path::parent).expect("target/debug/deps/<test>");
    let path = dir.join(name);
    assert!(path.is_file(), "no {} (type: cargo build --workspace --bins)", path.display());
    path
}

/// The languages these tests are written in: a node that tried them all would start in seconds
/// instead of one.
fn languages() -> &'static Path {
    static DIR: OnceLock<PathBuf> = OnceLock::new();
    DIR.get_or_init(|| {
        let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("languages");
        std::fs::create_dir_all(&dir).expect("a directory");
        for name in ["c.toml", "cpp17.toml", "cpp20.toml", "python3.toml"] {
            let (from, to) = (root().join("cluster-config/languages").join(name), dir.join(name));
            // Tests of other processes do the same: each file is there whole or not at all.
            let aside = dir.join(format!("{name}.{}", std::process::id()));
            std::fs::copy(from, &aside).expect("a language file");
            std::fs::rename(aside, to).expect("a language file in its place");
        }
        dir
    })
}

/// A command of `minos`, with nothing of this environment's cluster.
pub(crate) fn minos(args: &[&str]) -> Command {
    let mut command = Command::new(binary("minos"));
    command
        .args(args)
        .env_remove("MINOS_NATS_URL")
        .env_remove("MINOS_DIR")
        .env("MINOS_LANGUAGES", languages())
        .env("NO_COLOR", "1")
        .stdin(Stdio::null());
    command
}

/// Runs a command to its end.
pub(crate) fn output(command: &mut Command) -> Output {
    command.output().expect("the command starts")
}

/// The exit code, stdout and stderr of a command.
pub(crate) fn ended(command: &mut Command) -> (i32, String, String) {
    let output = output(command);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code().unwrap_or(-1), text(&output.stdout), text(&output.stderr))
}

/// The one JSON document on stdout.
pub(crate) fn json(stdout: &str) -> Value {
    serde_json::from_str(stdout).unwrap_or_else(|error| panic!("{error}: {stdout:?}"))
}

/// Waits until `condition` gives something, asking ten times a second.
#[track_caller]
pub(crate) fn eventually<T>(
    within: Duration,
    what: &str,
    mut condition: impl FnMut() -> Option<T>,
) -> T {
    let deadline = Instant::now() + within;
    let (_open, never) = mpsc::channel::<()>();
    loop {
        if let Some(value) = condition() {
            return value;
        }
        assert!(Instant::now() < deadline, "not within {within:?}: {what}");
        let _timeout = never.recv_timeout(Duration::from_millis(100));
    }
}

/// A directory that is gone when this is dropped.
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    pub(crate) fn new(name: &str) -> Self {
        let dir = std::env::temp_dir().join(format!("minos-e2e-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&dir).expect("a directory for the test");
        Self(dir)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.join(name);
        std::fs::create_dir_all(path.parent().expect("inside the directory")).expect("a folder");
        std::fs::write(&path, content).expect("a file");
        path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).ok();
    }
}

/// A running `minos up`, killed with everything it started when this is dropped.
pub(crate) struct Up {
    child: Child,
    dir: PathBuf,
    log: PathBuf,
}

impl Up {
    /// Starts it in `dir` and waits until broker and node answer.
    #[track_caller]
    pub(crate) fn start(dir: &Path, slots: u32) -> Self {
        let up = Self::spawn(dir, slots);
        up.wait_until_it_answers();
        up
    }

    /// Starts it in `dir`.
    pub(crate) fn spawn(dir: &Path, slots: u32) -> Self {
        Self::spawn_with(dir, slots, &[])
    }

    /// The same with variables of the environment.
    pub(crate) fn spawn_with(dir: &Path, slots: u32, variables: &[(&str, &str)]) -> Self {
        let log = dir.with_extension("log");
        let out = std::fs::File::options().create(true).append(true).open(&log).expect("a log");
        let child = minos(&["up", "--slots", &slots.to_string(), "--dir"])
            .arg(dir)
            .envs(variables.iter().copied())
            .stdout(Stdio::null())
            .stderr(out)
            // A group of its own, so that all of it can be killed at once.
            .process_group(0)
            .spawn()
            .expect("minos up starts");
        Self { child, dir: dir.to_owned(), log }
    }

    #[track_caller]
    pub(crate) fn wait_until_it_answers(&self) {
        let deadline = Instant::now() + START_MAX;
        eventually(START_MAX + Duration::from_secs(5), "broker and node answer", || {
            let answers = output(&mut self.minos(&["status", "--json"])).status.success();
            assert!(answers || Instant::now() < deadline, "no answer; its log: {}", self.log());
            answers.then_some(())
        });
    }

    /// A verb that talks to this cluster.
    pub(crate) fn minos(&self, args: &[&str]) -> Command {
        let mut command = minos(args);
        command.env("MINOS_DIR", &self.dir);
        command
    }

    /// What it wrote on stderr.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Sends a signal to the first process alone.
    pub(crate) fn signal(&self, name: &str) {
        kill(name, &self.child.id().to_string());
    }

    /// Kills the process and everything in its group at once, as a power cut would.
    pub(crate) fn kill_everything(mut self) {
        kill("KILL", &format!("-{}", self.child.id()));
        self.child.wait().expect("it was started here");
    }

    /// Waits for its end; the exit code.
    #[track_caller]
    pub(crate) fn wait(&mut self, within: Duration) -> i32 {
        let child = &mut self.child;
        let status = eventually(within, "minos up ends", || child.try_wait().expect("a child"));
        status.code().unwrap_or(-1)
    }
}

impl Drop for Up {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            kill("KILL", &format!("-{}", self.child.id()));
            self.child.wait().ok();
        }
        std::fs::remove_file(&self.log).ok();
    }
}

/// Sends a signal to a process, or to a group when it begins with `-`.
fn kill(signal: &str, target: &str) {
    let status = Command::new("kill").args(["-s", signal, "--", target]).status();
    assert!(status.is_ok_and(|status| status.success()), "kill -s {signal} -- {target}");
}

/// These tests build boxes: without root they cannot run, and say so.
pub(crate) fn needs_root() {
    let mut status = String::new();
    std::fs::File::open("/proc/self/status")
        .and_then(|mut file| file.read_to_string(&mut status))
        .expect("/proc/self/status");
    let uid = status.lines().find_map(|line| line.strip_prefix("Uid:")).unwrap_or_default();
    assert!(uid.split_whitespace().all(|id| id == "0"), "run the end-to-end tests as root");
}
