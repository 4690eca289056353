//! What `bench --judge` and `bench --fair` judge with: workshops of their own, and problems made on
//! the spot.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use minos_judge::{Builds, Fairness, Options, Quiet, Sandboxed, SubmissionToJudge, Workshop};
use minos_model::{
    Bytes, CpuTime, Digest, Generation, Judgement, LanguageId, ProblemId, SubmissionId, Tenant,
    WallTime,
};
use minos_problem::{Checker, Language, Problem, ProblemLimits, StandardChecker, Test};
use minos_sandbox::{Sandbox, SandboxConfig, Template};

use super::{judge, workshop};
use crate::exit::{Failure, with_causes};

/// The language of all programs here.
const LANGUAGE: &str = "cpp17";

/// A place to measure in; everything in it is gone with it.
pub(crate) struct BenchPlace {
    dir: PathBuf,
    sandbox: Arc<Sandbox>,
    builds: Arc<Builds>,
    quiet: Arc<Quiet>,
}

impl BenchPlace {
    /// Makes it.
    ///
    /// # Errors
    /// Exit code 3 when this machine makes no boxes, or no C++ compiler is here.
    pub(crate) fn open() -> Result<Self, Failure> {
        let languages = workshop::languages()?;
        let id = LanguageId::new(LANGUAGE).map_err(Failure::input)?;
        let language = languages.get(&id).ok_or_else(|| Failure::input("no language cpp17"))?;
        if let Some(path) = language.absent() {
            let hint = Language::remedy(language);
            return Err(Failure::environment(format!("no {path} to compile with; type: {hint}")));
        }
        let dir = std::env::temp_dir().join(format!("minos-bench-{}", std::process::id()));
        fs::create_dir_all(&dir).map_err(|error| lost(&dir, &error))?;
        let builds = Builds::open(dir.join("builds"), Builds::DEFAULT_MAX).map_err(unusable)?;
        let sandbox = Arc::new(Sandbox::open(SandboxConfig::default()).map_err(unusable)?);
        Ok(Self { dir, sandbox, builds: Arc::new(builds), quiet: Arc::default() })
    }

    /// A workshop in the slot of that number.
    ///
    /// # Errors
    /// Exit code 3: its warden could not be made.
    pub(crate) fn workshop(
        &self,
        slot: u16,
        fairness: Fairness,
    ) -> Result<Workshop<Sandboxed>, Failure> {
        let warden = self.sandbox.warden(slot, Template::default()).map_err(unusable)?;
        let boxes =
            Sandboxed::new(warden, Arc::clone(&self.sandbox)).taking_turns(Arc::clone(&self.quiet));
        let languages = Arc::new(workshop::languages()?);
        let workshop = Workshop::new(boxes, languages, Arc::clone(&self.builds));
        Ok(workshop.with_fairness(fairness))
    }

    /// What lets one slot have the machine for itself.
    pub(crate) fn quiet(&self) -> &Quiet {
        &self.quiet
    }

    /// A problem of so many tests, each the same: `input`, to be answered by `answer`.
    ///
    /// # Errors
    /// Exit code 3: its files cannot be written.
    pub(crate) fn problem(
        &self,
        cpu: CpuTime,
        (tests, input, answer): (usize, &str, &str),
    ) -> Result<Problem, Failure> {
        let mut all = Vec::new();
        for number in 1..=tests {
            let name = format!("{number:02}");
            let (from, to) = (self.dir.join(&name), self.dir.join(format!("{name}.a")));
            fs::write(&from, input).map_err(|error| lost(&from, &error))?;
            fs::write(&to, answer).map_err(|error| lost(&to, &error))?;
            all.push(Test::new(name, from, to));
        }
        let limits = ProblemLimits {
            cpu,
            wall: WallTime::from_secs(60),
            memory: Bytes::from_mib(256),
            output: Bytes::from_mib(1),
        };
        let id = ProblemId::new("bench").map_err(Failure::input)?;
        let revision = Digest::from_bytes([0; 32]);
        let mut problem = Problem::new(id, revision, self.dir.clone(), limits);
        problem.tests = all;
        problem.checker = Checker::Standard(StandardChecker::Wcmp);
        Ok(problem)
    }

    /// A checker that is a program: its source lies here.
    ///
    /// # Errors
    /// Exit code 3: it cannot be written.
    pub(crate) fn file(&self, name: &str, text: &str) -> Result<PathBuf, Failure> {
        let path = self.dir.join(name);
        fs::write(&path, text).map_err(|error| lost(&path, &error))?;
        Ok(path)
    }
}

impl Drop for BenchPlace {
    fn drop(&mut self) {
        // A directory of /tmp that stays behind is no failure of a measurement.
        drop(fs::remove_dir_all(&self.dir));
    }
}

/// Judges a C++ source.
///
/// # Errors
/// Exit code 4: a fault of the judge.
pub(crate) fn judged(
    workshop: &mut Workshop<Sandboxed>,
    problem: &Problem,
    source: &str,
) -> Result<Judgement, Failure> {
    let submission = SubmissionToJudge {
        id: SubmissionId::new("bench").map_err(Failure::input)?,
        tenant: Tenant::new("default").map_err(Failure::input)?,
        generation: Generation::FIRST,
        language: LanguageId::new(LANGUAGE).map_err(Failure::input)?,
        source: source.as_bytes(),
        attempt: 1,
        node: judge::this_node()?,
    };
    minos_judge::judge(workshop, &submission, problem, &Options::default(), &mut |_stage| {})
        .map_err(|unjudged| Failure::judge(unjudged.trouble))
}

fn unusable(error: impl std::error::Error) -> Failure {
    Failure::environment(with_causes(&error))
}

fn lost(path: &Path, error: &std::io::Error) -> Failure {
    Failure::environment(format!("{}: {error}", path.display()))
}
