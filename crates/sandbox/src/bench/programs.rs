//! The programs that are measured: built, spawned plainly, run in a box.

use std::ffi::CString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use minos_model::{Cause, Limits, RawLimits};
use nix::spawn::{PosixSpawnAttr, PosixSpawnFileActions, posix_spawn};
use nix::sys::wait::{WaitStatus, waitpid};

use crate::{Blob, Program, RunRequest, SandboxError, Warden};

/// A run of a program with these limits.
pub(crate) fn request(program: &Path, raw: RawLimits) -> Result<RunRequest, SandboxError> {
    let limits = Limits::new(raw).expect("the defaults and 100 ms are acceptable");
    let blob = Blob::from_file(program)
        .map_err(|error| SandboxError::os("read the program to measure with", error))?;
    Ok(RunRequest::new(Program::Blob(blob), vec!["program".into()], limits))
}

/// One run of it, which must end well.
pub(crate) fn boxed(warden: &mut Warden, request: &RunRequest) -> Result<(), SandboxError> {
    let report = warden.run(request)?.report;
    if report.cause == Cause::Exited && report.ending.exit_code() == Some(0) {
        Ok(())
    } else {
        Err(unexpected("an empty program did not exit 0 in its box"))
    }
}

/// One bare spawn, waited for.
pub(super) fn spawn(program: &CString) -> Result<(), SandboxError> {
    let failed = |errno| SandboxError::os("spawn a bare program", errno);
    let actions = PosixSpawnFileActions::init().map_err(failed)?;
    let attributes = PosixSpawnAttr::init().map_err(failed)?;
    let arguments = [program.as_c_str()];
    let environment: [&std::ffi::CStr; 0] = [];
    let pid = posix_spawn(program.as_c_str(), &actions, &attributes, &arguments, &environment)
        .map_err(failed)?;
    if waitpid(pid, None).map_err(failed)? == WaitStatus::Exited(pid, 0) {
        Ok(())
    } else {
        Err(unexpected("an empty program did not exit 0"))
    }
}

/// A measurement that measured something else.
pub(super) fn unexpected(what: &'static str) -> SandboxError {
    SandboxError::os(what, io::Error::other("the measurement is void"))
}

/// A program's path as the system calls have it.
pub(super) fn path(path: &Path) -> Result<CString, SandboxError> {
    use std::os::unix::ffi::OsStrExt as _;
    CString::new(path.as_os_str().as_bytes())
        .map_err(|nul| SandboxError::os("name the program to measure with", io::Error::other(nul)))
}

/// A directory for the two programs, removed at the end.
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    pub(crate) fn new() -> Result<Self, SandboxError> {
        let path = std::env::temp_dir().join(format!("minos-bench-{}", std::process::id()));
        std::fs::create_dir_all(&path)
            .map_err(|error| SandboxError::os("make a directory for the measurement", error))?;
        Ok(Self(path))
    }

    pub(crate) fn build(&self, name: &str, source: &str) -> Result<PathBuf, SandboxError> {
        let failed =
            |error| SandboxError::os("build the program to measure with (needs gcc)", error);
        let (text, program) = (self.0.join(format!("{name}.c")), self.0.join(name));
        std::fs::write(&text, source).map_err(failed)?;
        let built = Command::new("gcc")
            .args(["-O2", "-static", "-o"])
            .args([&program, &text])
            .output()
            .map_err(failed)?;
        if built.status.success() {
            Ok(program)
        } else {
            let said = String::from_utf8_lossy(&built.stderr).into_owned();
            Err(failed(io::Error::other(said)))
        }
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What stays is a small file in the directory for such things.
        let _removed = std::fs::remove_dir_all(&self.0);
    }
}
