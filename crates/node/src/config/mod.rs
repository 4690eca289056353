//! A node's configuration: read once, checked whole, never checked again.

mod address;
mod cache;
mod precompile;
mod reader;
#[cfg(test)]
mod tests;

use std::fmt;
use std::net::SocketAddr;
use std::num::NonZeroU16;
use std::path::{Path, PathBuf};
use std::time::Duration;

use minos_judge::Fairness;
use minos_model::{Bytes, Isolation, Lane, NodeId, Pool, WallTime};
use minos_problem::{Languages, LanguagesError};
use minos_queue::{ConnectOptions, LaneWeight};
use minos_sandbox::{CorePolicy, SandboxConfig};

use self::precompile::Precompile;
use self::reader::Reader;
use crate::logs::{Format, Logs};

/// The most slots of one node: a warden, a thread and a user id each.
const SLOTS_MAX: u32 = 512;
/// The heaviest lane; only the proportions matter.
const WEIGHT_MAX: u32 = 1_000;
/// A full stream of results is emptied by people: handing back what is judged in the meantime would
/// use up its deliveries and judge it again for nothing.
const HOLD_VERDICT: Duration = Duration::from_secs(3_600);

/// Everything that is wrong with a configuration file, at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    /// The file.
    pub file: PathBuf,
    /// One line for each mistake: the path to the key, and what was expected.
    pub mistakes: Vec<String>,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.file.display(), self.mistakes.join("; "))
    }
}

impl std::error::Error for ConfigError {}

/// A checked configuration.
#[derive(Debug, Clone)]
pub struct NodeConfig {
    pub(crate) name: NodeId,
    /// The one it names in its beats.
    pub(crate) pool: Pool,
    pub(crate) more_pools: Vec<Pool>,
    pub(crate) slots: u16,
    pub(crate) state: PathBuf,
    pub(crate) languages: Option<PathBuf>,
    /// Where it is kept which languages have passed their self-test; in `state` by default.
    pub(crate) record: Option<PathBuf>,
    pub(crate) broker: ConnectOptions,
    /// Empty: as the cluster has them.
    pub(crate) lanes: Vec<LaneWeight>,
    pub(crate) packages_max: Bytes,
    pub(crate) builds_max: Bytes,
    pub(crate) sources_max: Bytes,
    pub(crate) memory_max: Bytes,
    /// How many problems are made ready before anybody asks for them.
    pub(crate) ahead: u32,
    pub(crate) judging: Duration,
    pub(crate) storing: Duration,
    pub(crate) grace: Duration,
    pub(crate) fairness: Fairness,
    pub(crate) precompile: Precompile,
    pub(crate) sandbox: SandboxConfig,
    pub(crate) health: Option<SocketAddr>,
    pub(crate) logs: Logs,
}

impl NodeConfig {
    /// Reads and checks a file.
    ///
    /// # Errors
    /// Every mistake of the file at once.
    pub fn load(file: &Path) -> Result<Self, ConfigError> {
        match std::fs::read_to_string(file) {
            Ok(text) => Self::read(&text, file),
            Err(error) => Err(ConfigError {
                file: file.to_owned(),
                mistakes: vec![format!("cannot be read: {error}")],
            }),
        }
    }

    /// Checks the text of a file; `file` is its name in complaints.
    ///
    /// # Errors
    /// Every mistake of the text at once.
    pub fn read(text: &str, file: &Path) -> Result<Self, ConfigError> {
        let mut mistakes = Vec::new();
        let config = match text.parse::<toml::Table>() {
            Ok(table) => Some(Self::check(table, &mut mistakes)),
            Err(error) => {
                let line = error.span().map_or(0, |span| {
                    1 + text.bytes().take(span.start).filter(|byte| *byte == b'\n').count()
                });
                mistakes.push(format!("line {line}: {}", error.message()));
                None
            }
        };
        match config {
            Some(config) if mistakes.is_empty() => Ok(config),
            Some(_) | None => Err(ConfigError { file: file.to_owned(), mistakes }),
        }
    }

    /// The node of a system that lives in one directory on this machine, as `minos up` starts it.
    /// `slots` is one for each physical core when nothing is said, but for one where there are more
    /// than two.
    #[must_use]
    pub fn local(dir: &Path, broker: ConnectOptions, slots: Option<NonZeroU16>) -> Self {
        let mut config = Self::defaults();
        // Everybody may try it, wherever it is: every result says by what it was isolated.
        config.sandbox.allow_rootless = true;
        config.state = dir.join("node");
        config.broker = broker;
        // What is tried for a minute should not begin with twenty seconds of compiling.
        config.precompile = Precompile::Demand;
        if let Some(slots) = slots {
            config.slots = slots.get();
        }
        config
    }

    /// The same under another name.
    #[must_use]
    pub fn named(mut self, name: NodeId) -> Self {
        self.name = name;
        self
    }

    /// The same with `/livez`, `/readyz` and `/metrics` at an address.
    #[must_use]
    pub const fn with_health(mut self, listen: SocketAddr) -> Self {
        self.health = Some(listen);
        self
    }

    /// The same with the language files of a directory instead of the built-in ones.
    #[must_use]
    pub fn with_languages(mut self, dir: &Path) -> Self {
        self.languages = Some(dir.to_owned());
        self
    }

    /// The same, keeping in that file which languages have passed their self-test: nodes of one
    /// machine may share it.
    #[must_use]
    pub fn remembering(mut self, record: PathBuf) -> Self {
        self.record = Some(record);
        self
    }

    pub(crate) fn record(&self) -> PathBuf {
        self.record.clone().unwrap_or_else(|| self.state.join("self-tested"))
    }

    /// The same with other boxes.
    #[must_use]
    pub fn with_sandbox(mut self, sandbox: SandboxConfig) -> Self {
        self.sandbox = sandbox;
        self
    }

    /// The same, making no problem ready before it is asked for.
    #[must_use]
    pub const fn without_ahead(mut self) -> Self {
        self.ahead = 0;
        self
    }

    /// The same with another bound on how long a drain waits for running jobs.
    #[must_use]
    pub const fn with_grace(mut self, grace: Duration) -> Self {
        self.grace = grace;
        self
    }

    /// The node's name.
    #[must_use]
    pub const fn name(&self) -> &NodeId {
        &self.name
    }

    /// The pools whose jobs it takes.
    pub fn pools(&self) -> impl Iterator<Item = &Pool> {
        std::iter::once(&self.pool).chain(&self.more_pools)
    }

    /// The same in other pools, if there are any.
    #[must_use]
    pub fn in_pools(mut self, pools: impl IntoIterator<Item = Pool>) -> Self {
        let mut pools = pools.into_iter();
        if let Some(first) = pools.next() {
            (self.pool, self.more_pools) = (first, pools.collect());
        }
        self
    }

    /// How many submissions it judges at once.
    #[must_use]
    pub const fn slots(&self) -> u16 {
        self.slots
    }

    /// How to reach the broker.
    #[must_use]
    pub const fn broker(&self) -> &ConnectOptions {
        &self.broker
    }

    /// How to write logs; for [`crate::logs::init`].
    #[must_use]
    pub const fn logs(&self) -> &Logs {
        &self.logs
    }

    /// How long a drain waits for running jobs before it hands them back.
    #[must_use]
    pub const fn grace(&self) -> Duration {
        self.grace
    }

    /// The languages of this node: those of the directory it names, else the built-in ones.
    ///
    /// # Errors
    /// All mistakes of all files at once.
    pub fn languages(&self) -> Result<Languages, LanguagesError> {
        self.languages.as_deref().map_or_else(|| Ok(Languages::builtin()), Languages::load)
    }

    fn defaults() -> Self {
        Self {
            name: host_name(),
            pool: Pool::new("any").expect("`any` is an identifier"),
            more_pools: Vec::new(),
            slots: crate::cores::slots(),
            state: PathBuf::from("/var/lib/minos"),
            languages: None,
            record: None,
            broker: ConnectOptions::new("nats://127.0.0.1:4222"),
            lanes: Vec::new(),
            packages_max: Bytes::from_mib(20 << 10),
            builds_max: Bytes::from_mib(4 << 10),
            sources_max: Bytes::from_mib(256),
            memory_max: Bytes::from_mib(256),
            ahead: 32,
            judging: Duration::from_secs(1_800),
            storing: HOLD_VERDICT,
            grace: Duration::from_secs(60),
            fairness: Fairness::default(),
            precompile: Precompile::Start,
            sandbox: SandboxConfig { allow_rootless: false, ..SandboxConfig::default() },
            health: None,
            logs: Logs::default(),
        }
    }

    fn check(table: toml::Table, mistakes: &mut Vec<String>) -> Self {
        let mut config = Self::defaults();
        let mut root = Reader::root(table);
        set(&mut config.name, root.text("name", "a name", mistakes));
        let pools: Vec<Pool> = root.texts("pool", "a name, or a list of names", mistakes);
        for (index, pool) in pools.iter().enumerate() {
            if pools.iter().take(index).any(|before| before == pool) {
                mistakes.push(format!("pool: `{pool}` stands there twice"));
            }
        }
        config = config.in_pools(pools);
        if let Some(slots) = root.number("slots", (1, SLOTS_MAX), mistakes) {
            config.slots = u16::try_from(slots).unwrap_or(u16::MAX);
        }
        set(&mut config.state, root.text("state_dir", "a path", mistakes));
        config.languages = root.text("languages", "a path", mistakes);
        config.check_broker(root.section("broker", mistakes), mistakes);
        config.check_lanes(root.section("lanes", mistakes), mistakes);
        config.check_cache(root.section("cache", mistakes), mistakes);
        config.check_judging(root.section("judging", mistakes), mistakes);
        config.check_sandbox(root.section("sandbox", mistakes), mistakes);
        let mut health = root.section("health", mistakes);
        config.health = health.text("listen", "an address like `127.0.0.1:9464`", mistakes);
        health.finish(mistakes);
        config.check_log(root.section("log", mistakes), mistakes);
        root.finish(mistakes);
        config.broker.name = format!("minos-node {}", config.name);
        config
    }

    fn check_broker(&mut self, mut broker: Reader, mistakes: &mut Vec<String>) {
        set(&mut self.broker.url, broker.text("url", "an address", mistakes));
        self.broker.creds = broker.text("creds", "a path", mistakes);
        self.check_address(("broker.url", "broker.creds"), mistakes);
        broker.finish(mistakes);
    }

    fn check_lanes(&mut self, mut lanes: Reader, mistakes: &mut Vec<String>) {
        for (path, name, weight) in lanes.names() {
            let lane = Lane::new(name);
            let weight = weight.as_integer().and_then(|weight| u32::try_from(weight).ok());
            let weight = weight.filter(|weight| (1..=WEIGHT_MAX).contains(weight));
            match (lane, weight) {
                (Ok(lane), Some(weight)) => self.lanes.push(LaneWeight { lane, weight }),
                (Err(error), _) => mistakes.push(format!("{path}: {error}")),
                (_, None) => {
                    mistakes.push(format!("{path}: must be a weight from 1 to {WEIGHT_MAX}"));
                }
            }
        }
    }

    fn check_judging(&mut self, mut judging: Reader, mistakes: &mut Vec<String>) {
        let mut time = |key, (least, most): (u64, u64), to: &mut Duration| {
            let Some(time) = judging.text::<WallTime>(key, "a time like `60s`", mistakes) else {
                return;
            };
            *to = time.duration();
            if !(least..=most).contains(&to.as_secs()) {
                mistakes.push(format!("judging.{key}: must be from {least}s to {most}s"));
            }
        };
        time("longest", (60, 86_400), &mut self.judging);
        time("hold_verdict", (1, 3_600), &mut self.storing);
        time("drain_grace", (1, 86_400), &mut self.grace);
        set(&mut self.precompile, judging.text("precompile", "a time to compile", mistakes));
        set(&mut self.fairness.repeats, judging.number("repeats", (0, 10), mistakes));
        let within = judging.number("repeat_within_percent", (1, 50), mistakes);
        set(&mut self.fairness.within_percent, within);
        let beside = judging.number("repeat_beside_percent", (1, 50), mistakes);
        set(&mut self.fairness.beside_percent, beside);
        judging.finish(mistakes);
    }

    fn check_sandbox(&mut self, mut sandbox: Reader, mistakes: &mut Vec<String>) {
        self.sandbox.root_group = sandbox.text("root_group", "a group's name", mistakes);
        if let Some(uid) = sandbox.number("first_uid", (1_000, 2_000_000_000), mistakes) {
            self.sandbox.first_uid = uid;
        }
        let cores: Option<String> = sandbox.text("cores", "`pinned` or `floating`", mistakes);
        match cores.as_deref() {
            None => {}
            Some("pinned") => self.sandbox.cores = CorePolicy::Pinned,
            Some("floating") => self.sandbox.cores = CorePolicy::Floating,
            Some(other) => mistakes
                .push(format!("sandbox.cores: `{other}` is neither `pinned` nor `floating`")),
        }
        self.sandbox.isolation = sandbox.text::<Isolation>("isolation", "a level", mistakes);
        set(&mut self.sandbox.allow_rootless, sandbox.flag("allow_rootless", mistakes));
        sandbox.finish(mistakes);
    }

    fn check_log(&mut self, mut log: Reader, mistakes: &mut Vec<String>) {
        let format: Option<String> = log.text("format", "`json` or `text`", mistakes);
        match format.as_deref() {
            None => {}
            Some("json") => self.logs.format = Format::Json,
            Some("text") => self.logs.format = Format::Text,
            Some(other) => {
                mistakes.push(format!("log.format: `{other}` is neither `json` nor `text`"));
            }
        }
        set(&mut self.logs.level, log.text("level", "a level", mistakes));
        if let Err(why) = self.logs.check() {
            mistakes.push(format!("log.level: {why}"));
        }
        log.finish(mistakes);
    }
}

fn set<T>(field: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *field = value;
    }
}

/// The machine's name, with what an identifier cannot hold replaced.
fn host_name() -> NodeId {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '_' { c } else { '-' };
    let name: String = name.trim().chars().map(plain).take(64).collect();
    NodeId::new(name).unwrap_or_else(|_empty| NodeId::new("node").expect("an identifier"))
}
