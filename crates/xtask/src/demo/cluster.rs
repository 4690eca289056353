//! `minos up` as a child, from its start to its orderly end.

use std::collections::VecDeque;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::shell;

/// How long the broker and a node may take until both answer.
const START_MAX: Duration = Duration::from_secs(60);
/// How long an orderly end may take.
const STOP_MAX: Duration = Duration::from_secs(30);
/// Between two questions whether the cluster answers.
const ASK_EVERY: Duration = Duration::from_millis(200);
/// Lines of the cluster's log that are shown when something goes wrong.
const LOG_LINES: usize = 20;

/// How a verb of `minos` finds the cluster.
pub(super) struct Client {
    minos: PathBuf,
    dir: PathBuf,
}

impl Client {
    /// A verb of `minos`, told where the cluster is.
    pub(super) fn verb(&self, args: &[&str]) -> Command {
        let mut command = shell::command(&self.minos, args);
        command.env("MINOS_DIR", &self.dir).env_remove("MINOS_NATS_URL").stdin(Stdio::null());
        command
    }
}

/// The running system in a directory of its own, both gone when this is dropped.
pub(super) struct Cluster {
    /// For verbs that talk to it.
    pub(super) client: Client,
    child: Child,
    /// What the child prints; closed when it has ended.
    lines: Receiver<String>,
    log: VecDeque<String>,
}

impl Cluster {
    /// Starts `minos up` and waits until broker and node answer.
    ///
    /// # Errors
    /// When it ends or does not answer in time; the message carries the end of its log.
    pub(super) fn start(minos: &Path) -> Result<Self> {
        let dir = std::env::temp_dir().join(format!("minos-demo-{}", std::process::id()));
        fs::create_dir_all(&dir).with_context(|| format!("cannot make {}", dir.display()))?;
        println!("demo: minos up --dir {}", dir.display());
        let mut up = shell::command(minos, &["up", "--dir"]);
        up.arg(&dir).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = up.spawn().context("`minos up` did not start")?;
        let (sender, lines) = mpsc::channel();
        forward(child.stdout.take(), sender.clone());
        forward(child.stderr.take(), sender);
        let log = VecDeque::new();
        let client = Client { minos: minos.to_owned(), dir };
        let mut cluster = Self { client, child, lines, log };
        cluster.wait_until_it_answers()?;
        Ok(cluster)
    }

    /// Asks the cluster to end and waits for it.
    ///
    /// # Errors
    /// When it does not end in time or not with 0.
    pub(super) fn stop(&mut self) -> Result<()> {
        let pid = self.child.id().to_string();
        shell::run(&mut shell::command("sh", &["-c", "kill -TERM \"$1\"", "sh", &pid]))?;
        let deadline = Instant::now() + STOP_MAX;
        while self.listen(deadline.saturating_duration_since(Instant::now())) {
            if Instant::now() >= deadline {
                bail!("`minos up` did not end within {STOP_MAX:?} of SIGTERM\n{}", self.log_end());
            }
        }
        let status = self.child.wait()?;
        if !status.success() {
            bail!("`minos up` ended with {status}\n{}", self.log_end());
        }
        Ok(())
    }

    fn wait_until_it_answers(&mut self) -> Result<()> {
        let deadline = Instant::now() + START_MAX;
        loop {
            let mut status = self.client.verb(&["status", "--json"]);
            let status = status.stdout(Stdio::null()).stderr(Stdio::null()).status()?;
            if status.success() {
                return Ok(());
            }
            if !self.listen(ASK_EVERY) {
                let status = self.child.wait()?;
                bail!("`minos up` ended with {status}\n{}", self.log_end());
            }
            if Instant::now() >= deadline {
                bail!("no node answered within {START_MAX:?}\n{}", self.log_end());
            }
        }
    }

    /// Takes lines from the child for `period`; false when it has closed its output.
    fn listen(&mut self, period: Duration) -> bool {
        let deadline = Instant::now() + period;
        loop {
            match self.lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(line) => {
                    self.log.push_back(line);
                    if self.log.len() > LOG_LINES {
                        self.log.pop_front();
                    }
                }
                Err(RecvTimeoutError::Timeout) => return true,
                Err(RecvTimeoutError::Disconnected) => return false,
            }
        }
    }

    fn log_end(&self) -> String {
        let lines: Vec<&str> = self.log.iter().map(String::as_str).collect();
        format!("its last words:\n{}", lines.join("\n"))
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // After an orderly end both fail, which is as it should be.
        self.child.kill().ok();
        self.child.wait().ok();
        if let Err(error) = fs::remove_dir_all(&self.client.dir) {
            eprintln!("demo: cannot remove {}: {error}", self.client.dir.display());
        }
    }
}

/// Sends what `stream` says, line by line, until it is closed.
fn forward(stream: Option<impl Read + Send + 'static>, sender: Sender<String>) {
    let Some(stream) = stream else { return };
    thread::spawn(move || {
        for line in BufReader::new(stream).lines() {
            let Ok(line) = line else { return };
            if sender.send(line).is_err() {
                return;
            }
        }
    });
}
