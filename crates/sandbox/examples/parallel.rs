//! throwaway
#![allow(clippy::all, clippy::pedantic, missing_docs)]
use minos_model::RawLimits;
#[allow(unused_imports)]
use minos_sandbox::{Blob, Program, RunRequest, Sandbox, SandboxConfig, Template};
use std::ffi::CString;
use std::path::Path;
use std::sync::Barrier;
use std::time::{Duration, Instant};
fn cpu() -> Vec<u64> {
    let s = std::fs::read_to_string("/proc/stat").unwrap();
    s.lines().next().unwrap().split_whitespace().skip(1).map(|x| x.parse().unwrap()).collect()
}
fn main() {
    let n: usize = std::env::args().nth(1).unwrap().parse().unwrap();
    let secs: u64 = std::env::args().nth(2).unwrap().parse().unwrap();
    let prog = std::env::args().nth(3).unwrap_or("/tmp/empty".into());
    let sandbox = Sandbox::open(SandboxConfig::default()).unwrap();
    let mut wardens: Vec<_> =
        (0..n).map(|i| sandbox.warden(i as u16, Template::default()).unwrap()).collect();
    let barrier = Barrier::new(n + 1);
    std::thread::scope(|s| {
        let hs: Vec<_> = wardens
            .iter_mut()
            .map(|w| {
                let (barrier, prog) = (&barrier, &prog);
                s.spawn(move || {
                    let blob = Blob::from_file(Path::new(prog)).unwrap();
                    let limits = minos_model::Limits::new(RawLimits::default()).unwrap();
                    let req = RunRequest::new(Program::Blob(blob), vec!["empty".into()], limits);
                    for _ in 0..20 {
                        w.run(&req).unwrap();
                    }
                    barrier.wait();
                    let t = Instant::now();
                    let mut k = 0u64;
                    while t.elapsed() < Duration::from_secs(secs) {
                        w.run(&req).unwrap();
                        k += 1;
                    }
                    k
                })
            })
            .collect();
        barrier.wait();
        let c0 = cpu();
        let k: u64 = hs.into_iter().map(|h| h.join().unwrap()).sum();
        let c1 = cpu();
        let d: Vec<u64> = c1.iter().zip(&c0).map(|(a, b)| a - b).collect();
        println!(
            "n={n} {}/s user {} sys {} idle {} irq {} softirq {} steal {}; cpu ms per run {:.2}",
            k / secs,
            d[0],
            d[2],
            d[3],
            d[5],
            d[6],
            d[7],
            (d[0] + d[2] + d[5] + d[6] + d[7]) as f64 * 10.0 / k as f64
        );
    });
}
