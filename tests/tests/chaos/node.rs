//! A `minos node` of one test, in a process group of its own.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use crate::support::eventually;

pub(crate) struct Node {
    child: Child,
    log: PathBuf,
}

/// A command started by another one, such as `nsenter`.
pub(crate) fn through(mut outer: Command, command: &Command) -> Command {
    outer.arg("--").arg(command.get_program()).args(command.get_args()).stdin(Stdio::null());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => outer.env(name, value),
            None => outer.env_remove(name),
        };
    }
    outer
}

impl Node {
    /// Starts a node with one slot and one language, so that it is there soon. `number` keeps the
    /// users of two nodes on this machine apart.
    pub(crate) fn start(
        dir: &Path,
        name: &str,
        number: u32,
        minos: impl Fn(&[&str]) -> Command,
    ) -> Self {
        Self::start_with(dir, (name, number), "", minos)
    }

    /// The same with more sections in its file.
    pub(crate) fn start_with(
        dir: &Path,
        (name, number): (&str, u32),
        more: &str,
        minos: impl Fn(&[&str]) -> Command,
    ) -> Self {
        let languages = dir.join("languages");
        fs::create_dir_all(&languages).expect("a directory");
        let python = include_str!("../../../cluster-config/languages/python3.toml");
        fs::write(languages.join("python3.toml"), python).expect("a language");
        let config = dir.join(format!("{name}.toml"));
        let text = format!(
            "name = \"{name}\"\nslots = 1\nstate_dir = {:?}\nlanguages = {languages:?}\n\
             [sandbox]\nfirst_uid = {}\ncores = \"floating\"\nallow_rootless = true\n\
             {more}",
            dir.join(name),
            61_000 + 1_000 * number,
        );
        fs::write(&config, text).expect("node.toml");
        let log = dir.join(format!("{name}.log"));
        let out = fs::File::options().create(true).append(true).open(&log).expect("a log");
        let child = minos(&["node"])
            .arg("--config")
            .arg(&config)
            .stdout(Stdio::null())
            .stderr(out)
            .process_group(0)
            .spawn()
            .expect("minos node starts");
        Self { child, log }
    }

    pub(crate) fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Sends a signal to every process of the node: its own, its warden's and those of its boxes.
    pub(crate) fn signal_all(&self, signal: &str) {
        let pids: Vec<String> = self.family().keys().map(ToString::to_string).collect();
        let sent = Command::new("kill").args(["-s", signal, "--"]).args(&pids).status();
        // Some may have ended in the meantime.
        sent.expect("kill starts");
    }

    /// Kills the node's own process, as a crash would; returns those it leaves behind.
    pub(crate) fn kill(mut self) -> BTreeMap<u32, String> {
        let family = self.family();
        self.child.kill().and_then(|()| self.child.wait()).expect("a child");
        family
    }

    /// The processes of the node, each with when it was started.
    pub(crate) fn family(&self) -> BTreeMap<u32, String> {
        let all = processes();
        let mut family = BTreeMap::new();
        let mut found = vec![self.child.id()];
        while let Some(one) = found.pop() {
            let started = all.iter().filter(|(pid, ..)| *pid == one);
            family.extend(started.map(|(pid, _, started)| (*pid, started.clone())));
            found.extend(all.iter().filter(|(_, parent, _)| *parent == one).map(|(pid, ..)| *pid));
        }
        family
    }

    /// What the names of its control groups begin with.
    pub(crate) fn life(&self) -> String {
        format!("minos-{}-", self.child.id())
    }

    /// The process that this one has started first.
    pub(crate) fn first_child(&self) -> u32 {
        let own = self.child.id();
        let child = || processes().iter().find(|(_, parent, _)| *parent == own).map(|one| one.0);
        eventually(Duration::from_secs(10), "a child", child)
    }

    /// Ends it with SIGTERM; it must end well.
    #[track_caller]
    pub(crate) fn end(self) {
        let pid = self.child.id();
        self.end_by(pid);
    }

    /// The same, where another process has started it.
    #[track_caller]
    pub(crate) fn end_by(mut self, pid: u32) {
        let pid = pid.to_string();
        let sent = Command::new("kill").args(["-s", "TERM", "--", &pid]).status();
        assert!(sent.is_ok_and(|status| status.success()));
        let child = &mut self.child;
        let status = eventually(Duration::from_secs(60), "the node ends", || {
            child.try_wait().expect("a child")
        });
        let log = self.log();
        assert!(status.success(), "{status}: {log}");
        // Nobody but collectors reads stderr here: each line is one event, whatever has happened.
        for line in log.lines() {
            let event: Value = serde_json::from_str(line).unwrap_or_default();
            assert!(event["level"].is_string() && event["message"].is_string(), "{line}");
        }
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            self.signal_all("KILL");
            self.child.wait().ok();
        }
    }
}

/// Every process: its number, its parent, and when it was started.
fn processes() -> Vec<(u32, u32, String)> {
    let entries = fs::read_dir("/proc").expect("/proc").flatten();
    entries
        .filter_map(|entry| {
            let pid = entry.file_name().to_str()?.parse().ok()?;
            let stat = fs::read_to_string(entry.path().join("stat")).ok()?;
            let (_, rest) = stat.rsplit_once(") ")?;
            let mut fields = rest.split(' ').skip(1);
            let parent = fields.next()?.parse().ok()?;
            // Field 22 of the file; the parent was field 4.
            Some((pid, parent, fields.nth(17)?.to_owned()))
        })
        .collect()
}

/// Those of a dead node's processes that still run.
pub(crate) fn alive(family: &BTreeMap<u32, String>) -> Vec<u32> {
    let now = processes();
    let same = |(pid, _, started): &(u32, u32, String)| family.get(pid) == Some(started);
    now.iter().filter(|process| same(process)).map(|(pid, ..)| *pid).collect()
}
