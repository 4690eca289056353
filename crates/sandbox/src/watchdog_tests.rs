use minos_model::RawLimits;
use proptest::prelude::*;

use super::*;

const SIGNALS: [u8; 7] = [6, 9, 10, 11, 24, 25, 31];

fn limits() -> Limits {
    Limits::new(RawLimits {
        cpu: CpuTime::from_secs(1),
        wall: WallTime::from_secs(3),
        memory: Bytes::from_mib(64),
        output: Bytes::from_mib(1),
        ..RawLimits::default()
    })
    .expect("within bounds")
}

/// Everything exactly at its limit: the most a program may use.
fn at_the_limits() -> Readings {
    let limits = limits();
    Readings {
        cpu: limits.cpu(),
        wall: limits.wall(),
        memory_peak: limits.memory(),
        output: limits.output(),
        oom_kills: 0,
        memory_hits: 0,
    }
}

/// One above each limit for which the bit is set.
fn above(bits: u8) -> Readings {
    let mut used = at_the_limits();
    let over = |bit: u8| u64::from(bits & bit != 0);
    used.wall = used.wall.saturating_add(WallTime::from_micros(over(1)));
    used.cpu = used.cpu.saturating_add(CpuTime::from_micros(over(2)));
    used.output = Bytes::new(used.output.get() + over(4));
    used.memory_peak = Bytes::new(used.memory_peak.get() + over(8));
    used.oom_kills = over(16);
    used.memory_hits = over(16);
    used
}

fn end(ending: Ending, used: Readings) -> FinalReadings {
    FinalReadings {
        ending,
        used,
        file_limit_hit: false,
        processes_refused: 0,
        disk_full: false,
        stderr_cut: false,
    }
}

fn endings() -> impl Iterator<Item = Ending> {
    let exits = [0, 1, 137, 152, 153, 159, 255].into_iter().map(|code| Ending::Exited { code });
    exits.chain(SIGNALS.into_iter().map(|signal| Ending::Signalled { signal }))
}

fn limit_of(cause: &Cause) -> Option<(LimitKind, By)> {
    match cause {
        Cause::Limit { limit, by, .. } => Some((*limit, *by)),
        Cause::Exited | Cause::Signalled | Cause::Syscall { .. } | Cause::Cancelled => None,
    }
}

/// The order of precedence, written once more and in another way.
fn first(bits: u8) -> Option<(LimitKind, By)> {
    [
        (16, (LimitKind::Memory, By::Kernel)),
        (8, (LimitKind::Memory, By::Watchdog)),
        (4, (LimitKind::Output, By::Watchdog)),
        (2, (LimitKind::CpuTime, By::Watchdog)),
        (1, (LimitKind::WallTime, By::Watchdog)),
    ]
    .into_iter()
    .find_map(|(bit, limit)| (bits & bit != 0).then_some(limit))
}

#[test]
fn every_combination_of_counters_and_ending_has_the_one_cause_that_goes_first() {
    for bits in 0..32 {
        for ending in endings() {
            let (cause, _flags) = conclude(None, &end(ending, above(bits)), &limits()).unwrap();
            let own = match ending {
                Ending::Exited { .. } => Cause::Exited,
                Ending::Signalled { .. } => Cause::Signalled,
            };
            match first(bits) {
                Some(expected) => assert_eq!(limit_of(&cause), Some(expected), "{bits:05b}"),
                None => assert_eq!(cause, own, "{ending:?}"),
            }
        }
    }
}

#[test]
fn a_reading_decides_as_the_end_would() {
    for bits in 0..32 {
        let kill = decide(&above(bits), &limits());
        let decided = kill.map(Cause::from).as_ref().and_then(limit_of);
        assert_eq!(decided, first(bits), "{bits:05b}");
    }
}

#[test]
fn at_the_limit_passes_and_one_above_does_not() {
    assert_eq!(decide(&at_the_limits(), &limits()), None);
    for bit in [1, 2, 4, 8] {
        let Some(Kill::Limit { allowed, observed, .. }) = decide(&above(bit), &limits()) else {
            panic!("{bit}");
        };
        assert_eq!(observed, allowed + 1, "{bit}");
    }
}

#[test]
fn below_every_limit_the_end_is_the_program_s_own_whatever_it_looks_like() {
    for ending in endings() {
        let (cause, flags) = conclude(None, &end(ending, at_the_limits()), &limits()).unwrap();
        assert_eq!(cause.by(), By::Itself, "{ending:?}");
        assert!(flags.is_empty());
    }
}

#[test]
fn the_kill_that_was_recorded_decides_whatever_the_counters_say_later() {
    let kills = [
        Kill::Cancelled,
        Kill::Syscall { syscall: "ptrace".to_owned() },
        decide(&above(1), &limits()).unwrap(),
        decide(&above(2), &limits()).unwrap(),
        decide(&above(4), &limits()).unwrap(),
        decide(&above(8), &limits()).unwrap(),
        decide(&above(16), &limits()).unwrap(),
    ];
    for kill in kills {
        for bits in 0..32 {
            for ending in endings() {
                let end = FinalReadings { file_limit_hit: true, ..end(ending, above(bits | 16)) };
                let (cause, _flags) = conclude(Some(kill.clone()), &end, &limits()).unwrap();
                assert_eq!(cause, Cause::from(kill.clone()), "{bits:05b} {ending:?}");
            }
        }
    }
}

#[test]
fn the_kernel_s_cpu_limit_is_named_only_when_the_counters_show_it() {
    let hard = CpuTime::from_secs(limits().hard_cpu_secs());
    let a_moment = CpuTime::from_ms(100);
    for signal in [SIGXCPU, SIGKILL] {
        for (cpu, expected) in [
            (limits().cpu(), None),
            (limits().cpu().saturating_add(a_moment), Some((LimitKind::CpuTime, By::Watchdog))),
            (hard.saturating_sub(a_moment), Some((LimitKind::CpuTime, By::Watchdog))),
            (hard, Some((LimitKind::CpuTime, By::Kernel))),
        ] {
            let used = Readings { cpu, ..Readings::default() };
            let end = end(Ending::Signalled { signal }, used);
            let (cause, _flags) = conclude(None, &end, &limits()).unwrap();
            assert_eq!(limit_of(&cause), expected, "{signal} {cpu}");
        }
    }
}

#[test]
fn a_file_too_large_is_the_output_limit_and_goes_where_output_goes() {
    for bits in 0..32 {
        let ending = Ending::Signalled { signal: SIGXFSZ };
        let end = FinalReadings { file_limit_hit: true, ..end(ending, above(bits)) };
        let (cause, _flags) = conclude(None, &end, &limits()).unwrap();
        let expected = match first(bits) {
            Some(memory @ (LimitKind::Memory, _)) => memory,
            Some(stdout @ (LimitKind::Output, _)) => stdout,
            _ => (LimitKind::Output, By::Kernel),
        };
        assert_eq!(limit_of(&cause), Some(expected), "{bits:05b}");
    }
}

#[test]
fn a_kill_for_memory_below_the_limit_is_the_machine_s_fault() {
    let used = Readings { oom_kills: 1, ..Readings::default() };
    let end = end(Ending::Signalled { signal: SIGKILL }, used);
    for recorded in [None, decide(&used, &limits())] {
        let fault = conclude(recorded, &end, &limits()).expect_err("no limit of its own was hit");
        assert_eq!(fault, HostPressure { used: Bytes::ZERO, allowed: limits().memory() });
    }
    // A run that was cancelled at that moment is cancelled.
    let (cause, _flags) = conclude(Some(Kill::Cancelled), &end, &limits()).unwrap();
    assert_eq!(cause, Cause::Cancelled);
    let own = FinalReadings { used: Readings { memory_hits: 1, ..used }, ..end };
    let (cause, _flags) = conclude(None, &own, &limits()).unwrap();
    assert_eq!(limit_of(&cause), Some((LimitKind::Memory, By::Kernel)));
}

#[test]
fn flags_say_what_happened_without_ending_the_run() {
    let exited = Ending::Exited { code: 1 };
    let killed = Ending::Signalled { signal: SIGKILL };
    let quiet = end(exited, at_the_limits());
    let oom = |oom_kills| Readings { oom_kills, memory_hits: 1, ..at_the_limits() };
    for (end, flags) in [
        (quiet, vec![]),
        (FinalReadings { processes_refused: 1, ..quiet }, vec![Flag::ProcessLimit]),
        (FinalReadings { disk_full: true, ..quiet }, vec![Flag::DiskFull]),
        (FinalReadings { stderr_cut: true, ..quiet }, vec![Flag::StderrCut]),
        (FinalReadings { used: oom(1), ..quiet }, vec![Flag::OomChild]),
        (FinalReadings { used: oom(1), ending: killed, ..quiet }, vec![]),
        (FinalReadings { used: oom(2), ending: killed, ..quiet }, vec![Flag::OomChild]),
        (
            FinalReadings {
                processes_refused: 1,
                disk_full: true,
                stderr_cut: true,
                used: oom(1),
                ..quiet
            },
            Flag::ALL.to_vec(),
        ),
    ] {
        assert_eq!(conclude(None, &end, &limits()).unwrap().1, flags);
    }
}

#[test]
fn the_next_look_is_when_a_limit_can_be_exceeded_at_the_earliest() {
    let used = |cpu_us, wall_us| Readings {
        cpu: CpuTime::from_micros(cpu_us),
        wall: WallTime::from_micros(wall_us),
        ..Readings::default()
    };
    for (readings, cores, micros) in [
        (used(0, 0), 1, 50_000),
        (used(980_000, 980_000), 1, 20_001),
        (used(980_000, 980_000), 2, 10_001),
        (used(980_000, 980_000), 0, 20_001),
        (used(999_900, 999_900), 1, 500),
        (used(0, 2_990_000), 1, 10_001),
        (used(2_000_000, 9_000_000), 1, 500),
    ] {
        let wait = next_look(&readings, &limits(), cores);
        assert_eq!(wait, Duration::from_micros(micros), "{readings:?} {cores}");
    }
}

prop_compose! {
    fn readings()(
        cpu in 0_u64..4_000_000,
        wall in 0_u64..6_000_000,
        memory in 0_u64..128 << 20,
        output in 0_u64..2 << 20,
        oom_kills in 0_u64..3,
    ) -> Readings {
        Readings {
            cpu: CpuTime::from_micros(cpu),
            wall: WallTime::from_micros(wall),
            memory_peak: Bytes::new(memory),
            output: Bytes::new(output),
            oom_kills,
            memory_hits: oom_kills,
        }
    }
}

prop_compose! {
    /// Below every limit, and often close to one.
    fn below()(
        cpu in prop_oneof![0_u64..=1_000_000, 990_000_u64..=1_000_000],
        wall in prop_oneof![0_u64..=3_000_000, 2_990_000_u64..=3_000_000],
    ) -> Readings {
        let (cpu, wall) = (CpuTime::from_micros(cpu), WallTime::from_micros(wall));
        Readings { cpu, wall, ..Readings::default() }
    }
}

proptest! {
    #[test]
    fn more_of_anything_never_takes_a_kill_back(a in readings(), b in readings()) {
        let more = Readings {
            cpu: a.cpu.max(b.cpu),
            wall: a.wall.max(b.wall),
            memory_peak: a.memory_peak.max(b.memory_peak),
            output: a.output.max(b.output),
            oom_kills: a.oom_kills.max(b.oom_kills),
            memory_hits: a.memory_hits.max(b.memory_hits),
        };
        prop_assert!(decide(&a, &limits()).is_none() || decide(&more, &limits()).is_some());
    }

    #[test]
    fn no_limit_expires_before_the_next_look_unless_it_is_due_at_once(
        now in below(),
        cores in 1_u32..8,
    ) {
        let wait = next_look(&now, &limits(), cores);
        if wait > SHORTEST_LOOK {
            let micros = u64::try_from(wait.as_micros()).unwrap() - 1;
            let cpu = CpuTime::from_micros(micros * u64::from(cores));
            let then = Readings {
                cpu: now.cpu.saturating_add(cpu),
                wall: now.wall.saturating_add(WallTime::from_micros(micros)),
                ..now
            };
            prop_assert_eq!(decide(&then, &limits()), None);
        }
    }

    #[test]
    fn the_watchdog_looks_between_the_soft_and_the_hard_limit(now in below()) {
        let limits = limits();
        let micros = u64::try_from(next_look(&now, &limits, 1).as_micros()).unwrap();
        let wait = WallTime::from_micros(micros);
        let looked = now.wall.saturating_add(wait);
        prop_assert!(looked < limits.hard_wall());
        let cpu = now.cpu.saturating_add(CpuTime::from_micros(wait.micros()));
        prop_assert!(cpu < CpuTime::from_secs(limits.hard_cpu_secs()));
    }

    #[test]
    fn the_end_agrees_with_any_reading_before_it(used in readings(), signal in 1_u8..32) {
        let end = end(Ending::Signalled { signal }, used);
        let (cause, _flags) = conclude(None, &end, &limits()).unwrap();
        let decided = decide(&used, &limits()).map(Cause::from);
        let limit = |cause: &Cause| limit_of(cause).map(|(limit, _by)| limit);
        prop_assert_eq!(limit(&cause), decided.as_ref().and_then(limit));
    }
}
