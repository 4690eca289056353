//! The programs that judging calls: compilers, interpreters, the broker.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::{Finding, State};

/// What to type on Debian and Ubuntu.
const COMPILERS: [(&str, &str, &str); 3] = [
    ("gcc", "C submissions are compiled with it", "sudo apt-get install gcc libc6-dev"),
    (
        "g++",
        "C++ submissions, and nearly every checker, are compiled with it",
        "sudo apt-get install g++",
    ),
    ("python3", "Python submissions are run by it", "sudo apt-get install python3"),
];

/// All of them, in the order of the report.
pub(super) fn examine() -> Vec<Finding> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let directories: Vec<PathBuf> = std::env::split_paths(&path).collect();
    let mut findings: Vec<Finding> = COMPILERS
        .iter()
        .map(|(name, why, remedy)| match in_box(&directories, name) {
            Some(path) => Finding::ok(name, why, path.display().to_string()),
            None => Finding::ok(name, why, "not found in what boxes see (/usr, /bin)")
                .but(State::Warn, *remedy),
        })
        .collect();
    findings.push(broker(&directories));
    findings
}

/// A program on PATH that a box sees as well.
fn in_box(directories: &[PathBuf], name: &str) -> Option<PathBuf> {
    let usual = ["/usr/bin", "/bin"].map(PathBuf::from);
    let seen = |path: &Path| path.starts_with("/usr") || path.starts_with("/bin");
    directories
        .iter()
        .filter(|directory| seen(directory))
        .chain(&usual)
        .map(|directory| directory.join(name))
        .find(|path| is_executable(path))
}

fn is_executable(path: &Path) -> bool {
    std::fs::metadata(path)
        .is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

/// The broker of `minos up`: named, on PATH, or in the cache of the set-up command.
fn broker(directories: &[PathBuf]) -> Finding {
    const NAME: &str = "nats-server";
    const WHY: &str = "submissions and verdicts are kept in it; `minos up` starts one of its own";
    let named = std::env::var_os("MINOS_NATS_SERVER").map(PathBuf::from);
    let on_path = directories.iter().map(|directory| directory.join(NAME));
    let found = named.into_iter().chain(on_path).chain(cached()).find(|path| is_executable(path));
    match found {
        Some(path) => Finding::ok(NAME, WHY, path.display().to_string()),
        None => Finding::ok(NAME, WHY, "not found").but(
            State::Warn,
            "set MINOS_NATS_SERVER, put nats-server 2.12.5 or newer on PATH, or run `cargo xtask \
             setup`",
        ),
    }
}

/// `CACHE/nats-server-VERSION/nats-server`, whichever versions there are.
fn cached() -> Vec<PathBuf> {
    let cache = std::env::var_os("MINOS_CACHE")
        .map(PathBuf::from)
        .or_else(|| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache/minos")));
    let entries = cache.and_then(|cache| std::fs::read_dir(cache).ok());
    let versions = entries.into_iter().flatten().filter_map(Result::ok).filter(|entry| {
        entry.file_name().to_str().is_some_and(|name| name.starts_with("nats-server-"))
    });
    versions.map(|version| version.path().join("nats-server")).collect()
}
