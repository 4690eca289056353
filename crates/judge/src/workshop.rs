//! Where sources become programs: one workshop to a slot, with its boxes, the languages of the
//! installation and the store of builds.

mod hold;
mod part;
mod step;

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use minos_model::{
    Bytes, Cause, CompileResult, CpuTime, Digest, Ending, LanguageId, Limits, RawLimits, RunReport,
    Verdict, WallTime,
};
use minos_problem::{Language, Languages, Step};

use crate::at_hand::AtHand;
use crate::builds::{Build, Builds, Key};
use crate::describe;
use crate::fair::Fairness;
use crate::port::{Executable, InFile, Keep, OutFile, Outcome, Request, Runs};
use crate::precompiled::Precompiled;
use crate::program::{Program, environment};
use crate::ruling::cut;
use crate::spent::Spent;
use crate::trouble::Trouble;
pub(crate) use step::is_source;
use step::{limit_of_a_child, with_others};

/// The most that is kept of a compiler's diagnostics, in bytes: more helps nobody, and a template
/// error can be endless.
pub const MAX_LOG: usize = 64 << 10;

/// Programs of packages that a workshop remembers, so that their sources are not read and hashed for
/// each submission.
const PARTS: usize = 16;

/// What a command that prints a version may use; a JVM needs that much only to start.
fn version_limits(language: &Language) -> RawLimits {
    RawLimits {
        cpu: CpuTime::from_secs(10),
        wall: WallTime::from_secs(30),
        memory: Bytes::from_mib(1024),
        output: Bytes::from_mib(1),
        processes: language.processes.max(64),
        files: language.files.max(64),
        stack: None,
    }
}

/// Compiles and runs. Everything a submission or a package needs is asked of its one box maker,
/// one run after the other.
#[derive(Debug)]
pub struct Workshop<R: Runs> {
    pub(crate) runs: R,
    languages: Arc<Languages>,
    builds: Arc<Builds>,
    versions: HashMap<LanguageId, String>,
    pub(crate) fairness: Fairness,
    pub(crate) spent: Spent,
    pub(crate) precompiled: Option<Arc<Precompiled>>,
    at_hand: Arc<AtHand<R::Blob>>,
    parts: Vec<(part::Seen, Program<R::Blob>)>,
}

/// A source to compile, with the files that lie beside it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Text<'a> {
    pub(crate) source: &'a [u8],
    /// Name and content.
    pub(crate) beside: &'a [(String, Vec<u8>)],
    /// The names of those that are compiled together with the source.
    pub(crate) together: &'a [String],
    /// What a package asks the compiler to be given, above what its language gives.
    pub(crate) least: Least,
}

/// What a compiler may use at least.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Least {
    pub(crate) cpu: Option<CpuTime>,
    pub(crate) memory: Option<Bytes>,
}

/// What became of a source.
#[derive(Debug)]
pub(crate) enum Built<B> {
    /// There is something to run.
    Program(Program<B>, CompileResult),
    /// There is not: CE, CTL or CS.
    Refused(Verdict, CompileResult),
}

impl<R: Runs> Workshop<R> {
    /// A workshop that runs programs with `runs`.
    pub fn new(runs: R, languages: Arc<Languages>, builds: Arc<Builds>) -> Self {
        let (versions, fairness) = (HashMap::new(), Fairness::default());
        let (spent, precompiled, at_hand) = (Spent::default(), None, Arc::default());
        let parts = Vec::new();
        Self { runs, languages, builds, versions, fairness, spent, precompiled, at_hand, parts }
    }

    /// The same, with what others hold for their boxes already.
    #[must_use]
    pub fn with_at_hand(mut self, at_hand: Arc<AtHand<R::Blob>>) -> Self {
        self.at_hand = at_hand;
        self
    }

    /// The same with another rule for runs that end a little above their CPU limit.
    #[must_use]
    pub fn with_fairness(mut self, fairness: Fairness) -> Self {
        self.fairness = fairness;
        self
    }

    /// The same, compiling with headers that were compiled ahead. Its boxes must see their directory
    /// at [`crate::PRECOMPILED_INSIDE`].
    #[must_use]
    pub fn with_precompiled(mut self, precompiled: Arc<Precompiled>) -> Self {
        self.precompiled = Some(precompiled);
        self
    }

    /// CPU time of the programs run so far, by whose they were.
    #[must_use]
    pub const fn spent(&self) -> Spent {
        self.spent
    }

    /// Works with another store of builds from now on; gives back the one before.
    pub fn exchange_builds(&mut self, builds: Arc<Builds>) -> Arc<Builds> {
        std::mem::replace(&mut self.builds, builds)
    }

    /// What programs are run with.
    pub const fn runs(&self) -> &R {
        &self.runs
    }

    /// Gives back what programs are run with.
    pub fn into_runs(self) -> R {
        self.runs
    }

    /// The languages of the installation.
    #[must_use]
    pub fn languages(&self) -> Arc<Languages> {
        Arc::clone(&self.languages)
    }

    /// The store of builds.
    pub(crate) fn builds(&self) -> &Builds {
        &self.builds
    }

    /// Compiles a source, or finds the build of an earlier time.
    pub(crate) fn build(
        &mut self,
        language: &Language,
        text: Text<'_>,
    ) -> Result<Built<R::Blob>, Trouble> {
        let Some(step) = &language.compile else {
            let source = (language.source_name.clone(), self.runs.hold(text.source)?);
            let program = self.program(language, vec![source], text)?;
            return Ok(Built::Program(program, compiled(true, false, None)));
        };
        let step = &with_others(step, language, text);
        let key = self.key(language, step, text)?;
        if let Some(ready) = self.at_hand.build(&key) {
            if ready.is_to_be_refreshed() {
                self.builds.refresh(&key);
            }
            return self.ready(language, &ready, text, true);
        }
        if let Some(build) = self.builds.get(&key) {
            return self.held(language, (&key, build), text, true);
        }
        let outcome = self.compile(language, step, text)?;
        self.spent.compile = self.spent.compile.saturating_add(outcome.report.cpu);
        let mut log = self.log_of(&outcome)?;
        if let Some(mut verdict) =
            Verdict::of_compilation(&outcome.report.cause, outcome.report.ending)
        {
            let limit = (verdict == Verdict::CompileError)
                .then(|| limit_of_a_child(&outcome.report, &log, &language.source_name))
                .flatten();
            if limit.is_some() {
                verdict = Verdict::CompileLimit;
            }
            if verdict != Verdict::CompileError {
                let how = limit.map_or_else(|| describe::ending(&outcome.report), str::to_owned);
                log = cut(&format!("the compiler {how}\n{log}"), MAX_LOG);
            }
            let result = compiled(false, false, Some((&outcome.report, log)));
            return Ok(Built::Refused(verdict, result));
        }
        let mut artefacts = Vec::new();
        for (name, content) in step.artefacts.iter().zip(&outcome.collected) {
            let content = match content {
                _ if *name == language.source_name => text.source.to_vec(),
                Some(content) if self.runs.len(content) > step.limits.output.get() => {
                    let log = format!("`{name}` is larger than {}\n{log}", step.limits.output);
                    let result =
                        compiled(false, false, Some((&outcome.report, cut(&log, MAX_LOG))));
                    return Ok(Built::Refused(Verdict::CompileLimit, result));
                }
                Some(content) => self.runs.read(content, usize::MAX)?,
                None => {
                    let log = format!("{log}the compiler reported success but left no `{name}`\n");
                    let result =
                        compiled(false, false, Some((&outcome.report, cut(&log, MAX_LOG))));
                    return Ok(Built::Refused(Verdict::CompileError, result));
                }
            };
            artefacts.push((name.clone(), content));
        }
        let (cpu, wall) = (outcome.report.cpu, outcome.report.wall);
        let build = Build { artefacts, cpu, wall, log };
        self.builds.put(&key, &build);
        self.held(language, (&key, build), text, false)
    }

    /// The key of a build: language, compiler, command, limits, source and the files beside it.
    fn key(&mut self, language: &Language, step: &Step, text: Text<'_>) -> Result<Digest, Trouble> {
        let version = self.version(language)?;
        let mut key = Key::default();
        key.part(language.id.as_str().as_bytes());
        key.part(version.as_bytes());
        // Their debug form names every field, so a field that is added changes the key.
        key.part(format!("{step:?} {}", language.source_name).as_bytes());
        key.part(text.source);
        for (name, content) in text.beside {
            key.part(name.as_bytes());
            key.part(content);
        }
        Ok(key.digest())
    }

    /// What the compiler says of itself; asked once in a workshop's life.
    fn version(&mut self, language: &Language) -> Result<String, Trouble> {
        if let Some(version) = self.versions.get(&language.id) {
            return Ok(version.clone());
        }
        let Some(command) = language.version.first() else { return Ok(String::new()) };
        let hint = format!(
            "language {}: `{}`: install it, or remove its file from cluster-config/languages",
            language.id,
            language.version.join(" ")
        );
        let outcome = self
            .runs
            .run(Request {
                program: Executable::Path(command.into()),
                args: language.version.clone(),
                env: environment(&[]),
                limits: limits(version_limits(language), &language.id)?,
                stdin: None,
                keep: Keep::Both,
                files: Vec::new(),
                descriptors: Vec::new(),
                collect: Vec::new(),
                cpu_slack: CpuTime::ZERO,
                quiet: None,
                read_only: false,
            })
            .map_err(|error| Trouble::from(error).during(&hint))?;
        let report = &outcome.report;
        if (&report.cause, report.ending) != (&Cause::Exited, Ending::Exited { code: 0 }) {
            return Err(Trouble::node(describe::with_stderr(report, &outcome.stderr)).during(&hint));
        }
        let version = self.log_of(&outcome)?;
        self.versions.insert(language.id.clone(), version.clone());
        Ok(version)
    }

    /// Runs the compiler. Its box holds the source and nothing else of the judge's.
    fn compile(
        &mut self,
        language: &Language,
        step: &Step,
        text: Text<'_>,
    ) -> Result<Outcome<R::Blob>, Trouble> {
        let command = step.argv.first().ok_or_else(|| {
            Trouble::node(format!("language {}: `compile.argv` is empty", language.id))
        })?;
        let mut files = Vec::new();
        for (path, content) in text.beside {
            files.push(InFile::new(path.clone(), self.runs.hold(content)?));
        }
        let content = self.runs.hold(text.source)?;
        files.push(InFile::new(language.source_name.clone(), content));
        let limits = limits(step.limits, &language.id)?;
        let hard = Bytes::new(limits.hard_file().get().saturating_add(1));
        let collect = step.artefacts.iter().map(|name| OutFile {
            path: name.clone(),
            // No compiler can write a larger file: then the file is there.
            max: hard,
        });
        Ok(self.runs.run(Request {
            program: Executable::Path(command.into()),
            args: self.arguments(language, step, text.source),
            env: environment(&step.env),
            limits,
            stdin: None,
            keep: Keep::Diagnostics,
            files,
            descriptors: Vec::new(),
            collect: collect.collect(),
            cpu_slack: CpuTime::ZERO,
            quiet: None,
            read_only: false,
        })?)
    }

    /// What a command printed, stdout first.
    fn log_of(&self, outcome: &Outcome<R::Blob>) -> Result<String, Trouble> {
        let mut bytes = match &outcome.stdout {
            Some(stdout) => self.runs.read(stdout, MAX_LOG)?,
            None => Vec::new(),
        };
        bytes.extend_from_slice(&outcome.stderr);
        Ok(cut(&String::from_utf8_lossy(&bytes), MAX_LOG))
    }

    /// A program of these artefacts. What lay beside the source of an interpreted one lies beside
    /// it at a run too: its modules.
    fn program(
        &mut self,
        language: &Language,
        mut artefacts: Vec<(String, R::Blob)>,
        text: Text<'_>,
    ) -> Result<Program<R::Blob>, Trouble> {
        if language.run.artefact().is_none() {
            for (name, content) in text.beside {
                artefacts.push((name.clone(), self.runs.hold(content)?));
            }
        }
        Ok(Program::new(language, artefacts))
    }
}

fn compiled(ok: bool, cached: bool, run: Option<(&RunReport, String)>) -> CompileResult {
    let (cpu, wall, log) = run
        .map_or((CpuTime::ZERO, WallTime::ZERO, String::new()), |(report, log)| {
            (report.cpu, report.wall, log)
        });
    CompileResult { ok, cached, cpu, wall, log }
}

pub(crate) fn limits(raw: RawLimits, language: &LanguageId) -> Result<Limits, Trouble> {
    Limits::new(raw).map_err(|error| Trouble::node(format!("language {language}: {error}")))
}

/// The language of that id on this node.
pub(crate) fn find<'a>(languages: &'a Languages, id: &LanguageId) -> Result<&'a Language, Trouble> {
    languages.get(id).ok_or_else(|| {
        let known: Vec<&str> = languages.iter().map(|language| language.id.as_str()).collect();
        Trouble::node(format!("no language `{id}` here; there are {}", known.join(", ")))
    })
}

pub(crate) fn read_file(path: &Path) -> Result<Vec<u8>, Trouble> {
    fs::read(path).map_err(|error| Trouble::node(format!("{}: {error}", path.display())))
}
