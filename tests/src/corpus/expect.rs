//! What has to come of a program: the content of its `expect.toml`, and how a judgement or a single
//! run is compared with it.

use std::collections::BTreeMap;

use anyhow::{Result, ensure};
use minos_model::{Flag, Isolation, Judgement, LanguageId, RunReport, TestResult, Verdict};
use serde::Deserialize;

use super::alone::{self, Alone};
use super::cause::{ExpectedCause, Found};

/// What has to come of a program: the content of its `expect.toml`.
#[derive(Debug, Clone)]
pub struct Expectation {
    /// What the program does, in a sentence.
    pub about: String,
    /// What it is written in.
    pub language: LanguageId,
    /// The verdict.
    pub verdict: Verdict,
    /// Verdicts that are as good, where the machine decides.
    pub or: Vec<Verdict>,
    /// The problem it is judged against; `None` when any problem gives the same.
    pub problem: Option<String>,
    /// The test that decides; `None` when it is not checked.
    pub test: Option<String>,
    /// What it attacks; `None` for honest programs.
    pub class: Option<Class>,
    /// Flags its run has to carry.
    pub flags: Vec<Flag>,
    /// Whether it takes part in the demonstration.
    pub demo: bool,
    /// Why the deciding run has to end; `None` when it is not checked.
    pub cause: Option<ExpectedCause>,
    /// How it is run alone, without a judge around it; `None` for honest programs that are judged
    /// only.
    pub alone: Option<Alone>,
    /// Where a level cannot tell what the others tell.
    pub differs: BTreeMap<Isolation, Differs>,
}

/// What a level makes of a program when it cannot tell what the others tell.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Differs {
    /// Why.
    pub reason: String,
    /// Instead of the cause.
    pub cause: Option<ExpectedCause>,
    /// Whether the flags cannot be known either.
    #[serde(default)]
    pub no_flags: bool,
}

/// What a hostile program attacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Class {
    /// CPU time or wall-clock time.
    Cpu,
    /// Memory.
    Memory,
    /// stdout, stderr or the disk.
    Output,
    /// Processes and threads.
    Processes,
    /// The compiler.
    Compile,
    /// The box itself, or how its end is read.
    Escape,
}

/// `expect.toml` as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    about: String,
    language: String,
    verdict: String,
    #[serde(default)]
    or: Vec<String>,
    problem: Option<String>,
    test: Option<String>,
    class: Option<Class>,
    #[serde(default)]
    flags: Vec<String>,
    #[serde(default)]
    demo: bool,
    cause: Option<ExpectedCause>,
    alone: Option<alone::Written>,
    #[serde(default)]
    on: BTreeMap<String, Differs>,
}

impl Expectation {
    /// Reads an `expect.toml`.
    ///
    /// # Errors
    /// Names the key.
    pub(super) fn parse(text: &str, hostile: bool) -> Result<Self> {
        let written: Written = toml::from_str(text)?;
        ensure!(!written.about.is_empty(), "about: say in a sentence what the program does");
        ensure!(
            written.class.is_some() == hostile,
            "class: a hostile program has one, an honest program has none"
        );
        if let Some(cause) = &written.cause {
            cause.check_itself()?;
        }
        let mut differs = BTreeMap::new();
        for (level, on) in written.on {
            ensure!(!on.reason.is_empty(), "on.{level}: say why the level cannot tell");
            if let Some(cause) = &on.cause {
                cause.check_itself()?;
            }
            differs.insert(level.parse().map_err(anyhow::Error::msg)?, on);
        }
        let alone = match written.alone {
            Some(alone) => Some(alone.read()?),
            None => hostile.then(Alone::default),
        };
        let flags = written.flags.iter().map(|flag| flag.parse().map_err(anyhow::Error::msg));
        let or = written.or.iter().map(|verdict| Ok(verdict.parse()?));
        Ok(Self {
            about: written.about,
            language: written.language.parse()?,
            verdict: written.verdict.parse()?,
            or: or.collect::<Result<_>>()?,
            problem: match written.problem.as_deref() {
                None => Some("range-sums".to_owned()),
                Some("any") => None,
                Some(other) => Some(other.to_owned()),
            },
            test: written.test,
            class: written.class,
            flags: flags.collect::<Result<_>>()?,
            demo: written.demo,
            cause: written.cause,
            alone,
            differs,
        })
    }

    /// Whether the verdict is one that may come.
    #[must_use]
    pub fn allows(&self, verdict: Verdict) -> bool {
        verdict == self.verdict || self.or.contains(&verdict)
    }

    /// Everything in which a judgement is not as expected; empty when it is.
    #[must_use]
    pub fn complaints(&self, judgement: &Judgement) -> Vec<String> {
        if !self.allows(judgement.verdict) {
            let fault = judgement.fault.as_ref().map(|(_, line)| line.as_str());
            let log = judgement.compile.as_ref().map(|compile| compile.log.as_str());
            return vec![format!(
                "expected {}, got {} by test {:?} {} {}",
                self.verdict,
                judgement.verdict,
                judgement.decided_by,
                fault.unwrap_or_default(),
                log.unwrap_or_default().lines().take(3).collect::<Vec<_>>().join(" | "),
            )];
        }
        if judgement.verdict != self.verdict {
            return Vec::new();
        }
        let mut complaints = Vec::new();
        if self.test.is_some() && self.test != judgement.decided_by {
            let decided = &judgement.decided_by;
            complaints.push(format!("expected test {:?} to decide, got {decided:?}", self.test));
        }
        let by_name = |test: &&TestResult| Some(&test.name) == judgement.decided_by.as_ref();
        let deciding = judgement.tests.iter().find(by_name).or_else(|| judgement.tests.last());
        let ended = deciding.and_then(|test| test.cause.as_ref().zip(test.ending));
        match (&self.cause, ended) {
            (Some(expected), Some((cause, ending))) => {
                complaints.extend(expected.complaints(&Found { cause, ending }));
            }
            (Some(_), None) => complaints.push("no run decided".to_owned()),
            (None, _) => {}
        }
        complaints
    }

    /// The cause of a single run at a level: what is written for it, or what the verdict implies.
    #[must_use]
    pub fn cause_on(&self, level: Isolation) -> Option<ExpectedCause> {
        let on_level = self.differs.get(&level).and_then(|differs| differs.cause.clone());
        on_level.or_else(|| self.cause.clone()).or_else(|| ExpectedCause::of(self.verdict))
    }

    /// In what a run's end is none of those that may come.
    fn cause_complaints(&self, report: &RunReport) -> Vec<String> {
        let found = Found { cause: &report.cause, ending: report.ending };
        let complaints = |cause: Option<ExpectedCause>| {
            cause.map(|cause| cause.complaints(&found)).unwrap_or_default()
        };
        let first = complaints(self.cause_on(report.isolation));
        let written = self.cause.is_some() || self.differs.contains_key(&report.isolation);
        let as_good = |verdict: &Verdict| complaints(ExpectedCause::of(*verdict)).is_empty();
        if !written && self.or.iter().any(as_good) { Vec::new() } else { first }
    }

    /// Everything in which a single run is not as expected.
    #[must_use]
    pub fn run_complaints(&self, report: &RunReport) -> Vec<String> {
        let mut complaints = self.cause_complaints(report);
        let differs = self.differs.get(&report.isolation);
        let flags_known = differs.is_none_or(|differs| !differs.no_flags);
        for flag in self.flags.iter().filter(|_| flags_known) {
            if !report.flags.contains(flag) {
                complaints.push(format!("flag {flag} is missing, there are {:?}", report.flags));
            }
        }
        if let Some(most) = self.alone.as_ref().and_then(|alone| alone.memory_at_most)
            && report.memory > most
        {
            complaints.push(format!("{} of memory, at most {most}", report.memory));
        }
        complaints
    }
}
