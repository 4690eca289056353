//! What is asked of a box, and what comes back.

use std::ffi::{OsStr, OsString};
use std::os::fd::OwnedFd;
use std::path::{Component, Path, PathBuf};
use std::time::Duration;

use minos_model::{Bytes, CpuTime, Limits, RunReport};

use crate::{Blob, SandboxError};

/// What is executed.
#[derive(Debug, Clone)]
pub enum Program {
    /// A file that the box sees at this absolute path.
    Path(PathBuf),
    /// An executable of this machine; not a script (it has no path an interpreter could open).
    Blob(Blob),
}

/// What the program reads from descriptor 0.
#[derive(Debug)]
pub enum Stdin {
    /// Nothing: the end of file at once.
    Empty,
    /// This content; seekable, each run from the beginning, not charged to the box.
    Blob(Blob),
    /// This descriptor, as it is.
    Fd(OwnedFd),
}

/// Where what the program writes to descriptor 1 or 2 goes.
#[derive(Debug)]
pub enum Sink {
    /// Counted and dropped.
    Count,
    /// Counted and kept: stdout up to its limit, stderr up to 64 KiB.
    Keep,
    /// What a compiler says on stderr: counted, the first 64 KiB kept. A run that goes on above this
    /// many bytes is ended by its output limit.
    Diagnostics(Bytes),
    /// Counted and copied to this descriptor as it comes. A reader that is slow slows the program.
    Fd(OwnedFd),
    /// Given to the program as it is: a pipe to another box. Neither counted nor limited, but by
    /// [`crate::Warden::run_joined`].
    Direct(OwnedFd),
}

/// A file that is in the box before the program starts; charged to the box's memory.
#[derive(Debug, Clone)]
pub struct BoxFile {
    /// Relative to `/w`; directories on the way are made.
    pub path: String,
    /// What is in it.
    pub content: Blob,
    /// Whether it may be executed.
    pub executable: bool,
}

/// A file to fetch after the program's end.
#[derive(Debug, Clone)]
pub struct Collect {
    /// Relative to `/w`.
    pub path: String,
    /// The most that is fetched: a larger file counts as not there.
    pub max: Bytes,
}

/// One run.
#[derive(Debug)]
pub struct RunRequest {
    /// What is executed.
    pub program: Program,
    /// The arguments, the program's own name first.
    pub args: Vec<OsString>,
    /// The whole environment.
    pub env: Vec<(OsString, OsString)>,
    /// What it may use.
    pub limits: Limits,
    /// Its descriptor 0.
    pub stdin: Stdin,
    /// Its descriptor 1.
    pub stdout: Sink,
    /// Its descriptor 2.
    pub stderr: Sink,
    /// Files in `/w` before it starts.
    pub files: Vec<BoxFile>,
    /// Content it finds open for reading as descriptors 3, 4, ...; not charged to the box.
    pub descriptors: Vec<Blob>,
    /// Files of `/w` to fetch when it has ended by itself.
    pub collect: Vec<Collect>,
    /// Whether it may only read what is in `/w`; `/tmp` is writable all the same.
    pub read_only: bool,
    /// How far above its CPU limit the program may come before it is killed: one that ends by
    /// itself in between is over its limit all the same, and its true time is known.
    pub cpu_slack: CpuTime,
}

impl RunRequest {
    /// A run of `program` with the default environment, nothing on stdin and counted output.
    #[must_use]
    pub fn new(program: Program, args: Vec<OsString>, limits: Limits) -> Self {
        let env = [("PATH", "/usr/local/bin:/usr/bin:/bin"), ("HOME", "/w"), ("LANG", "C.UTF-8")]
            .map(|(name, value)| (name.into(), value.into()))
            .into();
        Self {
            program,
            args,
            env,
            limits,
            stdin: Stdin::Empty,
            stdout: Sink::Count,
            stderr: Sink::Count,
            files: Vec::new(),
            descriptors: Vec::new(),
            collect: Vec::new(),
            read_only: false,
            cpu_slack: CpuTime::ZERO,
        }
    }
}

/// What is known of a run that is over.
#[derive(Debug)]
pub struct Run {
    /// Why it ended and what it used.
    pub report: RunReport,
    /// What came on stdout, when it was to be kept.
    pub stdout: Option<Blob>,
    /// The first 64 KiB of stderr, when it was to be kept.
    pub stderr: Vec<u8>,
    /// One for each [`RunRequest::collect`]; `None` when it was not there, no regular file, larger
    /// than asked for, or the run was ended from outside.
    pub collected: Vec<Option<Blob>>,
    /// From the request until the program's exec.
    pub setup: Duration,
    /// When the first process ended, or when the run was killed, on the monotonic clock: of two
    /// programs that talk to each other it shows which was first.
    pub ended: Duration,
    /// Whether the program it talked to was ending already when this one's end was noticed: see
    /// [`crate::Conversation`].
    pub other_was_ending: bool,
}

/// A host path that boxes see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bind {
    /// Absolute, on the host.
    pub host: PathBuf,
    /// Absolute, in the box.
    pub inside: PathBuf,
    /// Whether programs may write to it, as far as its permissions let the box's user.
    pub writable: bool,
}

impl Bind {
    /// Read-only.
    #[must_use]
    pub fn read_only(host: impl Into<PathBuf>, inside: impl Into<PathBuf>) -> Self {
        Self { host: host.into(), inside: inside.into(), writable: false }
    }
}

/// What all boxes of one warden see of the host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    /// In the order in which they are placed.
    pub binds: Vec<Bind>,
}

/// Directories of the host that programs, compilers and interpreters need.
const DIRECTORIES: [&str; 6] = ["/usr", "/bin", "/lib", "/lib32", "/lib64", "/etc/alternatives"];
/// Files of `/etc` that they need.
const FILES: [&str; 6] = [
    "/etc/ld.so.cache",
    "/etc/ld.so.conf",
    "/etc/localtime",
    "/etc/nsswitch.conf",
    // Which library of this machine is which, as Mono calls them.
    "/etc/mono/config",
    "/etc/mono/4.5/machine.config",
];

impl Default for Template {
    /// `/usr`, `/bin`, `/lib*`, the JVMs' configuration and a few files of `/etc`, as far as this
    /// machine has them, read-only.
    fn default() -> Self {
        let mut paths: Vec<PathBuf> =
            DIRECTORIES.iter().chain(&FILES).map(PathBuf::from).filter(|p| p.exists()).collect();
        let jvms = std::fs::read_dir("/etc").into_iter().flatten().filter_map(Result::ok);
        paths.extend(
            jvms.filter(|entry| entry.file_name().as_encoded_bytes().starts_with(b"java"))
                .map(|entry| entry.path()),
        );
        let binds = paths.into_iter().map(|path| Bind::read_only(path.clone(), path)).collect();
        Self { binds }
    }
}

impl Template {
    /// Makes a host file or directory visible below `/p`, read-only, unless a bind already shows
    /// it, and says where the box sees it.
    pub fn expose(&mut self, host: &Path) -> PathBuf {
        let shown = self.binds.iter().rev().find_map(|bind| {
            let rest = host.strip_prefix(&bind.host).ok()?;
            let joined = bind.inside.join(rest);
            Some(if rest.as_os_str().is_empty() { bind.inside.clone() } else { joined })
        });
        if let Some(inside) = shown {
            return inside;
        }
        let name = host.file_name().unwrap_or_else(|| OsStr::new("program"));
        let wanted = Path::new("/p").join(name);
        let taken = |path: &Path| self.binds.iter().any(|bind| bind.inside == path);
        let numbered = (2_u32..).map(|number| Path::new("/p").join(number.to_string()).join(name));
        let inside = std::iter::once(wanted)
            .chain(numbered)
            .find(|path| !taken(path))
            .unwrap_or_else(|| Path::new("/p").join(name));
        self.binds.push(Bind::read_only(host, inside.clone()));
        inside
    }

    /// Each bind is absolute on both sides and does not climb.
    pub(crate) fn check(&self) -> Result<(), SandboxError> {
        for bind in &self.binds {
            for path in [&bind.host, &bind.inside] {
                let plain = path.components().skip(1).all(|c| matches!(c, Component::Normal(_)));
                if !path.is_absolute() || !plain {
                    let problem = format!("`{}` must be absolute, without `..`", path.display());
                    return Err(SandboxError::request("bind", problem));
                }
            }
            if bind.inside.components().count() < 2 {
                return Err(SandboxError::request("bind", "nothing can be bound on `/`"));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_path_that_is_visible_is_not_bound_again() {
        let mut template = Template { binds: vec![Bind::read_only("/usr", "/usr")] };
        assert_eq!(template.expose(Path::new("/usr/bin/env")), Path::new("/usr/bin/env"));
        assert_eq!(template.expose(Path::new("/home/a/run")), Path::new("/p/run"));
        assert_eq!(template.expose(Path::new("/home/b/run")), Path::new("/p/2/run"));
        assert_eq!(template.expose(Path::new("/home/a/run")), Path::new("/p/run"));
        assert_eq!(template.binds.len(), 3);
        template.check().unwrap();
    }

    #[test]
    fn a_bind_that_is_relative_or_climbs_is_refused_with_its_path() {
        for path in ["relative", "/a/../b", "/"] {
            let template = Template { binds: vec![Bind::read_only("/usr", path)] };
            assert!(template.check().is_err(), "{path}");
        }
    }
}
