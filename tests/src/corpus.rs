//! Programs with the judgement they must get. The format is described in `tests/corpus/README.md`;
//! a key that is not described there is refused.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail, ensure};
use minos_model::{Cause, Ending, Flag, Judgement, LanguageId, RunReport, TestResult, Verdict};
use serde::Deserialize;

/// One program of the corpus.
#[derive(Debug, Clone)]
pub struct Program {
    /// Its kind and folder: `hostile/fork-bomb`.
    pub name: String,
    /// Whether it attacks or exhausts.
    pub hostile: bool,
    /// The source file.
    pub source: PathBuf,
    /// What has to come of it.
    pub expect: Expectation,
}

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

/// Why a run has to end; what is not given is not checked.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExpectedCause {
    /// `exited`, `signalled`, `limit` or `syscall`.
    pub kind: String,
    /// Which limit.
    pub limit: Option<String>,
    /// Who may have ended it: any of these.
    #[serde(default)]
    pub by: Vec<String>,
    /// The exit code.
    pub exit_code: Option<u8>,
    /// The signal.
    pub signal: Option<u8>,
    /// The system call by name.
    pub syscall: Option<String>,
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
}

/// Where the corpus lies in the repository.
#[must_use]
pub fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus")
}

/// The package that programs are judged against unless they say otherwise.
#[must_use]
pub fn range_sums() -> PathBuf {
    directory().join("packages/range-sums")
}

/// All programs, honest ones first, each kind by name.
///
/// # Errors
/// When a folder is incomplete or an expectation malformed; it says which and why.
pub fn all() -> Result<Vec<Program>> {
    let mut programs = Vec::new();
    for kind in ["honest", "hostile"] {
        let folder = directory().join(kind);
        let listing = fs::read_dir(&folder).with_context(|| folder.display().to_string())?;
        let mut folders = Vec::new();
        for entry in listing {
            folders.push(entry.with_context(|| folder.display().to_string())?.path());
        }
        folders.sort();
        for folder in folders {
            programs.push(load(&folder, kind == "hostile")?);
        }
    }
    Ok(programs)
}

/// The program of that name, as in `hostile/spin`.
///
/// # Errors
/// When there is none, or it is malformed.
pub fn named(name: &str) -> Result<Program> {
    load(&directory().join(name), name.starts_with("hostile/"))
}

fn load(folder: &Path, hostile: bool) -> Result<Program> {
    let shown = folder.display();
    let mut source = None;
    for entry in fs::read_dir(folder).with_context(|| shown.to_string())? {
        let path = entry?.path();
        if path.file_stem().is_some_and(|stem| stem == "source") {
            ensure!(source.replace(path).is_none(), "{shown}: more than one source.*");
        }
    }
    let source = source.with_context(|| format!("{shown}: no source.*"))?;
    let file = folder.join("expect.toml");
    let text = fs::read_to_string(&file).with_context(|| file.display().to_string())?;
    let expect = parse(&text, hostile).with_context(|| file.display().to_string())?;
    let kind = if hostile { "hostile" } else { "honest" };
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    Ok(Program { name: format!("{kind}/{name}"), hostile, source, expect })
}

fn parse(text: &str, hostile: bool) -> Result<Expectation> {
    let written: Written = toml::from_str(text)?;
    ensure!(!written.about.is_empty(), "about: say in a sentence what the program does");
    ensure!(
        written.class.is_some() == hostile,
        "class: a hostile program has one, an honest program has none"
    );
    if let Some(cause) = &written.cause {
        cause.check_itself()?;
    }
    let flags = written.flags.iter().map(|flag| flag.parse().map_err(anyhow::Error::msg));
    let or = written.or.iter().map(|verdict| Ok(verdict.parse()?));
    Ok(Expectation {
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
    })
}

impl ExpectedCause {
    /// Whether the keys fit the kind.
    fn check_itself(&self) -> Result<()> {
        let (limit, syscall) = (self.limit.is_some(), self.syscall.is_some());
        let (code, signal) = (self.exit_code.is_some(), self.signal.is_some());
        let fits = match self.kind.as_str() {
            "exited" => !limit && !syscall && !signal,
            "signalled" => !limit && !syscall && !code,
            "limit" => limit && !syscall,
            "syscall" => syscall && !limit && !code,
            other => bail!("cause.kind: `{other}` is none of exited, signalled, limit, syscall"),
        };
        ensure!(fits, "cause: a key does not fit kind = \"{}\"", self.kind);
        Ok(())
    }

    fn complaints(&self, found: &Found<'_>) -> Vec<String> {
        let mut complaints = Vec::new();
        let mut differ = |what: &str, expected: &str, got: &str| {
            if expected != got {
                complaints.push(format!("{what}: expected {expected}, got {got}"));
            }
        };
        differ("cause.kind", &self.kind, found.cause.kind());
        if let Some(limit) = &self.limit {
            let got = match found.cause {
                Cause::Limit { limit, .. } => limit.as_str(),
                Cause::Exited | Cause::Signalled | Cause::Syscall { .. } | Cause::Cancelled => {
                    "none"
                }
            };
            differ("cause.limit", limit, got);
        }
        if let Some(syscall) = &self.syscall {
            let got = match found.cause {
                Cause::Syscall { syscall } => syscall.as_str(),
                Cause::Exited | Cause::Signalled | Cause::Limit { .. } | Cause::Cancelled => "none",
            };
            differ("cause.syscall", syscall, got);
        }
        let number = |value: Option<u8>| value.map_or_else(|| "none".to_owned(), |n| n.to_string());
        if self.exit_code.is_some() {
            differ("exit code", &number(self.exit_code), &number(found.ending.exit_code()));
        }
        if self.signal.is_some() {
            differ("signal", &number(self.signal), &number(found.ending.signal()));
        }
        let by = found.cause.by().as_str();
        if !self.by.is_empty() && !self.by.iter().any(|name| name == by) {
            complaints.push(format!("cause.by: expected one of {:?}, got {by}", self.by));
        }
        complaints
    }
}

/// The end of a run.
struct Found<'a> {
    cause: &'a Cause,
    ending: Ending,
}

impl Expectation {
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

    /// Everything in which a single run is not as expected; the verdict is not looked at.
    #[must_use]
    pub fn run_complaints(&self, report: &RunReport) -> Vec<String> {
        let found = Found { cause: &report.cause, ending: report.ending };
        let cause = self.cause.as_ref().map(|cause| cause.complaints(&found));
        let mut complaints = cause.unwrap_or_default();
        for flag in &self.flags {
            if !report.flags.contains(flag) {
                complaints.push(format!("flag {flag} is missing, there are {:?}", report.flags));
            }
        }
        complaints
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_corpus_is_well_formed_and_of_both_kinds() {
        let programs = all().unwrap();
        for hostile in [false, true] {
            assert!(programs.iter().filter(|program| program.hostile == hostile).count() > 20);
        }
        assert!(programs.iter().filter(|program| program.expect.demo).count() > 10);
    }

    #[test]
    fn every_verdict_a_contestant_can_get_has_a_program() {
        let programs = all().unwrap();
        for verdict in ["AC", "WA", "PE", "TLE", "WTL", "MLE", "OLE", "RTE", "SV", "CE", "CTL"] {
            let found = programs.iter().any(|p| p.expect.verdict.as_str() == verdict);
            assert!(found, "{verdict}");
        }
    }

    #[test]
    fn what_is_malformed_is_refused_with_the_key() {
        let good = "about = \"x\"\nlanguage = \"c\"\nverdict = \"TLE\"\n";
        parse(good, false).unwrap();
        for (more, hostile, part) in [
            ("colour = 1", false, "colour"),
            ("class = \"cpu\"", false, "class"),
            ("", true, "class"),
            ("class = \"weather\"", true, "weather"),
            ("flags = [\"wet\"]", false, "wet"),
            ("or = [\"XX\"]", false, "XX"),
            ("[cause]\nkind = \"bored\"", false, "bored"),
            ("[cause]\nkind = \"limit\"", false, "kind"),
            ("[cause]\nkind = \"exited\"\nsignal = 9", false, "kind"),
            ("[cause]\nkind = \"exited\"\nmood = 9", false, "mood"),
        ] {
            let error = parse(&format!("{good}{more}\n"), hostile).unwrap_err();
            assert!(format!("{error:#}").contains(part), "{more}: {error:#}");
        }
    }
}
