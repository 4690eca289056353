//! A package's own scorer: the score of a submission from the results of all its tests.
//!
//! It is a program of testlib's protocol: results come on stdin, a line each of twelve fields with
//! semicolons between them, and one number goes to stdout.

use minos_model::{Ending, TestResult, Verdict};
use minos_problem::Problem;

use crate::jury::JuryLimits;
use crate::port::Runs;
use crate::program::Program;
use crate::trouble::Trouble;
use crate::workshop::Workshop;

/// As much of an input and of an answer as a scorer is shown, in bytes.
const SHOWN: usize = 255;

impl<R: Runs> Workshop<R> {
    /// The scorer of a problem, ready; `None` when it has none.
    pub(crate) fn scorer(
        &mut self,
        problem: &Problem,
        fault: fn(String) -> Trouble,
    ) -> Result<Option<Program<R::Blob>>, Trouble> {
        let scorer = problem.scorer.as_ref();
        let built = scorer.map(|part| self.build_mended(part, fault, mended)).transpose();
        built.map_err(|trouble| trouble.during("scorer"))
    }

    /// Asks the scorer.
    pub(crate) fn score(
        &mut self,
        scorer: &Program<R::Blob>,
        limits: JuryLimits,
        problem: &Problem,
        results: &[TestResult],
    ) -> Result<f64, Trouble> {
        let mut lines = String::new();
        for (index, (test, result)) in (1..).zip(problem.tests.iter().zip(results)) {
            let mut shown = |path: &std::path::Path| -> Result<String, Trouble> {
                let content = self.runs.open(path)?;
                let head = self.runs.read(&content, SHOWN)?;
                Ok(String::from_utf8_lossy(&head).into_owned())
            };
            let (input, answer) = (shown(&test.input)?, shown(&test.answer)?);
            lines.push_str(&line(index, result, [&input, &answer]));
        }
        let request = scorer.request(Vec::new(), limits.checker())?;
        let read = |text: &str| crate::feedback::number(text.trim());
        self.told(("scorer", "the score, such as 37.5"), request, &lines, read)
    }
}

/// What testlib does first when a scorer registers.
const REGISTERS: &str = "testlibMode = _scorer;";
/// What it forgets to do then, up to 0.9.44 at least: every scorer ends with a failure, before it has
/// printed its number, because nobody has registered.
const FORGOTTEN: &str = "testlibMode = _scorer; disableFinalizeGuard();";

/// A testlib with which scorers end well; any other file as it is.
fn mended(name: &str, content: Vec<u8>) -> Vec<u8> {
    let text = std::str::from_utf8(&content).ok().filter(|_| name == "testlib.h");
    let text = text.filter(|text| text.contains("void disableFinalizeGuard()"));
    match text.map(|text| text.replacen(REGISTERS, FORGOTTEN, 1)) {
        Some(mended) => mended.into_bytes(),
        None => content,
    }
}

/// One result as a scorer reads it.
fn line(index: u32, result: &TestResult, [input, answer]: [&str; 2]) -> String {
    let points = result.score.map(|score| format!("{:.3}", score.points)).unwrap_or_default();
    let code = result.ending.and_then(Ending::exit_code).unwrap_or(0);
    let fields = [
        index.to_string(),
        "tests".to_owned(),
        escaped(result.group.as_deref().unwrap_or_default()),
        verdict(result.verdict).to_owned(),
        points,
        (result.cpu.micros() / 1_000).to_string(),
        result.memory.get().to_string(),
        escaped(input),
        // What a submission printed is not kept.
        String::new(),
        escaped(answer),
        code.to_string(),
        escaped(comment(result)),
    ];
    fields.join(";") + "\n"
}

/// What the checker said, without the word for what it gives.
fn comment(result: &TestResult) -> &str {
    result.comment.strip_prefix("points ").unwrap_or(&result.comment)
}

/// A text as a field: its semicolons and its ends of lines do not end it.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for letter in text.chars() {
        match letter {
            '\r' => {}
            '\n' => escaped.push_str("\\n"),
            '\\' | ';' => escaped.extend(['\\', letter]),
            _ => escaped.push(letter),
        }
    }
    escaped
}

/// A verdict in the scorer's words. One of no word of its own is the nearest there is.
const fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Accepted | Verdict::PartiallyCorrect => "OK",
        Verdict::WrongAnswer | Verdict::PresentationError | Verdict::OutputLimit => "WRONG_ANSWER",
        Verdict::TimeLimit => "TIME_LIMIT_EXCEEDED",
        Verdict::WallTimeLimit => "IDLENESS_LIMIT_EXCEEDED",
        Verdict::MemoryLimit => "MEMORY_LIMIT_EXCEEDED",
        Verdict::RuntimeError | Verdict::SecurityViolation => "RUNTIME_ERROR",
        Verdict::CompileError | Verdict::CompileLimit => "COMPILATION_ERROR",
        Verdict::JudgeError => "FAILED",
        Verdict::Cancelled | Verdict::Skipped => "SKIPPED",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_testlib_whose_scorers_fail_at_their_end_is_mended() {
        let vendored = minos_problem::TESTLIB.as_bytes().to_vec();
        let made = mended("testlib.h", vendored.clone());
        assert_eq!(made.len(), vendored.len() + FORGOTTEN.len() - REGISTERS.len());
        assert_eq!(mended("other.h", vendored.clone()), vendored);
        let old = b"testlibMode = _scorer;".to_vec();
        assert_eq!(mended("testlib.h", old.clone()), old, "it has no such function");
        assert_eq!(mended("testlib.h", vec![0xff]), [0xff]);
    }

    #[test]
    fn a_field_holds_what_would_end_it() {
        assert_eq!(escaped("a;b\\c\r\nd"), "a\\;b\\\\c\\nd");
    }
}
