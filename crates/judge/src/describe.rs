//! Runs of the jury's programs in words, for the one line a person reads when they fail.

use minos_model::{Bytes, Cause, CpuTime, Ending, LimitKind, RunReport, WallTime};

use crate::ruling::cut;

/// How much of a program's stderr stands in a message, in lines and bytes.
const QUOTED_LINES: usize = 3;
const QUOTED_BYTES: usize = 400;

/// `exited with code 3`, `was ended by signal 11`, `hit its CPU limit (30.001 s of 30.000 s)`.
pub(crate) fn ending(report: &RunReport) -> String {
    match &report.cause {
        Cause::Exited | Cause::Signalled => match report.ending {
            Ending::Exited { code } => format!("exited with code {code}"),
            Ending::Signalled { signal } => format!("was ended by signal {signal}"),
        },
        Cause::Limit { limit, allowed, observed, .. } => {
            let (name, observed, allowed) = match limit {
                LimitKind::CpuTime => {
                    let time = |micros| CpuTime::from_micros(micros).to_string();
                    ("CPU", time(*observed), time(*allowed))
                }
                LimitKind::WallTime => {
                    let time = |micros| WallTime::from_micros(micros).to_string();
                    ("wall-clock", time(*observed), time(*allowed))
                }
                LimitKind::Memory | LimitKind::Output => {
                    let name = if *limit == LimitKind::Memory { "memory" } else { "output" };
                    let size = |bytes| Bytes::new(bytes).to_string();
                    (name, size(*observed), size(*allowed))
                }
            };
            format!("hit its {name} limit ({observed} of {allowed})")
        }
        Cause::Syscall { syscall } => format!("made the forbidden system call {syscall}"),
        Cause::Cancelled => "was cancelled".to_owned(),
    }
}

/// The ending together with the first lines of what the program wrote on stderr.
pub(crate) fn with_stderr(report: &RunReport, stderr: &[u8]) -> String {
    let text = String::from_utf8_lossy(stderr);
    let lines: Vec<&str> =
        text.lines().map(str::trim).filter(|line| !line.is_empty()).take(QUOTED_LINES).collect();
    if lines.is_empty() {
        return ending(report);
    }
    format!("{}: {}", ending(report), cut(&lines.join(" | "), QUOTED_BYTES))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake;
    use minos_model::By;

    #[test]
    fn an_ending_is_a_phrase_with_its_numbers() {
        let limit = |limit, allowed, observed| RunReport {
            cause: Cause::Limit { limit, by: By::Watchdog, allowed, observed },
            ..fake::signalled(9)
        };
        for (report, phrase) in [
            (fake::exited(3), "exited with code 3"),
            (fake::signalled(11), "was ended by signal 11"),
            (
                limit(LimitKind::CpuTime, 1_000_000, 1_000_950),
                "hit its CPU limit (1.000 s of 1.000 s)",
            ),
            (
                limit(LimitKind::Memory, 256 << 20, 257 << 20),
                "hit its memory limit (257 MiB of 256 MiB)",
            ),
        ] {
            assert_eq!(ending(&report), phrase);
        }
        let said = with_stderr(&fake::exited(1), b"\n a\nb\n\nc\nd");
        assert_eq!(said, "exited with code 1: a | b | c");
    }
}
