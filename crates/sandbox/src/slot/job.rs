//! A request, checked and written down as the box reads it.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd as _, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Component, Path};

use minos_model::Isolation;

use crate::spec::{Program, RunRequest, Sink, Stdin};
use crate::sys::message::{self, MAX_FDS};
use crate::warden::job::{DIRECT_STDERR, DIRECT_STDOUT, Head, MAX_JOB, MAX_TEXTS};
use crate::{Blob, SandboxError};

/// Processes that may have the user of a run and are none of it: the warden, and of each box that
/// is alive beside it init and the program's process.
const NOT_OF_THE_RUN: u64 = 1 + 2 * 3;

/// A job's message.
#[derive(Debug)]
pub(crate) struct Job {
    bytes: Vec<u8>,
    /// As they go beside the message.
    fds: Vec<i32>,
    /// Those of them that are only needed until they are sent.
    _own: Vec<OwnedFd>,
}

impl Job {
    /// Writes a request down.
    pub(crate) fn of(
        request: &RunRequest,
        null: &File,
        isolation: Isolation,
    ) -> Result<Self, SandboxError> {
        let texts = Texts::of(request)?;
        let limits = &request.limits;
        let direct = |sink: &Sink, bit| if matches!(sink, Sink::Direct(_)) { bit } else { 0 };
        let head = Head {
            args: count("args", request.args.len())?,
            env: count("env", request.env.len())?,
            descriptors: count("descriptors", request.descriptors.len())?,
            files: texts.files,
            collect: count("collect", request.collect.len())?,
            blob: u32::from(matches!(request.program, Program::Blob(_))),
            direct: direct(&request.stdout, DIRECT_STDOUT) | direct(&request.stderr, DIRECT_STDERR),
            read_only: u32::from(request.read_only),
            cpu: limits.hard_cpu_secs(),
            file_size: limits.hard_file().get(),
            stack: limits.stack().get(),
            open_files: limits.files().into(),
            processes: match isolation {
                Isolation::Rootless => u64::from(limits.processes()) + NOT_OF_THE_RUN,
                // The box's group counts exactly.
                Isolation::CgroupV2 | Isolation::CgroupHybrid | Isolation::CgroupV1 => u64::MAX,
            },
        };
        let mut bytes = Vec::with_capacity(Head::LENGTH + texts.bytes.len());
        head.encode(&mut bytes);
        bytes.extend_from_slice(&texts.bytes);
        if bytes.len() > MAX_JOB {
            let problem = format!(
                "arguments, environment and names of files are {} bytes together; a box takes at \
                 most {MAX_JOB}: pass large content as a file or on stdin",
                bytes.len()
            );
            return Err(SandboxError::request("args", problem));
        }
        let (fds, own) = descriptors(request, null)?;
        Ok(Self { bytes, fds, _own: own })
    }
}

impl Job {
    /// Wakes the program's process with the job. A box that is gone is no error: that shows as its
    /// end.
    pub(crate) fn send_to(&self, socket: BorrowedFd<'_>) -> Result<(), SandboxError> {
        match message::send(socket.as_raw_fd(), &self.bytes, &self.fds) {
            Ok(()) | Err(libc::EPIPE | libc::ECONNRESET) => Ok(()),
            Err(errno) => {
                Err(SandboxError::os("send a job to its box", io::Error::from_raw_os_error(errno)))
            }
        }
    }
}

/// The texts of a job, each ending in NUL.
#[derive(Default)]
struct Texts {
    bytes: Vec<u8>,
    /// Directories and files.
    files: u32,
    number: usize,
}

impl Texts {
    fn of(request: &RunRequest) -> Result<Self, SandboxError> {
        let mut texts = Self::default();
        match &request.program {
            Program::Path(path) if path.is_absolute() => {
                texts.push("program", &[path.as_os_str()])?;
            }
            Program::Path(path) => {
                let problem = format!("`{}` must be an absolute path in the box", path.display());
                return Err(SandboxError::request("program", problem));
            }
            Program::Blob(_) => texts.push("program", &[])?,
        }
        if request.args.is_empty() {
            return Err(SandboxError::request("args", "the program's own name must come first"));
        }
        for argument in &request.args {
            texts.push("args", &[argument])?;
        }
        for (name, value) in &request.env {
            texts.push("env", &[name, OsStr::new("="), value])?;
        }
        texts.files(request)?;
        for wanted in &request.collect {
            below_work("collect", &wanted.path)?;
            texts.push("collect", &[OsStr::new(&wanted.path)])?;
        }
        if texts.number > MAX_TEXTS {
            let problem =
                format!("{} of them are more than the {MAX_TEXTS} a box takes", texts.number);
            return Err(SandboxError::request("args", problem));
        }
        Ok(texts)
    }

    /// Each file, and before it the directories it lies in.
    fn files(&mut self, request: &RunRequest) -> Result<(), SandboxError> {
        let mut made = BTreeSet::new();
        for file in &request.files {
            let path = below_work("files", &file.path)?;
            let parents: Vec<&Path> =
                path.ancestors().skip(1).filter(|parent| !parent.as_os_str().is_empty()).collect();
            for parent in parents.into_iter().rev().filter(|parent| made.insert(parent.to_owned()))
            {
                self.push("files", &[OsStr::new("d"), parent.as_os_str()])?;
                self.files += 1;
            }
            let kind = if file.executable { "x" } else { "f" };
            self.push("files", &[OsStr::new(kind), path.as_os_str()])?;
            self.files += 1;
        }
        Ok(())
    }

    fn push(&mut self, field: &'static str, parts: &[&OsStr]) -> Result<(), SandboxError> {
        for part in parts {
            if part.as_bytes().contains(&0) {
                let problem = format!("`{}` has a NUL in it", part.display());
                return Err(SandboxError::request(field, problem));
            }
            self.bytes.extend_from_slice(part.as_bytes());
        }
        self.bytes.push(0);
        self.number += 1;
        Ok(())
    }
}

/// A path relative to `/w` that stays below it.
fn below_work<'a>(field: &'static str, path: &'a str) -> Result<&'a Path, SandboxError> {
    let relative = Path::new(path);
    let plain = relative.components().all(|part| matches!(part, Component::Normal(_)));
    if plain && !path.is_empty() {
        Ok(relative)
    } else {
        let problem = format!("`{path}` must be relative to /w, without `..`");
        Err(SandboxError::request(field, problem))
    }
}

fn count(field: &'static str, number: usize) -> Result<u32, SandboxError> {
    u32::try_from(number).map_err(|_too_many| SandboxError::request(field, "too many"))
}

/// The descriptors in the order in which the box expects them, and those made for this job.
fn descriptors(
    request: &RunRequest,
    null: &File,
) -> Result<(Vec<i32>, Vec<OwnedFd>), SandboxError> {
    let (mut fds, mut own) = (Vec::new(), Vec::new());
    // An offset of its own for each reader.
    let mut fresh = |blob: &Blob| {
        let opened =
            blob.reopened().map_err(|error| SandboxError::os("open a blob for the box", error))?;
        let number = opened.as_raw_fd();
        own.push(opened);
        Ok::<i32, SandboxError>(number)
    };
    for blob in &request.descriptors {
        fds.push(fresh(blob)?);
    }
    fds.push(match &request.stdin {
        Stdin::Empty => null.as_raw_fd(),
        Stdin::Blob(blob) => fresh(blob)?,
        Stdin::Fd(fd) => fd.as_raw_fd(),
    });
    for sink in [&request.stdout, &request.stderr] {
        if let Sink::Direct(fd) = sink {
            fds.push(fd.as_raw_fd());
        }
    }
    if let Program::Blob(blob) = &request.program {
        let executable =
            blob.executable().map_err(|error| SandboxError::os("make a blob executable", error))?;
        fds.push(executable.as_raw_fd());
    }
    for file in &request.files {
        fds.push(fresh(&file.content)?);
    }
    if fds.len() > MAX_FDS || request.collect.len() > MAX_FDS {
        let problem = format!("a box takes at most {MAX_FDS} files and descriptors together");
        return Err(SandboxError::request("files", problem));
    }
    Ok((fds, own))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::{BoxFile, Collect};
    use minos_model::{Bytes, Limits, RawLimits};

    const LEVEL: Isolation = Isolation::Rootless;

    fn request() -> RunRequest {
        let limits = Limits::new(RawLimits::default()).unwrap();
        RunRequest::new(Program::Path("/bin/true".into()), vec!["true".into()], limits)
    }

    fn refused(change: impl FnOnce(&mut RunRequest)) -> String {
        let mut request = request();
        change(&mut request);
        let null = File::open("/dev/null").unwrap();
        Job::of(&request, &null, LEVEL).unwrap_err().to_string()
    }

    #[test]
    fn arguments_fit_up_to_the_limit_and_one_byte_more_is_refused_with_a_sentence() {
        let null = File::open("/dev/null").unwrap();
        let without = Job::of(&request(), &null, LEVEL).unwrap().bytes.len();
        let mut full = request();
        full.args.push("x".repeat(MAX_JOB - without - 1).into());
        assert_eq!(Job::of(&full, &null, LEVEL).unwrap().bytes.len(), MAX_JOB);
        let text = refused(|r| r.args.push("x".repeat(MAX_JOB - without).into()));
        assert!(text.contains("args") && text.contains("on stdin"), "{text}");
    }

    #[test]
    fn paths_that_leave_the_box_are_refused_by_name() {
        let content = Blob::from_bytes(b"").unwrap();
        for path in ["../x", "/x", "a/../x", "", "."] {
            let file = BoxFile { path: path.into(), content: content.clone(), executable: false };
            assert!(refused(|r| r.files.push(file)).contains("files"), "{path}");
            let wanted = Collect { path: path.into(), max: Bytes::ZERO };
            assert!(refused(|r| r.collect.push(wanted)).contains("collect"), "{path}");
        }
        assert!(refused(|r| r.program = Program::Path("a.out".into())).contains("absolute"));
        assert!(refused(|r| r.args.clear()).contains("args"));
        assert!(refused(|r| r.args.push("a\0b".into())).contains("NUL"));
    }

    #[test]
    fn directories_on_the_way_are_made_once_and_before_their_files() {
        let mut request = request();
        for path in ["a/b/one", "a/two", "three"] {
            let content = Blob::from_bytes(b"").unwrap();
            request.files.push(BoxFile { path: path.into(), content, executable: path == "a/two" });
        }
        let texts = Texts::of(&request).unwrap();
        let all: Vec<&[u8]> = texts.bytes.split(|byte| *byte == 0).collect();
        let wanted: [&[u8]; 5] = [b"da", b"da/b", b"fa/b/one", b"xa/two", b"fthree"];
        assert_eq!(texts.files, 5);
        assert!(all.windows(5).any(|window| window == wanted), "{all:?}");
    }
}
