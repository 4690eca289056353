//! Cargo's own tools: the formatter and the linter must come with the toolchain, the test runner
//! and the dependency checker are built here when they are missing.

use anyhow::{Context, Result, bail};

use crate::shell;

/// A tool that `cargo install` builds.
struct Tool {
    /// The crate, whose subcommand is the part after `cargo-`.
    name: &'static str,
    version: &'static str,
}

const TOOLS: &[Tool] = &[
    Tool { name: "cargo-nextest", version: "0.9.143" },
    Tool { name: "cargo-deny", version: "0.20.2" },
];

/// Installs what is missing.
///
/// # Errors
/// When a part of the toolchain is missing or a tool does not build.
pub(super) fn install() -> Result<()> {
    for (subcommand, component) in [("fmt", "rustfmt"), ("clippy", "clippy")] {
        if !shell::succeeds("cargo", &[subcommand, "--version"]) {
            bail!("cargo {subcommand} is missing; type: rustup component add {component}");
        }
    }
    for Tool { name, version } in TOOLS {
        let subcommand = name.strip_prefix("cargo-").unwrap_or(name);
        if shell::succeeds("cargo", &[subcommand, "--version"]) {
            continue;
        }
        println!("setup: building {name} {version} with cargo install (some minutes)");
        let args = ["install", "--locked", "--version", version, name];
        shell::run(&mut shell::command("cargo", &args))
            .with_context(|| format!("{name} is missing and could not be installed"))?;
    }
    Ok(())
}
