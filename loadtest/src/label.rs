//! Causes in a word or two: `TLE cpu_time`, `RTE signalled`, `CE`. The first word is the verdict.
//!
//! The same words stand for what is expected and for what was reported, so that a right answer has
//! the same label twice. A limit on CPU or wall-clock time that the kernel had to enforce is
//! another label than the watchdog's: the watchdog was late.

use minos_model::{By, Cause, Judgement, LimitKind, Verdict};

/// What a judgement says.
pub(crate) fn of(judgement: &Judgement) -> String {
    let verdict = judgement.verdict.as_str();
    if let Some((fault, _)) = &judgement.fault {
        return format!("{verdict} {}", fault.as_str());
    }
    let decided = judgement.decided_by.as_deref();
    let test = match decided {
        Some(name) => judgement.tests.iter().find(|test| test.name == name),
        None => judgement.tests.iter().rev().find(|test| test.cause.is_some()),
    };
    match test.and_then(|test| test.cause.as_ref()) {
        Some(cause) => format!("{verdict} {}", cause_words(cause)),
        None => verdict.to_owned(),
    }
}

fn cause_words(cause: &Cause) -> String {
    match cause {
        Cause::Limit { limit, by, .. } => limit_words(*limit, *by),
        Cause::Syscall { .. } | Cause::Exited | Cause::Signalled | Cause::Cancelled => {
            cause.kind().to_owned()
        }
    }
}

fn limit_words(limit: LimitKind, by: By) -> String {
    let timed = matches!(limit, LimitKind::CpuTime | LimitKind::WallTime);
    let late = if timed && by == By::Kernel { " by-kernel" } else { "" };
    format!("{}{late}", limit.as_str())
}

/// The label of a verdict whose cause goes without saying; two where it does not.
pub(crate) fn of_verdict(verdict: Verdict) -> Vec<String> {
    let causes: &[&str] = match verdict {
        Verdict::Accepted
        | Verdict::WrongAnswer
        | Verdict::PresentationError
        | Verdict::PartiallyCorrect => &["exited"],
        Verdict::TimeLimit => &["cpu_time"],
        Verdict::WallTimeLimit => &["wall_time"],
        Verdict::MemoryLimit => &["memory"],
        Verdict::OutputLimit => &["output"],
        Verdict::RuntimeError => &["exited", "signalled"],
        Verdict::SecurityViolation => &["syscall"],
        Verdict::CompileError
        | Verdict::CompileLimit
        | Verdict::JudgeError
        | Verdict::Cancelled
        | Verdict::Skipped => &[""],
    };
    causes.iter().map(|cause| with(verdict, cause)).collect()
}

/// A verdict and the name of a cause.
pub(crate) fn with(verdict: Verdict, cause: &str) -> String {
    format!("{verdict} {cause}").trim_end().to_owned()
}

/// The verdict of a label.
pub(crate) fn verdict(label: &str) -> &str {
    label.split(' ').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_verdict_has_a_label_that_begins_with_it() {
        for verdict in Verdict::ALL {
            for label in of_verdict(verdict) {
                assert_eq!(self::verdict(&label), verdict.as_str(), "{label}");
                assert_eq!(label.trim(), label);
            }
        }
    }

    #[test]
    fn a_kernel_that_had_to_enforce_a_time_limit_is_told_apart() {
        for (limit, by, words) in [
            (LimitKind::CpuTime, By::Watchdog, "cpu_time"),
            (LimitKind::CpuTime, By::Kernel, "cpu_time by-kernel"),
            (LimitKind::WallTime, By::Kernel, "wall_time by-kernel"),
            (LimitKind::Memory, By::Kernel, "memory"),
            (LimitKind::Output, By::Kernel, "output"),
        ] {
            let cause = Cause::Limit { limit, by, allowed: 1, observed: 2 };
            assert_eq!(cause_words(&cause), words);
        }
    }
}
