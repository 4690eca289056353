//! Small C programs, and boxes to run them in.

use std::path::PathBuf;
use std::process::Command;

use minos_model::{Cause, Limits, RawLimits};
use minos_sandbox::{Blob, Program, Run, RunRequest, Sandbox, SandboxConfig, Template, Warden};

/// What most programs start with.
const HEAD: &str = "#define _GNU_SOURCE\n#include <errno.h>\n#include <fcntl.h>\n#include <pthread.h>\n\
    #include <signal.h>\n#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n\
    #include <sys/mman.h>\n#include <sys/prctl.h>\n#include <sys/resource.h>\n\
    #include <sys/socket.h>\n#include <sys/stat.h>\n#include <sys/syscall.h>\n\
    #include <sys/wait.h>\n#include <unistd.h>\n";

/// A static program from the body of its `main`, with everything else before `main` in `before`.
pub(crate) fn program(before: &str, body: &str) -> Blob {
    let directory = tempfile::tempdir().unwrap();
    let (source, executable) = (directory.path().join("p.c"), directory.path().join("p"));
    let text = format!("{HEAD}{before}\nint main(int argc, char **argv) {{ {body}\nreturn 0; }}\n");
    std::fs::write(&source, text).unwrap();
    let out = Command::new("gcc")
        .args(["-O0", "-w", "-static", "-pthread", "-o"])
        .args([&executable, &source])
        .output()
        .unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    Blob::from_file(&executable).unwrap()
}

/// The executable that becomes a warden.
pub(crate) fn config() -> SandboxConfig {
    let warden = Some(PathBuf::from(env!("CARGO_BIN_EXE_minos-warden")));
    SandboxConfig { warden, ..SandboxConfig::default() }
}

/// A warden with the default template.
pub(crate) fn warden() -> Warden {
    Sandbox::open(config()).unwrap().warden(0, Template::default()).unwrap()
}

/// Limits with some of them changed.
pub(crate) fn limits(change: impl FnOnce(&mut RawLimits)) -> Limits {
    let mut raw = RawLimits::default();
    change(&mut raw);
    Limits::new(raw).unwrap()
}

/// A run of a program without arguments.
pub(crate) fn request(program: Blob, limits: Limits) -> RunRequest {
    RunRequest::new(Program::Blob(program), vec!["p".into()], limits)
}

/// One run of the body of a `main`.
pub(crate) fn run(warden: &mut Warden, body: &str, limits: Limits) -> Run {
    warden.run(&request(program("", body), limits)).unwrap()
}

/// The cause in short: `limit memory`, `exited`.
pub(crate) fn short(cause: &Cause) -> String {
    cause.to_string()
}
