//! Every cause, as rows.

use minos_model::{Bytes, CpuTime, RawLimits, WallTime};

use crate::support::{limits, run, short, warden};

#[test]
fn every_end_has_its_cause() {
    let mut warden = warden();
    type Change = fn(&mut RawLimits);
    let same: Change = |_| {};
    let short_cpu: Change = |l| l.cpu = CpuTime::from_ms(100);
    let short_wall: Change = |l| l.wall = WallTime::from_ms(200);
    let small: Change = |l| l.memory = Bytes::from_mib(16);
    let quiet: Change = |l| l.output = Bytes::new(1000);
    let rows: &[(&str, &str, Change, &str)] = &[
        ("nothing", "", same, "exited 0"),
        ("exit 137", "exit(137);", same, "exited 137"),
        ("sigkill of its own", "raise(SIGKILL);", same, "signalled 9"),
        ("sigxcpu of its own", "raise(SIGXCPU);", same, "signalled 24"),
        ("sigxfsz of its own", "raise(SIGXFSZ);", same, "signalled 25"),
        ("sigsys of its own", "raise(SIGSYS);", same, "signalled 31"),
        ("sigusr1", "raise(SIGUSR1);", same, "signalled 10"),
        ("abort", "abort();", same, "signalled 6"),
        ("segv", "*(volatile int *)0 = 1;", same, "signalled 11"),
        ("sigpipe", "int p[2]; pipe(p); close(p[0]); write(p[1], \"x\", 1);", same, "signalled 13"),
        ("spin", "for (;;);", short_cpu, "limit cpu_time by watchdog"),
        ("sleep", "sleep(10);", short_wall, "limit wall_time by watchdog"),
        ("stop", "raise(SIGSTOP);", short_wall, "limit wall_time by watchdog"),
        (
            "memory",
            "memset(malloc(64 << 20), 1, 64 << 20); sleep(1);",
            small,
            "limit memory by kernel",
        ),
        ("output", "for (;;) puts(\"hello\");", quiet, "limit output by watchdog"),
        (
            "file",
            "int f = open(\"x\", O_CREAT | O_WRONLY, 0600); for (;;) write(f, argv, 100);",
            quiet,
            "limit output by kernel",
        ),
        (
            "truncate",
            "int f = open(\"x\", O_CREAT | O_WRONLY, 0600); ftruncate(f, 1L << 40);",
            quiet,
            "limit output by kernel",
        ),
        ("ptrace", "syscall(SYS_ptrace, 0, 0, 0, 0);", same, "syscall ptrace"),
        ("reboot", "syscall(SYS_reboot, 0, 0, 0, 0);", same, "syscall reboot"),
        ("int80", "__asm__ volatile(\"int $0x80\" :: \"a\"(20));", same, "syscall foreign-arch"),
    ];
    let mut wrong = Vec::new();
    for (name, body, change, expected) in rows {
        let run = run(&mut warden, body, limits(change));
        let report = &run.report;
        let mut got = short(&report.cause);
        if let Some(code) = report.ending.exit_code().filter(|_| got == "exited") {
            got = format!("{got} {code}");
        }
        if got == "signalled" {
            got = format!("{got} {}", report.ending.signal().unwrap());
        }
        if got.starts_with("limit") {
            got = format!("{got} by {}", report.cause.by());
        }
        println!("{name}: {got} {report:?}");
        if got != *expected {
            wrong.push(format!("{name}: {got}, expected {expected}: {report:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
