//! The machine, not the program, is out of memory.

use std::path::{Path, PathBuf};

use minos_model::Bytes;
use minos_sandbox::cgroup::{Level, ProbeConfig};
use minos_sandbox::{Sandbox, SandboxConfig, SandboxError, Template};

use super::support::{config, limits, program, request, short};

/// A group above all of a sandbox's, in each hierarchy; removed when dropped.
struct Above(Vec<PathBuf>);

impl Above {
    fn of(name: &str) -> Self {
        let config = ProbeConfig { root_group: Some(name.to_owned()), ..ProbeConfig::default() };
        let group = Level::probe(&config).unwrap().group(0, 0).unwrap();
        let named = |path: &&Path| path.file_name().is_some_and(|last| last == name);
        let above = |path: PathBuf| path.ancestors().find(named).unwrap().to_owned();
        Self(group.directories().into_iter().map(above).collect())
    }

    fn limit_memory(&self, bytes: Bytes) {
        let files = ["memory.max", "memory.limit_in_bytes"];
        let there = self.0.iter().flat_map(|above| files.map(|file| above.join(file)));
        let file = there.into_iter().find(|file| file.exists()).unwrap();
        std::fs::write(file, bytes.get().to_string()).unwrap();
    }
}

impl Drop for Above {
    fn drop(&mut self) {
        for directory in &self.0 {
            std::fs::remove_dir(directory).unwrap();
        }
    }
}

#[test]
fn a_program_that_dies_because_the_machine_lacks_memory_gets_no_verdict() {
    let name = format!("minos-pressure-{}", std::process::id());
    let above = Above::of(&name);
    above.limit_memory(Bytes::from_mib(96));
    let sandbox = Sandbox::open(SandboxConfig { root_group: Some(name), ..config() }).unwrap();
    let mut warden = sandbox.warden(0, Template::default()).unwrap();
    let touch = program("", "int n = atoi(argv[1]) << 20; memset(malloc(n), 1, n);");
    let mut run = |mib: &str, limit| {
        let mut request = request(touch.clone(), limits(|raw| raw.memory = Bytes::from_mib(limit)));
        request.args.push(mib.into());
        warden.run(&request)
    };
    for (mib, limit, expected) in [
        // Room above; none above; the run's own limit is the lower one; room again.
        ("40", 256, Some("exited")),
        ("140", 256, None),
        ("140", 40, Some("limit memory")),
        ("40", 256, Some("exited")),
    ] {
        match (run(mib, limit), expected) {
            (Ok(run), Some(expected)) => assert_eq!(short(&run.report.cause), expected, "{mib}"),
            (Err(SandboxError::HostPressure(_)), None) => {}
            (other, expected) => panic!("{mib} MiB of {limit}: {other:?} instead of {expected:?}"),
        }
    }
    drop((warden, sandbox));
}
