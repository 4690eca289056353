//! What programs of a mix cost when they are spawned plainly: no box, no judge.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use crate::corpus::{self, Mix, warm};
use crate::journal::{Bare, Fact};
use crate::num::float;

/// How often each test of the program is run.
const ROUNDS: u64 = 100;
/// The tests of the problem.
const TESTS: [&str; 3] = ["01", "02", "03"];

/// Builds one generated program with this machine's compiler and runs it on every test; `None` for
/// another mix, and where there is no compiler.
pub(super) fn measure(mix: &Mix) -> Option<Fact> {
    let (_, program) = mix.generated().next()?;
    let dir = std::env::temp_dir().join(format!("minos-load-bare-{}", std::process::id()));
    let bare = std::fs::create_dir_all(&dir).ok().and_then(|()| measured(&dir, &program.source));
    std::fs::remove_dir_all(&dir).ok();
    bare.map(Fact::Bare)
}

fn measured(dir: &Path, source: &[u8]) -> Option<Bare> {
    let (text, binary) = (dir.join("main.c"), dir.join("main"));
    std::fs::write(&text, source).ok()?;
    corpus::unfold_package(warm::PROBLEM, dir).ok()?;
    let built = Command::new("gcc")
        .args(["-O2", "-static", "-o"])
        .args([&binary, &text])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    if !built.ok()?.success() {
        return None;
    }
    let before = crate::processes::own_and_children_us()?;
    let began = Instant::now();
    let mut runs = 0;
    for _ in 0..ROUNDS {
        for test in TESTS {
            let input = std::fs::File::open(dir.join("tests").join(test)).ok()?;
            let mut child = Command::new(&binary);
            child.stdin(input).stdout(Stdio::null());
            child.status().ok()?;
            runs += 1;
        }
    }
    let wall = began.elapsed();
    let used = crate::processes::own_and_children_us()?.saturating_sub(before);
    let count = float(runs);
    Some(Bare { runs, cpu_us: float(used) / count, wall_us: wall.as_secs_f64() * 1e6 / count })
}
