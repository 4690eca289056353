//! What is measured is the program's, and what is executed is whole, whatever happens around them.

use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};

use minos_model::{Bytes, Cause};
use minos_sandbox::{Blob, Stdin};

use crate::support::{limits, program, request, warden};

#[test]
fn a_program_has_the_same_memory_whatever_the_size_of_its_judge_and_however_its_input_was_read() {
    let mut warden = warden();
    let reader = program("", "static char b[65536]; while (read(0, b, sizeof b) > 0);");
    let input = Blob::from_bytes(&vec![b'7'; 32 << 20]).unwrap();
    let mut memory = || {
        let mut run = request(reader.clone(), limits(|_| {}));
        run.stdin = Stdin::Blob(input.clone());
        let report = warden.run(&run).unwrap().report;
        assert_eq!(report.cause, Cause::Exited, "{report:?}");
        report.memory
    };
    let cold = memory();
    let warm = memory();
    // Every page touched, and looked at afterwards, so that it is there meanwhile.
    let ballast = vec![1_u8; 256 << 20];
    let large = memory();
    assert_eq!(ballast.iter().step_by(4096).map(|byte| usize::from(*byte)).sum::<usize>(), 65_536);
    assert!(cold < Bytes::from_mib(8), "the input is not the program's: {cold}");
    for (name, other) in [("a warm input", warm), ("a large judge", large)] {
        assert!(cold.get().abs_diff(other.get()) <= 64 << 10, "{name}: {cold} and {other}");
    }
}

#[test]
fn a_program_starts_while_others_are_being_written() {
    let mut warden = warden();
    let bytes = program("", "").read(64 << 20).unwrap();
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        // Each child has, until its exec, a copy of every descriptor that is open for writing.
        scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                assert!(Command::new("/bin/true").status().unwrap().success());
            }
        });
        let causes: Vec<_> = (0..50)
            .map(|_| {
                let fresh = Blob::from_bytes(&bytes).unwrap();
                warden.run(&request(fresh, limits(|_| {}))).map(|run| run.report.cause)
            })
            .collect();
        over.store(true, Ordering::Relaxed);
        for cause in causes {
            assert_eq!(cause.unwrap(), Cause::Exited);
        }
    });
}
