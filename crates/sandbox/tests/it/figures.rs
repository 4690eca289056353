//! What is measured is the program's, on every level.

use minos_model::{Bytes, Cause, CpuTime, Isolation, RunReport};
use minos_sandbox::{Sandbox, SandboxConfig, Sink, Template, Warden};
use nix::sys::resource::{Resource, getrlimit, setrlimit};

use crate::support::{config, limits, program, request, short, warden};

/// A warden without control groups, as an ordinary user would have it.
fn rootless() -> Warden {
    let isolation = Some(Isolation::Rootless);
    let config = SandboxConfig { isolation, allow_rootless: true, ..config() };
    Sandbox::open(config).unwrap().warden(1, Template::default()).unwrap()
}

fn reports(body: &str) -> [RunReport; 2] {
    let program = program("", body);
    [warden(), rootless()]
        .map(|mut warden| warden.run(&request(program.clone(), limits(|_| ()))).unwrap().report)
}

#[test]
fn a_short_program_has_cpu_time_on_every_level() {
    let spin = "struct timespec t; do clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t); \
                while (t.tv_nsec < 5000000);";
    let child = format!("if (!fork()) {{ {spin} _exit(0); }} wait(0);");
    let orphan = format!("if (!fork()) {{ {spin} for (;;) pause(); }} usleep(300000);");
    let thread = "pthread_t t; pthread_create(&t, 0, spin, 0); pthread_join(t, 0);";
    let before =
        format!("void *spin(void *none) {{ {} return 0; }}", spin.replace("PROCESS", "THREAD"));
    for (name, program) in [
        ("itself", program("", spin)),
        ("a child", program("", &child)),
        ("an orphan", program("", &orphan)),
        ("a thread", program(&before, thread)),
    ] {
        for mut warden in [warden(), rootless()] {
            let report = warden.run(&request(program.clone(), limits(|_| ()))).unwrap().report;
            let level = report.isolation;
            assert_eq!(report.cause, Cause::Exited, "{name} {level}");
            // Its own clock began before exec, ours begins there.
            assert!(report.cpu >= CpuTime::from_ms(3), "{name} {level}: {}", report.cpu);
            assert!(report.processes_peak >= 1, "{name} {level}");
        }
    }
    for report in reports("") {
        assert!(report.cpu > CpuTime::ZERO, "{report:?}");
    }
}

/// The most that a program is told which uses hardly anything.
const LEAST_TOLD: Bytes = Bytes::from_kib(1536);

#[test]
fn memory_is_the_program_s_own_peak_on_every_level() {
    let own = "char b[4096]; int f = open(\"/proc/self/status\", 0); b[read(f, b, 4095)] = 0; \
               write(1, strstr(b, \"VmHWM:\") + 6, 16);";
    for touched in
        ["", "memset(malloc(1 << 20), 1, 1 << 20);", "memset(malloc(50 << 20), 1, 50 << 20);"]
    {
        let program = program("", &format!("{touched} {own}"));
        for mut warden in [warden(), rootless()] {
            let mut request = request(program.clone(), limits(|_| ()));
            request.stdout = Sink::Keep;
            let run = warden.run(&request).unwrap();
            let said = run.stdout.unwrap().read(16).unwrap();
            let said = String::from_utf8(said).unwrap();
            let kib = said.split_whitespace().next().unwrap().parse().unwrap();
            let (said, told) = (Bytes::from_kib(kib), run.report.memory);
            let apart = said.get().abs_diff(told.get());
            // The kernel's own count is coarse by 32 pages for each kind of page, and what the
            // warden has resident when it makes a program is the least that is told.
            let near = apart <= 256 << 10 || (said < told && told <= LEAST_TOLD);
            assert!(near, "{touched}: {said} {told} {}", run.report.isolation);
        }
    }
}

#[test]
fn a_fork_bomb_is_held_without_groups_too() {
    let bomb = "for (int i = 0; i < 500; i++) { int p = fork(); if (p < 0) return 7; \
                if (!p) { pause(); } } return 0;";
    let few = limits(|l| l.processes = 16);
    for mut warden in [warden(), rootless()] {
        let run = warden.run(&request(program("", bomb), few)).unwrap();
        let level = run.report.isolation;
        assert_eq!(run.report.ending.exit_code(), Some(7), "{level}: {:?}", run.report);
    }
}

#[test]
fn a_box_that_cannot_be_prepared_costs_no_run_but_the_one_that_has_none() {
    let mut warden = warden();
    let request = request(program("", ""), limits(|_| ()));
    warden.run(&request).unwrap();
    let (_soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
    // Two boxes are ready, and no more can be made: every number below is taken.
    setrlimit(Resource::RLIMIT_NOFILE, 6, hard).unwrap();
    let without: Vec<_> = (0..4).map(|_run| warden.run(&request)).collect();
    setrlimit(Resource::RLIMIT_NOFILE, hard.min(4_096), hard).unwrap();
    let [first, others @ ..] = without.as_slice() else { unreachable!("there were four") };
    assert_eq!(short(&first.as_ref().unwrap().report.cause), "exited");
    let last = others.last().unwrap().as_ref().unwrap_err().to_string();
    assert!(last.contains("Too many open files"), "{last}");
    // The next one is tried for anew.
    assert_eq!(warden.run(&request).unwrap().report.cause, Cause::Exited);
}
