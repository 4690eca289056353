//! What `expect.toml` says of a program, as far as a replay is concerned.

use anyhow::{Context, Result};
use minos_model::{LanguageId, Verdict};
use serde::Deserialize;

use super::Program;
use crate::label;

/// The problem of a program that names none.
const USUAL_PROBLEM: &str = "range-sums";
/// The problem of a program that gets its verdict from every problem.
pub(super) const ANY: &str = "any";

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Expectation {
    language: String,
    verdict: String,
    /// Other verdicts that are as good, where the machine decides.
    #[serde(default)]
    or: Vec<String>,
    problem: Option<String>,
    class: Option<String>,
    cause: Option<ExpectedCause>,
}

#[derive(Debug, Clone, Deserialize)]
struct ExpectedCause {
    kind: String,
    limit: Option<String>,
    #[serde(default)]
    by: Vec<String>,
}

impl Expectation {
    /// Reads the text of an `expect.toml`.
    ///
    /// # Errors
    /// When it is no such file.
    pub(super) fn parse(text: &str) -> Result<Self> {
        toml::from_str(text).context("expect.toml")
    }

    /// The problem it is judged against: a name, or [`ANY`].
    pub(super) fn problem(&self) -> &str {
        self.problem.as_deref().unwrap_or(USUAL_PROBLEM)
    }

    /// A program with this expectation.
    ///
    /// # Errors
    /// When a verdict or the language is none.
    pub(super) fn program(
        &self,
        name: String,
        source: Vec<u8>,
        problem: &str,
        hostile: bool,
    ) -> Result<Program> {
        let verdict = self.verdict.parse::<Verdict>().context("expect.toml: verdict")?;
        let mut expected = self
            .cause
            .as_ref()
            .map_or_else(|| label::of_verdict(verdict), |cause| cause.labels(verdict));
        for other in &self.or {
            let verdict = other.parse::<Verdict>().context("expect.toml: or")?;
            expected.extend(label::of_verdict(verdict));
        }
        Ok(Program {
            name,
            language: self.language.parse::<LanguageId>().context("expect.toml: language")?,
            source,
            problem: problem.to_owned(),
            expected,
            class: self.class.clone(),
            hostile,
            weight: 1.0,
        })
    }
}

impl ExpectedCause {
    fn labels(&self, verdict: Verdict) -> Vec<String> {
        let cause = self.limit.as_ref().unwrap_or(&self.kind);
        let mut labels = vec![label::with(verdict, cause)];
        let timed = matches!(cause.as_str(), "cpu_time" | "wall_time");
        if timed && (self.by.is_empty() || self.by.iter().any(|by| by == "kernel")) {
            labels.push(label::with(verdict, &format!("{cause} by-kernel")));
        }
        labels
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expectation_becomes_the_labels_a_right_judgement_may_have() {
        for (text, labels) in [
            ("verdict = 'AC'", vec!["AC exited"]),
            ("verdict = 'RTE'", vec!["RTE exited", "RTE signalled"]),
            ("verdict = 'CTL'\nor = ['CE']", vec!["CTL", "CE"]),
            (
                "verdict = 'TLE'\n[cause]\nkind = 'limit'\nlimit = 'cpu_time'\nby = ['watchdog']",
                vec!["TLE cpu_time"],
            ),
            (
                "verdict = 'TLE'\n[cause]\nkind = 'limit'\nlimit = 'cpu_time'",
                vec!["TLE cpu_time", "TLE cpu_time by-kernel"],
            ),
            ("verdict = 'RTE'\n[cause]\nkind = 'signalled'\nsignal = 9", vec!["RTE signalled"]),
            ("verdict = 'SV'\n[cause]\nkind = 'syscall'\nsyscall = 'bpf'", vec!["SV syscall"]),
        ] {
            let expectation = Expectation::parse(&format!("language = 'c'\n{text}")).unwrap();
            let program = expectation.program("x".to_owned(), vec![], "p", false).unwrap();
            assert_eq!(program.expected, labels, "{text}");
        }
    }
}
