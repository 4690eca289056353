//! The thread that starts the server, starts it again when it dies, and stops it.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};
use std::{io, thread};

use tokio::sync::watch;

use super::config::{Config, LOG};
use super::{ServerError, States, tail};

/// How often a child that starts or ends is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(10);
/// How often one that runs is.
const LOOK_CALMLY: Duration = Duration::from_millis(50);
/// How long a server may take to end before it is killed.
const STOP_WITHIN: Duration = Duration::from_secs(10);
/// The first pause before a server that died is started again; it doubles up to [`PAUSE_CAP`].
const PAUSE: Duration = Duration::from_millis(50);
/// The longest pause.
const PAUSE_CAP: Duration = Duration::from_secs(10);

/// How the server is.
#[derive(Debug, Clone)]
pub(super) enum State {
    /// Not running at this moment.
    Down,
    /// Running; `url` once it has said where it listens.
    Running {
        /// Its process.
        pid: u32,
        /// Where it listens.
        url: Option<String>,
    },
    /// It ended before it was ever ready.
    Failed(String),
    /// It was stopped and its directory is free.
    Stopped,
}

/// The thread's handle; dropping it stops the server.
#[derive(Debug)]
pub(super) struct Keeper {
    pub(super) state: States,
    /// Dropped to stop.
    life: Option<Sender<()>>,
}

impl Keeper {
    pub(super) fn start(binary: PathBuf, config: Config, lock: File) -> Result<Self, ServerError> {
        let (life, ended) = channel();
        let (states, state) = watch::channel(State::Down);
        let directory = config.directory.clone();
        let leash = leash(&binary);
        if leash.is_none() {
            tracing::warn!("no setpriv: nats-server will outlive this process if it is killed");
        }
        let work = Work { binary, leash, config, lock, ended, states };
        thread::Builder::new()
            .name("nats-keeper".to_owned())
            .spawn(move || work.run())
            .map_err(|source| ServerError::Io { path: directory, source })?;
        Ok(Self { state, life: Some(life) })
    }

    pub(super) fn stop(&mut self) {
        self.life = None;
    }
}

struct Work {
    binary: PathBuf,
    /// `setpriv`, when it can set a death signal.
    leash: Option<PathBuf>,
    config: Config,
    lock: File,
    ended: Receiver<()>,
    states: watch::Sender<State>,
}

impl Work {
    fn run(mut self) {
        let mut pause = PAUSE;
        let mut was_ready = false;
        loop {
            let began = Instant::now();
            match self.spawn() {
                Ok(mut child) => {
                    let Some(status) = self.watch(&mut child, &mut was_ready) else { break };
                    if !was_ready {
                        self.say(State::Failed(self.last_words(status)));
                        break;
                    }
                    tracing::error!(%status, "nats-server ended; starting it again");
                }
                Err(error) => {
                    if !was_ready {
                        self.say(State::Failed(error.to_string()));
                        break;
                    }
                    tracing::error!(%error, "nats-server cannot be started again");
                }
            }
            self.say(State::Down);
            if began.elapsed() > PAUSE_CAP {
                pause = PAUSE;
            }
            if self.ended.recv_timeout(pause) != Err(RecvTimeoutError::Timeout) {
                break;
            }
            pause = (pause * 2).min(PAUSE_CAP);
        }
        let failed = matches!(&*self.states.borrow(), State::Failed(_));
        drop(self.lock);
        if !failed {
            // Nobody may be waiting for it any more.
            self.states.send_replace(State::Stopped);
        }
    }

    fn say(&self, state: State) {
        self.states.send_replace(state);
    }

    fn spawn(&self) -> io::Result<Child> {
        self.config.write()?;
        let mut command = match &self.leash {
            Some(setpriv) => {
                let mut command = Command::new(setpriv);
                command.args(["--pdeathsig", "TERM", "--"]).arg(&self.binary);
                command
            }
            None => Command::new(&self.binary),
        };
        // What it says before it has read where its log is.
        let words = File::create(self.config.directory.join("start.log"))?;
        command
            .arg("-c")
            .arg(self.config.path())
            .stdin(Stdio::from(self.lock.try_clone()?))
            .stdout(Stdio::null())
            .stderr(Stdio::from(words))
            .current_dir(&self.config.directory)
            .spawn()
    }

    /// Watches a child until it ends by itself; `None` when it was stopped.
    fn watch(&mut self, child: &mut Child, ready: &mut bool) -> Option<ExitStatus> {
        let pid = child.id();
        self.say(State::Running { pid, url: None });
        let mut announced = false;
        loop {
            let look = if announced { LOOK_CALMLY } else { LOOK_EVERY };
            if self.ended.recv_timeout(look) != Err(RecvTimeoutError::Timeout) {
                self.end(child);
                return None;
            }
            if let Ok(Some(status)) = child.try_wait() {
                return Some(status);
            }
            if !announced && let Some(port) = self.config.announced(pid) {
                announced = true;
                *ready = true;
                self.config.keep_port(port);
                let url = Some(format!("nats://127.0.0.1:{port}"));
                self.say(State::Running { pid, url });
            }
        }
    }

    /// Asks the child to end, and kills it when it does not.
    fn end(&self, child: &mut Child) {
        // The server's own way to send a signal: it is asked to quit, as by an interrupt.
        let asked = Command::new(&self.binary)
            .arg("--signal")
            .arg(format!("quit={}", child.id()))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        let deadline = Instant::now() + STOP_WITHIN;
        let asked = asked.is_ok_and(|status| status.success());
        let (_never_sent, pause) = channel::<()>();
        while asked && Instant::now() < deadline {
            if matches!(child.try_wait(), Ok(Some(_))) {
                return;
            }
            // Only the time passes: nobody sends.
            if pause.recv_timeout(LOOK_EVERY).is_ok() {
                return;
            }
        }
        if let Err(error) = child.kill().and_then(|()| child.wait()) {
            tracing::error!(%error, "nats-server could not be ended");
        }
    }

    fn last_words(&self, status: ExitStatus) -> String {
        let directory = &self.config.directory;
        let said = [tail(&directory.join("start.log"), 2000), tail(&directory.join(LOG), 2000)];
        let last = said.iter().flat_map(|text| text.lines().rev()).find(|line| {
            let line = line.trim();
            !line.is_empty()
        });
        format!("{status}: {}", last.unwrap_or("it said nothing").trim())
    }
}

/// `setpriv` from util-linux, when it is there and knows death signals.
fn leash(binary: &Path) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .map(|directory| directory.join("setpriv"))
        .filter(|candidate| candidate.is_file())
        .find(|candidate| {
            Command::new(candidate)
                .args(["--pdeathsig", "TERM", "--"])
                .arg(binary)
                .arg("--version")
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status()
                .is_ok_and(|status| status.success())
        })
}
