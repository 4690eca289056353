//! A nats-server of one test, which can be killed and started again on its address.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use crate::support::{ended, eventually, minos};
use crate::wire::request;

pub(crate) struct Broker {
    child: Option<Child>,
    conf: PathBuf,
    pub(crate) address: String,
}

/// The nats-server the rest of the project uses.
fn binary() -> PathBuf {
    let named = std::env::var_os("MINOS_NATS_SERVER").map(PathBuf::from);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut on_path = std::env::split_paths(&path).map(|dir| dir.join("nats-server"));
    let home = std::env::var_os("HOME").map(|home| Path::new(&home).join(".cache/minos"));
    let cache = std::env::var_os("MINOS_CACHE").map(PathBuf::from).or(home);
    let cached = cache.and_then(|cache| {
        let mut entries = std::fs::read_dir(cache).ok()?.flatten();
        entries.find_map(|entry| {
            let path = entry.path().join("nats-server");
            path.is_file().then_some(path)
        })
    });
    named
        .or_else(|| on_path.find(|path| path.is_file()))
        .or(cached)
        .expect("no nats-server (type: cargo xtask setup)")
}

impl Broker {
    /// Starts one at an address of this machine, and makes the streams with deliveries that run
    /// out soon.
    pub(crate) fn start(dir: &Path, host: &str) -> Self {
        let port = TcpListener::bind((host, 0)).and_then(|free| free.local_addr());
        let address = port.expect("a free port").to_string();
        let conf = dir.join("broker.conf");
        let store = dir.join("store");
        let text = format!(
            "listen: \"{address}\"\njetstream {{ store_dir: {store:?}, max_file_store: 64GB, \
             sync_interval: always }}\n"
        );
        std::fs::write(&conf, text).expect("the configuration of the broker");
        let mut broker = Self { child: None, conf, address };
        broker.restart();
        // Short, so that a lost delivery is soon another node's.
        let shipped = include_str!("../../../cluster-config/cluster.toml");
        let quick = shipped.replace("ack_wait = \"20s\"", "ack_wait = \"2s\"");
        assert_ne!(quick, shipped);
        let topology = dir.join("cluster.toml");
        std::fs::write(&topology, quick).expect("cluster.toml");
        let mut init = minos(&["cluster", "init", "--nats", &broker.url(), "--config"]);
        let (code, _, stderr) = ended(init.arg(&topology));
        assert_eq!(code, 0, "{stderr}");
        broker
    }

    pub(crate) fn url(&self) -> String {
        format!("nats://{}", self.address)
    }

    /// Starts the server on its store and waits until it answers.
    pub(crate) fn restart(&mut self) {
        let child = Command::new(binary())
            .arg("-c")
            .arg(&self.conf)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        self.child = Some(child.expect("nats-server starts"));
        eventually(Duration::from_secs(30), "the broker answers", || self.ask("$JS.API.INFO"));
    }

    pub(crate) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().and_then(|()| child.wait()).expect("a child");
        }
    }

    /// One question; `None` while the broker is away.
    pub(crate) fn ask(&self, subject: &str) -> Option<Value> {
        request(&self.address, subject, "").ok()
    }

    /// What `minos status` tells.
    pub(crate) fn status(&self) -> Value {
        let (_, stdout, stderr) = ended(&mut minos(&["status", "--json", "--nats", &self.url()]));
        serde_json::from_str(&stdout).unwrap_or_else(|error| panic!("{error}: {stdout} {stderr}"))
    }

    /// How many messages a stream holds.
    pub(crate) fn messages(&self, stream: &str) -> Option<u64> {
        self.ask(&format!("$JS.API.STREAM.INFO.{stream}"))?["state"]["messages"].as_u64()
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        self.kill();
    }
}
