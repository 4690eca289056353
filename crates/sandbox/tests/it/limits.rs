//! Each limit as a pair: just under passes, just over is caught.

use minos_model::{Bytes, Cause, CpuTime, Flag, RawLimits, WallTime};
use minos_sandbox::{Sandbox, SandboxConfig, Sink, Template};

use crate::support::{config, limits, program, request, run, short, warden};

type Change = fn(&mut RawLimits);

#[test]
fn just_under_a_limit_passes_and_just_over_is_that_limits() {
    let mut warden = warden();
    let memory: Change = |l| l.memory = Bytes::from_mib(32);
    let output: Change = |l| l.output = Bytes::new(1000);
    let cpu: Change = |l| l.cpu = CpuTime::from_ms(200);
    let wall: Change = |l| l.wall = WallTime::from_ms(300);
    let touch = "memset(malloc(SIZE), 1, SIZE);";
    let children = "for (int i = 0; i < 4; i++) if (!fork()) { memset(malloc(SIZE), 1, SIZE); \
                    sleep(1); _exit(0); } for (int i = 0; i < 4; i++) wait(0);";
    let shared = "memset(mmap(0, SIZE, 3, MAP_SHARED | MAP_ANONYMOUS, -1, 0), 1, SIZE);";
    let write = "char b[2000]; write(1, b, SIZE);";
    let file = "char b[2000]; int f = open(\"x\", O_CREAT | O_WRONLY, 0600); \
                if (write(f, b, SIZE) < SIZE) write(f, b, 1);";
    let spin = "struct timespec t; do clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t); \
                while (t.tv_sec * 1000 + t.tv_nsec / 1000000 < SIZE);";
    let pause = "usleep(SIZE * 1000);";
    let rows: &[(&str, Change, &str, &str, &str)] = &[
        (touch, memory, "(28 << 20)", "(36 << 20)", "limit memory"),
        (children, memory, "(6 << 20)", "(12 << 20)", "limit memory"),
        (shared, memory, "(28 << 20)", "(36 << 20)", "limit memory"),
        (write, output, "1000", "1001", "limit output"),
        (file, output, "1000", "1002", "limit output"),
        (spin, cpu, "150", "260", "limit cpu_time"),
        (pause, wall, "150", "400", "limit wall_time"),
    ];
    for (body, change, under, over, limit) in rows {
        let mut cause = |size| {
            let run = run(&mut warden, &body.replace("SIZE", size), limits(change));
            (short(&run.report.cause), run.report)
        };
        let (under, report) = cause(under);
        assert_eq!(under, "exited", "{body} {report:?}");
        let (over, report) = cause(over);
        assert_eq!(over, *limit, "{body} {report:?}");
    }
}

#[test]
fn a_program_that_exits_0_above_its_cpu_limit_is_that_limits() {
    let mut warden = warden();
    // Shorter than the watchdog's first look would notice in time.
    let run = run(
        &mut warden,
        "for (volatile long i = 0; i < 300000; i++);",
        limits(|l| {
            l.cpu = CpuTime::from_micros(100);
        }),
    );
    assert_eq!(short(&run.report.cause), "limit cpu_time", "{:?}", run.report);
}

#[test]
fn diagnostics_up_to_their_limit_pass_and_a_flood_ends_the_run() {
    let mut warden = warden();
    let body = "char b[1000] = {}; for (int i = 0; i < SIZE; i++) write(2, b, 1000); pause();";
    for (size, expected) in [("100", "limit wall_time"), ("101", "limit output")] {
        let text = body.replace("SIZE", size);
        let short_wall = limits(|l| l.wall = WallTime::from_ms(500));
        let mut request = request(program("", &text), short_wall);
        request.stderr = Sink::Diagnostics(Bytes::new(100_000));
        let run = warden.run(&request).unwrap();
        assert_eq!(short(&run.report.cause), expected, "{size}: {:?}", run.report);
        assert_eq!(run.stderr.len(), 64 << 10, "what is kept is the same");
    }
}

#[test]
fn a_run_with_slack_ends_by_itself_a_little_above_its_limit_and_is_over_it_all_the_same() {
    let mut warden = warden();
    let spin = "struct timespec t; do clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t); \
                while (t.tv_sec * 1000 + t.tv_nsec / 1000000 < SIZE);";
    for (size, cause, by_itself) in
        [("150", "exited", true), ("230", "limit cpu_time", true), ("900", "limit cpu_time", false)]
    {
        let program = program("", &spin.replace("SIZE", size));
        let mut request = request(program, limits(|l| l.cpu = CpuTime::from_ms(200)));
        request.cpu_slack = CpuTime::from_ms(100);
        let report = warden.run(&request).unwrap().report;
        assert_eq!(short(&report.cause), cause, "{size}: {report:?}");
        assert_eq!(report.ending.exit_code() == Some(0), by_itself, "{size}: {report:?}");
        if let Cause::Limit { allowed, observed, .. } = report.cause {
            assert_eq!(allowed, 200_000, "the limit is what it was");
            assert!(by_itself || observed > 300_000, "{report:?}");
        }
    }
}

#[test]
fn what_does_not_end_a_run_is_a_flag() {
    let disk = SandboxConfig { disk: Bytes::from_mib(1), disk_files: 64, ..config() };
    let mut warden = Sandbox::open(disk).unwrap().warden(0, Template::default()).unwrap();
    let same: Change = |_| {};
    let four: Change = |l| l.processes = 4;
    let forks = "for (int i = 0; i < SIZE; i++) if (!fork()) { sleep(1); _exit(0); }";
    let threads = "pthread_t t; for (int i = 0; i < SIZE; i++) \
                   pthread_create(&t, 0, (void *(*)(void *))sleep, (void *)1);";
    let err = "char b[70000]; write(2, b, SIZE);";
    let fill = "char b[4096]; int f = open(\"x\", O_CREAT | O_WRONLY, 0600); \
                for (int i = 0; i < SIZE; i++) write(f, b, 4096);";
    let many = "for (int i = 0; i < SIZE; i++) { char n[9]; sprintf(n, \"%d\", i); \
                close(open(n, O_CREAT, 0600)); }";
    let rows: &[(&str, Change, &str, &str, Flag)] = &[
        (forks, four, "3", "4", Flag::ProcessLimit),
        (threads, four, "3", "4", Flag::ProcessLimit),
        (err, same, "65536", "65537", Flag::StderrCut),
        (fill, same, "200", "300", Flag::DiskFull),
        (many, same, "50", "70", Flag::DiskFull),
    ];
    for (body, change, under, over, flag) in rows {
        let mut flags = |size| {
            let run = run(&mut warden, &body.replace("SIZE", size), limits(change));
            assert_eq!(short(&run.report.cause), "exited", "{body} {:?}", run.report);
            run.report.flags
        };
        assert_eq!(flags(under), [], "{body}");
        assert_eq!(flags(over), [*flag], "{body}");
    }
}

#[test]
fn memory_is_the_runs_limit_whichever_process_hit_it() {
    let mut warden = warden();
    let body =
        "if (!fork()) { memset(malloc(64 << 20), 1, 64 << 20); _exit(0); } wait(0); exit(1);";
    let run = run(&mut warden, body, limits(|l| l.memory = Bytes::from_mib(16)));
    assert_eq!(short(&run.report.cause), "limit memory", "{:?}", run.report);
    assert_eq!(run.report.flags, [Flag::OomChild], "{:?}", run.report);
}

#[test]
fn memory_that_is_reserved_and_not_touched_is_not_counted() {
    let mut warden = warden();
    let body = "if (mmap(0, 1L << 40, 0, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0) == \
                MAP_FAILED) abort();";
    let report = run(&mut warden, body, limits(|_| {})).report;
    assert_eq!(short(&report.cause), "exited", "{report:?}");
    assert!(report.memory < Bytes::from_mib(8), "{report:?}");
}

#[test]
fn the_same_program_has_the_same_figures_after_any_neighbour() {
    let mut warden = warden();
    let mut measure = || run(&mut warden, "", limits(|_| {})).report.memory;
    let before = measure();
    let hog = "memset(malloc(100 << 20), 1, 100 << 20); for (;;) write(1, argv, 1);";
    run_hog(hog);
    let after = measure();
    let apart = before.get().abs_diff(after.get());
    assert!(apart <= 64 << 10, "{before} before, {after} after");
}

fn run_hog(body: &str) {
    let mut other = Sandbox::open(config()).unwrap().warden(1, Template::default()).unwrap();
    let report = run(&mut other, body, limits(|l| l.output = Bytes::from_kib(100))).report;
    assert_eq!(short(&report.cause), "limit output", "{report:?}");
}
