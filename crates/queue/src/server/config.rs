//! The configuration of a private server.

use std::fmt::Write as _;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{ServerError, ServerOptions, clear, make_directory};

/// The server's log, in its directory.
pub(super) const LOG: &str = "server.log";

/// Everything a start needs.
#[derive(Debug, Clone)]
pub(super) struct Config {
    pub(super) directory: PathBuf,
    pub(super) token: String,
    /// The port, once it is known: a server that is started again keeps it, so that clients come
    /// back by themselves.
    pub(super) port: Option<u16>,
    max_file: u64,
    max_memory: u64,
    sync_interval: Duration,
}

impl Config {
    /// Makes the directories and the token, and remembers the port of an earlier life.
    pub(super) fn prepare(directory: &Path, options: &ServerOptions) -> Result<Self, ServerError> {
        // Absolute, so that the server does not depend on where we were started.
        let directory = fs::canonicalize(directory)
            .map_err(|source| ServerError::Io { path: directory.to_path_buf(), source })?;
        make_directory(&directory.join("store"))?;
        let config = Self {
            token: token(&directory.join("token"))?,
            port: earlier_port(&directory.join("port")),
            max_file: options.max_file.get(),
            max_memory: options.max_memory.get(),
            sync_interval: options.sync_interval,
            directory,
        };
        Ok(config)
    }

    pub(super) fn path(&self) -> PathBuf {
        self.directory.join("server.conf")
    }

    fn ports(&self) -> PathBuf {
        self.directory.join("ports")
    }

    /// Writes the file for the next start.
    pub(super) fn write(&self) -> io::Result<()> {
        clear(&self.ports())?;
        fs::create_dir(self.ports())?;
        let text = self.text();
        let mut file = secret(&self.path())?;
        file.write_all(text.as_bytes())
    }

    fn text(&self) -> String {
        let quoted = |path: PathBuf| {
            let text = path.to_string_lossy().replace('\\', "\\\\").replace('"', "\\\"");
            format!("\"{text}\"")
        };
        let port = self.port.map_or_else(|| "-1".to_owned(), |port| port.to_string());
        let mut text = String::from("# Written at every start; changes are lost.\n");
        let mut line = |key: &str, value: String| {
            writeln!(text, "{key}: {value}").expect("writing to a string cannot fail");
        };
        line("server_name", "minos".to_owned());
        line("listen", format!("\"127.0.0.1:{port}\""));
        line("http", "\"127.0.0.1:-1\"".to_owned());
        line("ports_file_dir", quoted(self.ports()));
        line("log_file", quoted(self.directory.join(LOG)));
        line("logfile_size_limit", "16MB".to_owned());
        line("logfile_max_num", "3".to_owned());
        line("max_payload", "1MB".to_owned());
        line("authorization", format!("{{ token: \"{}\" }}", self.token));
        let store = quoted(self.directory.join("store"));
        let sync = match self.sync_interval {
            Duration::ZERO => "always".to_owned(),
            every => format!("\"{}ms\"", every.as_millis()),
        };
        line(
            "jetstream",
            format!(
                "{{ store_dir: {store}, max_file_store: {}, max_memory_store: {}, sync_interval: {sync} }}",
                self.max_file, self.max_memory
            ),
        );
        text
    }

    /// Where the server says that it listens; `None` until it has said so.
    pub(super) fn announced(&self, pid: u32) -> Option<u16> {
        #[derive(serde::Deserialize)]
        struct Ports {
            nats: Vec<String>,
        }
        let path = self.ports().join(format!("nats-server_{pid}.ports"));
        let ports: Ports = serde_json::from_str(&fs::read_to_string(path).ok()?).ok()?;
        ports.nats.first()?.rsplit(':').next()?.parse().ok()
    }

    /// Remembers the port for the next life.
    pub(super) fn keep_port(&mut self, port: u16) {
        self.port = Some(port);
        if let Err(error) = fs::write(self.directory.join("port"), port.to_string()) {
            tracing::warn!(%error, "the port could not be kept for the next start");
        }
    }
}

/// The token of an earlier life, else a new one.
fn token(path: &Path) -> Result<String, ServerError> {
    if let Ok(text) = fs::read_to_string(path)
        && text.len() == 64
        && text.bytes().all(|b| b.is_ascii_hexdigit())
    {
        return Ok(text);
    }
    let make = || -> io::Result<String> {
        let mut random = [0_u8; 32];
        File::open("/dev/urandom")?.read_exact(&mut random)?;
        let token = hex::encode(random);
        secret(path)?.write_all(token.as_bytes())?;
        Ok(token)
    };
    make().map_err(|source| ServerError::Io { path: path.to_path_buf(), source })
}

/// A new file that only its owner reads.
fn secret(path: &Path) -> io::Result<File> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

/// The port of an earlier life, when nobody else has it now.
fn earlier_port(path: &Path) -> Option<u16> {
    let port = fs::read_to_string(path).ok()?.trim().parse().ok()?;
    TcpListener::bind(("127.0.0.1", port)).ok()?;
    Some(port)
}
