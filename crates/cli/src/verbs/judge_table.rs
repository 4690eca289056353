//! A judgement as a table for people.

use minos_model::{Cause, Ending, GroupResult, Judgement, TestResult, Verdict};

use crate::console::{Colour, Console, tame};

/// Lines of a compiler's log that are shown.
const LOG_LINES: usize = 20;

/// The whole judgement: a line per test, then the verdict.
pub(crate) fn in_words(console: Console, judgement: &Judgement) -> String {
    let mut lines = Vec::new();
    if let Some(compile) = &judgement.compile {
        if !compile.ok {
            lines.extend(compile.log.lines().take(LOG_LINES).map(tame));
        }
        let cached = if compile.cached { ", reused" } else { "" };
        lines.push(format!("compile  cpu {}  wall {}{cached}", compile.cpu, compile.wall));
    }
    let width = judgement.tests.iter().map(|test| test.name.len()).max().unwrap_or(0);
    lines.extend(judgement.tests.iter().map(|test| test_line(console, test, width)));
    lines.extend(judgement.groups.iter().map(|group| group_line(console, group)));
    lines.push(verdict_line(console, judgement));
    lines.join("\n")
}

fn test_line(console: Console, test: &TestResult, width: usize) -> String {
    let verdict = paint(console, test.verdict, &format!("{:<3}", test.verdict.as_str()));
    let mut parts = vec![format!("{:<width$}", test.name), verdict];
    if test.verdict == Verdict::Skipped {
        return parts.join("  ");
    }
    parts.push(format!("cpu {:>9}", test.cpu.to_string()));
    parts.push(format!("wall {:>9}", test.wall.to_string()));
    parts.push(format!("memory {:>9}", test.memory.to_string()));
    if let Some(score) = test.score {
        parts.push(format!("{}/{} points", score.points, score.max));
    }
    if let Some(cause) = test.cause.as_ref().filter(|cause| **cause != Cause::Exited) {
        parts.push(cause.to_string());
    } else if let Some(code) = test.ending.and_then(Ending::exit_code)
        && code != 0
    {
        parts.push(format!("exit code {code}"));
    }
    let comment = test.comment.lines().next().unwrap_or_default();
    if !comment.is_empty() {
        parts.push(console.paint(Colour::Dim, &tame(comment)));
    }
    parts.join("  ")
}

fn group_line(console: Console, group: &GroupResult) -> String {
    let verdict = paint(console, group.verdict, group.verdict.as_str());
    let score = group.score.map(|score| format!("  {}/{} points", score.points, score.max));
    format!("group {}  {verdict}{}", group.name, score.unwrap_or_default())
}

/// `WA on test 03  (cpu at most 1.2 ms, memory at most 1.2 MiB)`.
fn verdict_line(console: Console, judgement: &Judgement) -> String {
    let verdict = paint(console, judgement.verdict, judgement.verdict.as_str());
    let mut parts = vec![match &judgement.decided_by {
        Some(test) => format!("{verdict} on test {test}"),
        None => verdict,
    }];
    if let Some(score) = judgement.score {
        parts.push(format!("{} of {} points", score.points, score.max));
    }
    if let Some((fault, message)) = &judgement.fault {
        parts.push(format!("fault of the {}: {}", fault.as_str(), tame(message)));
    }
    if judgement.tests.iter().any(|test| test.cause.is_some()) {
        let (cpu, memory) = (judgement.cpu_max(), judgement.memory_max());
        parts.push(format!("(cpu at most {cpu}, memory at most {memory})"));
    }
    parts.join("  ")
}

/// Words in the colour of a verdict.
pub(crate) fn paint(console: Console, verdict: Verdict, text: &str) -> String {
    let colour = match verdict {
        Verdict::Accepted => Colour::Green,
        Verdict::PartiallyCorrect | Verdict::JudgeError | Verdict::Cancelled => Colour::Yellow,
        Verdict::Skipped => Colour::Dim,
        Verdict::WrongAnswer
        | Verdict::PresentationError
        | Verdict::TimeLimit
        | Verdict::WallTimeLimit
        | Verdict::MemoryLimit
        | Verdict::OutputLimit
        | Verdict::RuntimeError
        | Verdict::SecurityViolation
        | Verdict::CompileError
        | Verdict::CompileLimit => Colour::Red,
    };
    console.paint(colour, text)
}
