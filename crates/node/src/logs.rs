//! Logs: one line per event on stderr, identifiers in fields, never a contestant's text.
//!
//! INFO is an operator's action done, WARN something that mended itself, ERROR something a person
//! must see to; what happens for each submission is DEBUG.

use std::io::IsTerminal as _;
use std::panic::PanicHookInfo;
use std::thread;

use tracing_subscriber::EnvFilter;

/// How events are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// One JSON object per line, for collectors.
    Json,
    /// For people.
    Text,
}

/// What is logged, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logs {
    /// How events are written.
    pub format: Format,
    /// The least level, as in `info` or `info,minos_node=debug`.
    pub level: String,
}

impl Default for Logs {
    /// JSON unless stderr is a terminal; from INFO on.
    fn default() -> Self {
        let format = if std::io::stderr().is_terminal() { Format::Text } else { Format::Json };
        Self { format, level: "info".to_owned() }
    }
}

impl Logs {
    /// For people, from that level on.
    #[must_use]
    pub fn text(level: impl Into<String>) -> Self {
        Self { format: Format::Text, level: level.into() }
    }

    /// Whether the level can be read.
    pub(crate) fn check(&self) -> Result<(), String> {
        filter(&self.level).map(drop)
    }
}

/// Libraries speak up only when something is wrong, unless the level names them.
fn filter(level: &str) -> Result<EnvFilter, String> {
    let mut quiet = String::new();
    for library in ["async_nats", "ractor"] {
        if !level.contains(library) {
            quiet.extend([library, "=warn,"]);
        }
    }
    EnvFilter::try_new(format!("{quiet}{level}"))
        .map_err(|error| format!("`{level}`: {error} (write it like `info`)"))
}

/// Sends events to stderr from here on; once per process. `MINOS_LOG` overrides the level.
///
/// # Errors
/// One line: a level that cannot be read, or events that already go somewhere.
pub fn init(logs: &Logs) -> Result<(), String> {
    let level = std::env::var("MINOS_LOG").unwrap_or_else(|_unset| logs.level.clone());
    let filter = filter(&level).map_err(|why| format!("log level {why}"))?;
    let to_stderr = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let started = match logs.format {
        Format::Json => to_stderr.json().flatten_event(true).with_current_span(true).try_init(),
        Format::Text => to_stderr
            .with_ansi(std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none())
            .with_target(false)
            .try_init(),
    };
    started.map_err(|error| format!("logging cannot be started: {error}"))?;
    std::panic::set_hook(Box::new(panicked));
    Ok(())
}

/// A panic is one event as well. What it says was put together from values, which may quote a
/// submission, unless it is a text of the program.
fn panicked(panic: &PanicHookInfo<'_>) {
    let said = panic.payload().downcast_ref::<&'static str>();
    let at = panic.location().map(ToString::to_string).unwrap_or_default();
    tracing::error!(
        thread = thread::current().name(),
        at,
        what = said.copied().unwrap_or("not told here, for it may quote a submission"),
        "a thread panicked"
    );
}
