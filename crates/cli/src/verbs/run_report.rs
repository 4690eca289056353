//! What `minos run` says: `minos.run/1`, and the same in words.

use minos_model::{Bytes, Cause, CpuTime, Ending, Isolation, LimitKind, RunReport, WallTime};
use serde::Serialize;

use crate::console::{Colour, Console};

/// `minos.run/1` for one run.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct RunDocument {
    schema: &'static str,
    cause: CauseDocument,
    exit_code: Option<u8>,
    signal: Option<u8>,
    cpu_us: u64,
    wall_us: u64,
    memory_bytes: u64,
    stdout_bytes: u64,
    stderr_bytes: u64,
    processes_peak: u32,
    flags: Vec<&'static str>,
    isolation: Option<&'static str>,
}

/// The `cause` of a run; only the fields of its kind are present.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct CauseDocument {
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    syscall: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    step: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    errno: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    allowed: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    observed: Option<u64>,
}

impl RunDocument {
    const SCHEMA: &'static str = "minos.run/1";

    /// The document of a run that took place.
    pub(crate) fn of_report(report: &RunReport) -> Self {
        Self {
            schema: Self::SCHEMA,
            cause: CauseDocument::of(&report.cause),
            exit_code: report.ending.exit_code(),
            signal: report.ending.signal(),
            cpu_us: report.cpu.micros(),
            wall_us: report.wall.micros(),
            memory_bytes: report.memory.get(),
            stdout_bytes: report.stdout_bytes.get(),
            stderr_bytes: report.stderr_bytes.get(),
            processes_peak: report.processes_peak,
            flags: report.flags.iter().map(|flag| flag.as_str()).collect(),
            isolation: Some(report.isolation.as_str()),
        }
    }

    /// The document of a box that could not be built.
    pub(crate) fn of_setup(setup: &SetupTrouble, isolation: Option<Isolation>) -> Self {
        Self {
            schema: Self::SCHEMA,
            cause: CauseDocument {
                kind: "setup",
                step: Some(setup.step.clone()),
                errno: setup.errno,
                message: Some(setup.message.clone()),
                ..CauseDocument::default()
            },
            exit_code: None,
            signal: None,
            cpu_us: 0,
            wall_us: 0,
            memory_bytes: 0,
            stdout_bytes: 0,
            stderr_bytes: 0,
            processes_peak: 0,
            flags: Vec::new(),
            isolation: isolation.map(Isolation::as_str),
        }
    }
}

/// Several runs: the fields of the last at the top, all of them in `runs`.
#[derive(Debug, Serialize)]
pub(crate) struct RepeatedDocument<'a> {
    #[serde(flatten)]
    pub(crate) last: &'a RunDocument,
    pub(crate) runs: &'a [RunDocument],
}

/// Why a box could not be built.
#[derive(Debug, Clone)]
pub(crate) struct SetupTrouble {
    /// The step that failed.
    pub(crate) step: String,
    /// What the kernel answered, where it was asked.
    pub(crate) errno: Option<i32>,
    /// In words, with what to type.
    pub(crate) message: String,
}

impl CauseDocument {
    fn of(cause: &Cause) -> Self {
        let plain = Self { kind: cause.kind(), by: Some(cause.by().as_str()), ..Self::default() };
        match cause {
            Cause::Exited | Cause::Signalled | Cause::Cancelled => plain,
            Cause::Syscall { syscall } => Self { syscall: Some(syscall.clone()), ..plain },
            Cause::Limit { limit, allowed, observed, .. } => Self {
                limit: Some(limit.as_str()),
                allowed: Some(*allowed),
                observed: Some(*observed),
                ..plain
            },
        }
    }
}

/// Whether the program ended by itself with code 0.
pub(crate) fn is_success(report: &RunReport) -> bool {
    report.cause == Cause::Exited && report.ending.exit_code() == Some(0)
}

/// Why the run ended, as a sentence without a full stop.
pub(crate) fn cause_in_words(report: &RunReport) -> String {
    let cause = &report.cause;
    match cause {
        Cause::Exited | Cause::Signalled => match report.ending {
            Ending::Exited { code } => format!("exited with code {code}"),
            Ending::Signalled { signal } => match signal_name(signal) {
                Some(name) => format!("ended by signal {signal} ({name}) of its own"),
                None => format!("ended by signal {signal} of its own"),
            },
        },
        Cause::Limit { limit, by, allowed, observed } => {
            let what = limit_in_words(*limit);
            let (used, of) = match limit {
                LimitKind::CpuTime => (cpu(*observed), cpu(*allowed)),
                LimitKind::WallTime => (wall(*observed), wall(*allowed)),
                LimitKind::Memory | LimitKind::Output => (size(*observed), size(*allowed)),
            };
            format!("{what} limit: {used} of {of} (noticed by: {by})")
        }
        Cause::Syscall { syscall } => format!("ended at the forbidden system call {syscall}"),
        Cause::Cancelled => "cancelled".to_owned(),
    }
}

fn cpu(micros: u64) -> String {
    CpuTime::from_micros(micros).to_string()
}

fn wall(micros: u64) -> String {
    WallTime::from_micros(micros).to_string()
}

fn size(bytes: u64) -> String {
    Bytes::new(bytes).to_string()
}

/// The report for a person, two or three lines.
pub(crate) fn in_words(console: Console, report: &RunReport) -> String {
    let colour = if is_success(report) { Colour::Green } else { Colour::Red };
    let mut lines = vec![
        console.paint(colour, &cause_in_words(report)),
        format!(
            "cpu {}  wall {}  memory {}  stdout {}  stderr {}  processes {}  ({})",
            report.cpu,
            report.wall,
            report.memory,
            report.stdout_bytes,
            report.stderr_bytes,
            report.processes_peak,
            report.isolation
        ),
    ];
    if !report.flags.is_empty() {
        let flags: Vec<&str> = report.flags.iter().map(|flag| flag.as_str()).collect();
        lines.push(format!("also: {}", flags.join(", ")));
    }
    lines.join("\n")
}

/// Several runs for a person: how they ended, and the spread of what they used.
pub(crate) fn summary(console: Console, reports: &[RunReport]) -> String {
    let mut endings: Vec<(String, usize)> = Vec::new();
    for report in reports {
        let ending = match &report.cause {
            Cause::Limit { limit, .. } => format!("{} limit", limit_in_words(*limit)),
            Cause::Exited | Cause::Signalled | Cause::Syscall { .. } | Cause::Cancelled => {
                cause_in_words(report)
            }
        };
        match endings.iter_mut().find(|(known, _)| *known == ending) {
            Some((_, count)) => *count += 1,
            None => endings.push((ending, 1)),
        }
    }
    let told = match endings.as_slice() {
        [(only, _)] => format!("all {only}"),
        several => {
            let rows: Vec<String> =
                several.iter().map(|(ending, count)| format!("{count} {ending}")).collect();
            rows.join(", ")
        }
    };
    let colour = if reports.iter().all(is_success) { Colour::Green } else { Colour::Red };
    let spread = |name: &str, value: fn(&RunReport) -> u64, text: fn(u64) -> String| {
        let mut values: Vec<u64> = reports.iter().map(value).collect();
        values.sort_unstable();
        let at = |index: usize| text(values.get(index).copied().unwrap_or_default());
        let (median, last) = (values.len() / 2, values.len().saturating_sub(1));
        format!("{name:<7} least {:<11} median {:<11} most {}", at(0), at(median), at(last))
    };
    let isolation = reports.first().map_or("", |report| report.isolation.as_str());
    [
        console.paint(colour, &format!("{} runs: {told}", reports.len())),
        spread("cpu", |report| report.cpu.micros(), cpu),
        spread("wall", |report| report.wall.micros(), wall),
        format!("{}  ({isolation})", spread("memory", |report| report.memory.get(), size)),
    ]
    .join("\n")
}

const fn limit_in_words(limit: LimitKind) -> &'static str {
    match limit {
        LimitKind::CpuTime => "CPU time",
        LimitKind::WallTime => "wall-clock",
        LimitKind::Memory => "memory",
        LimitKind::Output => "output",
    }
}

/// The names of the signals that programs die of.
fn signal_name(signal: u8) -> Option<&'static str> {
    const NAMES: [(u8, &str); 17] = [
        (1, "SIGHUP"),
        (2, "SIGINT"),
        (3, "SIGQUIT"),
        (4, "SIGILL"),
        (5, "SIGTRAP"),
        (6, "SIGABRT"),
        (7, "SIGBUS"),
        (8, "SIGFPE"),
        (9, "SIGKILL"),
        (10, "SIGUSR1"),
        (11, "SIGSEGV"),
        (13, "SIGPIPE"),
        (14, "SIGALRM"),
        (15, "SIGTERM"),
        (24, "SIGXCPU"),
        (25, "SIGXFSZ"),
        (31, "SIGSYS"),
    ];
    NAMES.iter().find(|(number, _)| *number == signal).map(|(_, name)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use minos_model::{By, Flag};

    fn report(cause: Cause, ending: Ending) -> RunReport {
        RunReport {
            cause,
            ending,
            cpu: CpuTime::from_micros(1_000_950),
            wall: WallTime::from_micros(1_003_120),
            memory: Bytes::new(1_327_104),
            stdout_bytes: Bytes::ZERO,
            stderr_bytes: Bytes::ZERO,
            processes_peak: 1,
            flags: vec![],
            isolation: Isolation::CgroupV2,
        }
    }

    #[test]
    fn the_document_is_the_one_that_is_promised() {
        let cause = Cause::Limit {
            limit: LimitKind::CpuTime,
            by: By::Watchdog,
            allowed: 1_000_000,
            observed: 1_000_950,
        };
        let document = RunDocument::of_report(&report(cause, Ending::Signalled { signal: 9 }));
        let expected = serde_json::json!({
            "schema": "minos.run/1",
            "cause": {"kind": "limit", "limit": "cpu_time", "by": "watchdog",
                      "allowed": 1_000_000, "observed": 1_000_950},
            "exit_code": null, "signal": 9, "cpu_us": 1_000_950, "wall_us": 1_003_120,
            "memory_bytes": 1_327_104, "stdout_bytes": 0, "stderr_bytes": 0,
            "processes_peak": 1, "flags": [], "isolation": "cgroup-v2"
        });
        assert_eq!(serde_json::to_value(&document).unwrap(), expected);
    }

    #[test]
    fn each_kind_of_cause_has_its_own_fields_and_no_others() {
        let rows = [
            (Cause::Exited, r#"{"kind":"exited","by":"self"}"#),
            (Cause::Signalled, r#"{"kind":"signalled","by":"self"}"#),
            (
                Cause::Syscall { syscall: "ptrace".to_owned() },
                r#"{"kind":"syscall","syscall":"ptrace","by":"kernel"}"#,
            ),
        ];
        for (cause, expected) in rows {
            let text = serde_json::to_string(&CauseDocument::of(&cause)).unwrap();
            assert_eq!(text, expected);
        }
    }

    #[test]
    fn a_box_that_could_not_be_built_names_the_step_and_keeps_every_key() {
        let setup = SetupTrouble {
            step: "pivot_root".to_owned(),
            errno: Some(1),
            message: "not permitted".to_owned(),
        };
        let document = serde_json::to_value(RunDocument::of_setup(&setup, None)).unwrap();
        assert_eq!(document["cause"]["kind"], "setup");
        assert_eq!(document["cause"]["step"], "pivot_root");
        assert_eq!(document["cause"]["errno"], 1);
        assert!(document.get("exit_code").is_some_and(serde_json::Value::is_null));
        assert!(document.get("signal").is_some_and(serde_json::Value::is_null));
    }

    #[test]
    fn several_runs_are_one_document() {
        let ended = Ending::Exited { code: 0 };
        let runs = vec![RunDocument::of_report(&report(Cause::Exited, ended)); 3];
        let document = RepeatedDocument { last: &runs[2], runs: &runs };
        let value = serde_json::to_value(&document).unwrap();
        assert_eq!(value["schema"], "minos.run/1");
        assert_eq!(value["exit_code"], 0);
        assert_eq!(value["runs"].as_array().map(Vec::len), Some(3));
    }

    #[test]
    fn several_runs_are_summed_up_by_how_they_ended() {
        let fine = report(Cause::Exited, Ending::Exited { code: 0 });
        let mut slow = fine.clone();
        slow.cpu = CpuTime::from_ms(3_000);
        slow.cause = Cause::Limit {
            limit: LimitKind::CpuTime,
            by: By::Watchdog,
            allowed: 1,
            observed: 3_000_000,
        };
        let all = summary(Console::plain(), &[fine.clone(), fine.clone(), fine.clone()]);
        assert!(all.starts_with("3 runs: all exited with code 0\n"), "{all}");
        let mixed = summary(Console::plain(), &[fine.clone(), slow, fine]);
        assert!(mixed.starts_with("3 runs: 2 exited with code 0, 1 CPU time limit\n"), "{mixed}");
        assert!(mixed.contains("most 3.000 s") || mixed.contains("most 3 s"), "{mixed}");
        assert_eq!(mixed.lines().count(), 4);
    }

    #[test]
    fn the_cause_is_put_into_words() {
        let rows = [
            (Cause::Exited, Ending::Exited { code: 3 }, "exited with code 3"),
            (
                Cause::Signalled,
                Ending::Signalled { signal: 11 },
                "ended by signal 11 (SIGSEGV) of its own",
            ),
            (
                Cause::Limit {
                    limit: LimitKind::Memory,
                    by: By::Kernel,
                    allowed: 16 << 20,
                    observed: 17 << 20,
                },
                Ending::Signalled { signal: 9 },
                "memory limit: 17 MiB of 16 MiB (noticed by: kernel)",
            ),
        ];
        for (cause, ending, expected) in rows {
            assert_eq!(cause_in_words(&report(cause, ending)), expected);
        }
        let mut with_flags = report(Cause::Exited, Ending::Exited { code: 0 });
        with_flags.flags = vec![Flag::ProcessLimit];
        let text = in_words(Console::plain(), &with_flags);
        assert!(text.contains("also: process_limit"), "{text}");
    }
}
