//! `cargo run --release -p minos-sandbox --example bench`: what `minos bench` measures.
#![expect(clippy::print_stderr, clippy::print_stdout, reason = "an example prints")]

use minos_sandbox::bench::{BenchOptions, run};
use minos_sandbox::{SandboxConfig, SandboxError, announce_warden_verb};

fn main() -> Result<(), SandboxError> {
    announce_warden_verb();
    let mut options = BenchOptions::default();
    if std::env::args().nth(1).is_some_and(|argument| argument == "--quick") {
        options.samples = 200;
        options.sparse = 10;
        options.throughput = std::time::Duration::from_millis(300);
        options.overshoot = 5;
    }
    let config = SandboxConfig::default();
    let report = run(&options, config, &mut |what| eprintln!("{what}"))?;
    println!("{report:?}");
    Ok(())
}
