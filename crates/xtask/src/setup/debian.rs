//! Debian packages: only the missing ones, and named before they are installed.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::shell;

/// Compilers and interpreters of the judged languages, with the C library to link statically.
pub(super) const RUNNING: &[&str] = &["gcc", "g++", "libc6-dev", "python3"];
/// What only the checks need: `systemd-analyze verify` for the unit, `promtool` for the alerts,
/// `setpriv` for tests without rights, networks that can be cut.
pub(super) const TESTING: &[&str] =
    &["systemd", "prometheus", "util-linux", "iproute2", "iptables"];
/// A machine with another kernel, and what its first file system is made of.
pub(super) const EMULATOR: &[&str] =
    &["qemu-system-x86", "busybox-static", "cpio", "gcc", "libc6-dev"];
/// What unpacking wheels needs where no Python with pip is on PATH.
pub(super) const PIP: &[&str] = &["python3", "python3-pip"];

/// Installs those of `packages` that are not installed yet.
///
/// # Errors
/// Without root, or when apt-get fails; says which command to type.
pub(super) fn install(packages: &[&str]) -> Result<()> {
    let missing = missing(packages)?;
    if missing.is_empty() {
        return Ok(());
    }
    let list = missing.join(" ");
    if !shell::is_root() {
        bail!("missing Debian packages; type: sudo apt-get install {list}");
    }
    println!("setup: installing Debian packages: {list}");
    // Package lists may be absent or old: they are fetched only when installing fails without.
    if apt(&missing).is_err() {
        println!("setup: refreshing the package lists");
        shell::run(&mut shell::command("apt-get", &["-qq", "update"]))?;
        apt(&missing).with_context(|| format!("try: apt-get install {list}"))?;
    }
    Ok(())
}

/// Unpacks one package into a directory: for a tool whose package would start a service.
///
/// # Errors
/// When it cannot be fetched; says which command to type.
pub(super) fn unpack(package: &str, into: &Path) -> Result<()> {
    let scratch = into.join(format!("fetch-{}", std::process::id()));
    fs::create_dir_all(&scratch).with_context(|| format!("cannot make {}", scratch.display()))?;
    let download = || {
        // apt's own user may not write there; as root it fetches all the same, and says so.
        let mut get = shell::command("apt-get", &["-qq", "-o", "APT::Sandbox::User=root"]);
        shell::run(get.args(["download", package]).current_dir(&scratch))
    };
    let fetched = download().or_else(|_old_lists| {
        println!("setup: refreshing the package lists");
        shell::run(&mut shell::command("apt-get", &["-qq", "update"]))?;
        download()
    });
    let unpacked = fetched.and_then(|()| {
        let entries = fs::read_dir(&scratch)?.filter_map(|entry| Some(entry.ok()?.path()));
        for archive in entries {
            shell::run(shell::command("dpkg-deb", &["-x"]).arg(&archive).arg(into))?;
        }
        Ok(())
    });
    fs::remove_dir_all(&scratch).with_context(|| format!("cannot remove {}", scratch.display()))?;
    unpacked.with_context(|| format!("try: apt-get install {package}"))
}

fn apt(packages: &[&str]) -> Result<()> {
    // Without a terminal of its own dpkg would draw its progress into the log.
    let mut args = vec!["-qq", "-o", "Dpkg::Use-Pty=0", "-o", "Dpkg::Progress-Fancy=0"];
    args.extend(["install", "-y", "--no-install-recommends"]);
    args.extend(packages);
    shell::run(shell::command("apt-get", &args).env("DEBIAN_FRONTEND", "noninteractive"))
}

fn missing<'a>(packages: &[&'a str]) -> Result<Vec<&'a str>> {
    let mut args = vec!["-W", "-f", "${Package} ${db:Status-Status}\n"];
    args.extend(packages);
    // dpkg-query exits with 1 when it does not know a package, and lists the others all the same.
    let output = shell::command("dpkg-query", &args).output().with_context(|| {
        format!("dpkg-query did not start (not Debian?); install by hand: {}", packages.join(" "))
    })?;
    let listing = String::from_utf8_lossy(&output.stdout);
    Ok(not_installed(packages, &listing))
}

/// Those of `packages` that dpkg-query's `listing` does not call installed.
fn not_installed<'a>(packages: &[&'a str], listing: &str) -> Vec<&'a str> {
    let installed = |package: &str| {
        listing.lines().any(|line| line.split_once(' ') == Some((package, "installed")))
    };
    packages.iter().copied().filter(|package| !installed(package)).collect()
}

#[cfg(test)]
mod tests {
    use super::not_installed;

    #[test]
    fn only_packages_that_are_not_installed_are_asked_for() {
        let listing = "gcc installed\ng++ config-files\n";
        assert_eq!(not_installed(&["gcc", "g++", "python3"], listing), ["g++", "python3"]);
        assert_eq!(not_installed(&["gcc"], listing), [""; 0]);
    }
}
