//! What a compilation consists of, and the limits its processes ran into.

use std::path::Path;

use minos_model::{Flag, RunReport, WallTime};
use minos_problem::{Language, Step};

use super::Text;

/// The step with the other sources named behind the first, and at least what the package asks for.
pub(super) fn with_others(step: &Step, language: &Language, text: Text<'_>) -> Step {
    let mut step = step.clone();
    if let Some(at) = step.argv.iter().position(|word| *word == language.source_name) {
        step.argv.splice(at + 1..at + 1, text.together.iter().cloned());
    }
    let limits = &mut step.limits;
    if let Some(cpu) = text.least.cpu {
        limits.cpu = limits.cpu.max(cpu);
        limits.wall = limits.wall.max(WallTime::from_micros(cpu.micros().saturating_mul(2)));
    }
    limits.memory = limits.memory.max(text.least.memory.unwrap_or(limits.memory));
    step
}

/// What the tools of a compiler say when they can write no larger file. The kernel tells only the
/// process itself, and that is a child of the compiler's; these are the C library's words for it.
const FILE_LIMIT: [&str; 3] =
    ["terminated with signal 25", "File size limit exceeded", "File too large"];

/// The limit that a compiler's child ran into, when the compiler itself failed without one. Lines
/// about the source are the contestant's to write.
pub(super) fn limit_of_a_child(
    report: &RunReport,
    log: &str,
    source_name: &str,
) -> Option<&'static str> {
    if report.flags.contains(&Flag::OomChild) {
        return Some("ran out of memory in a process of its own");
    }
    if report.flags.contains(&Flag::DiskFull) {
        return Some("filled its disk");
    }
    let said = |line: &str| FILE_LIMIT.iter().any(|words| line.contains(words));
    let said = log.lines().any(|line| said(line) && !line.starts_with(source_name));
    said.then_some("wrote a file above its output limit")
}

/// Whether a file of that name is source text of a language.
pub(crate) fn is_source(language: &Language, name: &str) -> bool {
    let extension = Path::new(name).extension().and_then(|extension| extension.to_str());
    extension.is_some_and(|extension| language.extensions.iter().any(|own| own == extension))
}
