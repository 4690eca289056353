//! The judgements as a table for people.

use minos_tests::corpus::Program;
use serde::Deserialize;

/// What the table needs of a `minos.judgement/1` document.
#[derive(Deserialize)]
pub(super) struct Judgement {
    verdict: String,
    decided_by: Option<String>,
    tests: Vec<Test>,
    cpu_us_max: u64,
    memory_bytes_max: u64,
}

#[derive(Deserialize)]
struct Test {
    name: String,
    cause: Option<Cause>,
    exit_code: Option<i64>,
    signal: Option<i64>,
}

#[derive(Deserialize)]
struct Cause {
    kind: String,
    limit: Option<String>,
    by: Option<String>,
    syscall: Option<String>,
}

/// One line of the table.
pub(super) struct Row {
    program: Program,
    judgement: Judgement,
}

impl Row {
    pub(super) fn new(program: &Program, judgement: Judgement) -> Self {
        Self { program: program.clone(), judgement }
    }

    pub(super) fn is_as_expected(&self) -> bool {
        let verdict = self.judgement.verdict.parse();
        verdict.is_ok_and(|verdict| self.program.expect.allows(verdict))
    }
}

/// Prints all rows, those that differ marked.
pub(super) fn print(rows: &[Row]) {
    println!(
        "\n{:<30} {:<9} {:<8} {:<34} {:>9} {:>11}",
        "program", "expected", "verdict", "cause", "cpu", "memory"
    );
    for row in rows {
        let Judgement { verdict, cpu_us_max, memory_bytes_max, .. } = &row.judgement;
        let mark = if row.is_as_expected() { "" } else { "  <-- differs" };
        println!(
            "{:<30} {:<9} {:<8} {:<34} {:>6} ms {:>7} KiB{mark}",
            row.program.name,
            row.program.expect.verdict.as_str(),
            verdict,
            cause(&row.judgement),
            cpu_us_max / 1000,
            memory_bytes_max / 1024,
        );
    }
}

/// Why the deciding run ended: of the test that decided, else of the last one.
fn cause(judgement: &Judgement) -> String {
    let decided = judgement.decided_by.as_deref();
    let deciding = judgement.tests.iter().find(|test| Some(test.name.as_str()) == decided);
    let Some(test) = deciding.or_else(|| judgement.tests.last()) else {
        return "compilation".to_owned();
    };
    let Some(Cause { kind, limit, by, syscall }) = &test.cause else {
        return "-".to_owned();
    };
    let detail = match (limit, syscall, test.signal, test.exit_code) {
        (Some(limit), ..) => format!(" {limit}"),
        (None, Some(syscall), ..) => format!(" {syscall}"),
        (None, None, Some(signal), _) => format!(" {signal}"),
        (None, None, None, Some(code)) => format!(" {code}"),
        (None, None, None, None) => String::new(),
    };
    let by = by.as_deref().filter(|by| *by != "self").map(|by| format!(" (by {by})"));
    format!("{kind}{detail}{} in {}", by.unwrap_or_default(), test.name)
}

#[cfg(test)]
mod tests {
    use super::{Judgement, cause};

    #[test]
    fn the_cause_is_that_of_the_test_that_decided() {
        let json = r#"{"verdict":"TLE","decided_by":"02","cpu_us_max":1,"memory_bytes_max":1,"tests":[
            {"name":"01","cause":{"kind":"exited","by":"self"},"exit_code":0,"signal":null},
            {"name":"02","cause":{"kind":"limit","limit":"cpu_time","by":"watchdog"},"signal":9}]}"#;
        let judgement: Judgement = serde_json::from_str(json).expect("a judgement");
        assert_eq!(cause(&judgement), "limit cpu_time (by watchdog) in 02");
        let judgement = Judgement { decided_by: None, ..judgement };
        assert_eq!(cause(&judgement), "limit cpu_time (by watchdog) in 02");
        let judgement = Judgement { tests: Vec::new(), ..judgement };
        assert_eq!(cause(&judgement), "compilation");
    }
}
