//! Exit codes, and the one line that goes with each failure.

use std::fmt;
use std::process::ExitCode;

/// How a verb ended; the numbers are a promise to scripts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Success; for judging: accepted.
    Yes = 0,
    /// The answer is "no".
    No = 1,
    /// Wrong usage, unreadable or invalid input.
    Input = 2,
    /// This machine or environment cannot do it.
    Environment = 3,
    /// The judge failed: never the contestant's doing.
    JudgeFault = 4,
}

impl Exit {
    /// `Yes` or `No`.
    pub(crate) const fn of(yes: bool) -> Self {
        if yes { Self::Yes } else { Self::No }
    }

    /// What a verdict means for `judge` and `submit --wait`.
    pub(crate) const fn of_verdict(verdict: minos_model::Verdict) -> Self {
        use minos_model::Verdict;
        match verdict {
            Verdict::Accepted => Self::Yes,
            Verdict::JudgeError => Self::JudgeFault,
            Verdict::WrongAnswer
            | Verdict::PresentationError
            | Verdict::PartiallyCorrect
            | Verdict::TimeLimit
            | Verdict::WallTimeLimit
            | Verdict::MemoryLimit
            | Verdict::OutputLimit
            | Verdict::RuntimeError
            | Verdict::SecurityViolation
            | Verdict::CompileError
            | Verdict::CompileLimit
            | Verdict::Cancelled
            | Verdict::Skipped => Self::No,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// A verb that could not give its answer: the exit code, and one line for a person.
#[derive(Debug)]
pub(crate) struct Failure {
    exit: Exit,
    line: String,
}

impl Failure {
    /// The answer is "no".
    pub(crate) fn no(line: impl fmt::Display) -> Self {
        Self { exit: Exit::No, line: one_line(&line.to_string()) }
    }

    /// Wrong usage or invalid input: the line says which file, which field, what was expected.
    pub(crate) fn input(line: impl fmt::Display) -> Self {
        Self { exit: Exit::Input, line: one_line(&line.to_string()) }
    }

    /// The environment cannot do it: the line says what is missing and what to type.
    pub(crate) fn environment(line: impl fmt::Display) -> Self {
        Self { exit: Exit::Environment, line: one_line(&line.to_string()) }
    }

    /// The judge failed.
    pub(crate) fn judge(line: impl fmt::Display) -> Self {
        Self { exit: Exit::JudgeFault, line: one_line(&line.to_string()) }
    }

    /// The exit code.
    pub(crate) const fn exit(&self) -> Exit {
        self.exit
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.line)
    }
}

/// What every verb returns.
pub(crate) type Outcome = Result<Exit, Failure>;

/// The text with line breaks turned into separators: a failure is one line.
fn one_line(text: &str) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    lines.join("; ")
}

/// An error with all its causes on one line: `failed to read x: no such file`.
pub(crate) fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let inner_text = inner.to_string();
        if !text.contains(&inner_text) {
            text.push_str(": ");
            text.push_str(&inner_text);
        }
        cause = inner.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use minos_model::Verdict;

    #[test]
    fn a_failure_is_one_line_however_the_error_was_written() {
        let failure = Failure::input("problem.xml: no such field\n  expected `test-count`\n");
        assert_eq!(failure.to_string(), "problem.xml: no such field; expected `test-count`");
    }

    #[test]
    fn only_accepted_is_success_and_only_a_judge_error_is_four() {
        for verdict in Verdict::ALL {
            let expected = match verdict.as_str() {
                "AC" => Exit::Yes,
                "JE" => Exit::JudgeFault,
                _ => Exit::No,
            };
            assert_eq!(Exit::of_verdict(verdict), expected, "{verdict}");
        }
    }
}
