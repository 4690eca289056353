//! `minos doctor`: what this machine can isolate and measure.

use minos_sandbox::doctor::{self, Finding, Findings, State};
use serde::Serialize;

use super::workshop;
use crate::console::{Colour, Console};
use crate::exit::{Exit, Failure, Outcome};

/// What this machine can isolate and measure, what is missing, what to type.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  minos doctor\n  minos doctor --json\n\n\
    Exit codes: 0 boxes can be made here, 3 they cannot.")]
pub(crate) struct Args {
    /// Print one JSON document on stdout and nothing else there.
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct DoctorDocument {
    schema: &'static str,
    isolation: Option<&'static str>,
    /// Why no box can be made.
    problem: Option<String>,
    findings: Vec<FindingDocument>,
}

#[derive(Serialize)]
struct FindingDocument {
    name: &'static str,
    state: &'static str,
    detail: String,
    why: &'static str,
    remedy: Option<String>,
}

pub(crate) fn run(console: Console, args: &Args) -> Outcome {
    let mut found = doctor::examine();
    found.findings.extend(languages());
    found.findings.push(broker());
    if args.json {
        console.json(&document(&found))?;
    } else {
        for finding in &found.findings {
            console.say(&line(console, finding))?;
        }
        if let Ok(isolation) = &found.isolation {
            console.say(&format!("boxes are isolated and measured by: {isolation}"))?;
        }
    }
    match found.isolation {
        Ok(_) => Ok(Exit::Yes),
        Err(problem) => Err(Failure::environment(problem)),
    }
}

/// Which languages this machine has a toolchain for. Whether it works, a node finds out when it
/// starts.
fn languages() -> Vec<Finding> {
    let (name, why) = ("languages", "submissions in a language that is not there go elsewhere");
    let languages = match workshop::languages() {
        Ok(languages) => languages,
        Err(failure) => {
            let remedy = Some(format!("correct the files of {}", workshop::LANGUAGES));
            let (state, detail) = (State::Missing, failure.to_string());
            return vec![Finding { name, state, detail, why, remedy }];
        }
    };
    let (absent, there): (Vec<_>, Vec<_>) =
        languages.iter().partition(|language| language.absent().is_some());
    let ids: Vec<&str> = there.iter().map(|language| language.id.as_str()).collect();
    let detail = if ids.is_empty() { "none".to_owned() } else { ids.join(" ") };
    let mut findings = vec![Finding { name, state: State::Ok, detail, why, remedy: None }];
    findings.extend(absent.iter().map(|language| {
        let path = language.absent().unwrap_or_default();
        let detail = format!("{}: no {path}", language.id);
        Finding { name, state: State::Warn, detail, why, remedy: Some(language.remedy()) }
    }));
    findings
}

/// What only `minos up` needs, and no box.
fn broker() -> Finding {
    let (state, detail, remedy) = match minos_queue::server::find() {
        Ok(path) => (State::Ok, path.display().to_string(), None),
        Err(error) => (State::Warn, "no usable nats-server".to_owned(), Some(error.to_string())),
    };
    let why = "`minos up` starts a broker of its own; nodes and other verbs need none here";
    Finding { name: "broker", state, detail, why, remedy }
}

fn line(console: Console, finding: &Finding) -> String {
    let colour = match finding.state {
        State::Ok => Colour::Green,
        State::Warn => Colour::Yellow,
        State::Missing => Colour::Red,
    };
    let text = finding.to_string();
    let word = finding.state.as_str();
    match text.strip_prefix(word) {
        Some(rest) => format!("{}{rest}", console.paint(colour, word)),
        None => text,
    }
}

fn document(found: &Findings) -> DoctorDocument {
    let finding = |finding: &Finding| FindingDocument {
        name: finding.name,
        state: finding.state.as_str(),
        detail: finding.detail.clone(),
        why: finding.why,
        remedy: finding.remedy.clone(),
    };
    DoctorDocument {
        schema: "minos.doctor/1",
        isolation: found.isolation.as_ref().ok().map(|isolation| isolation.as_str()),
        problem: found.isolation.as_ref().err().cloned(),
        findings: found.findings.iter().map(finding).collect(),
    }
}
