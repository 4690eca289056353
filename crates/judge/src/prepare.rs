//! From a package to a problem: whatever is missing is made, in boxes, once.

use std::collections::HashMap;
use std::fs::File;
use std::io::Cursor;
use std::path::Path;

use minos_model::{Bytes, CpuTime, Fault, LanguageId, RawLimits, WallTime};
use minos_problem::{Answer, CacheError, Draft, Input, Package, PackageTest, Problem};

use crate::describe;
use crate::judging::ended_well;
use crate::port::{Request, Runs};
use crate::program::Program;
use crate::trouble::Trouble;
use crate::workshop::Workshop;

/// What a generator may use: large inputs take seconds to write, not minutes.
const GENERATOR_LIMITS: RawLimits = RawLimits {
    cpu: CpuTime::from_secs(30),
    wall: WallTime::from_secs(90),
    memory: Bytes::from_mib(1024),
    output: Bytes::from_mib(256),
    // The language's own numbers take their place.
    processes: 1,
    files: 64,
    stack: None,
};

/// What the main solution may use when it makes answers: much more than a contestant, because a
/// slow machine must not spoil a package; that it keeps the limits is checked by `verify`.
fn answer_limits(package: &Package) -> RawLimits {
    let cpu = CpuTime::from_micros(package.limits.cpu.micros().saturating_mul(5))
        .max(CpuTime::from_secs(30));
    RawLimits {
        cpu,
        wall: WallTime::from_micros(cpu.micros().saturating_mul(3)),
        memory: package.limits.memory.max(Bytes::from_mib(1024)),
        output: Bytes::from_mib(256),
        processes: 1,
        files: 64,
        stack: None,
    }
}

/// A package that could not be made a problem. The package's fault unless the trouble says
/// otherwise; nothing half made is left.
#[derive(Debug, thiserror::Error)]
pub enum PrepareError {
    /// A step failed.
    #[error("{0}")]
    Step(#[from] Trouble),
    /// The cache failed.
    #[error(transparent)]
    Cache(#[from] CacheError),
}

impl PrepareError {
    /// Whose fault it is: the package's or the node's.
    #[must_use]
    pub const fn fault(&self) -> Fault {
        match self {
            Self::Step(trouble) => trouble.fault,
            Self::Cache(_) => Fault::Node,
        }
    }
}

/// Makes a package complete and publishes it: compiles the checker to prove it does, generates the
/// inputs that are missing, lets the main solution make the answers that are missing.
///
/// # Errors
/// Which step failed, for which test, with which program, how it ended and the first lines of its
/// stderr. The draft is dropped then.
pub fn prepare<R: Runs>(
    workshop: &mut Workshop<R>,
    package: &Package,
    draft: Draft,
) -> Result<Problem, PrepareError> {
    if let Some(unsupported) = package.unsupported() {
        return Err(Trouble::package(unsupported).into());
    }
    workshop.comparer(&package.checker, Trouble::package)?;
    let mut preparing =
        Preparing { workshop, package, draft, generators: HashMap::new(), main: None };
    for (index, test) in package.tests.iter().enumerate() {
        preparing.test(index, test)?;
    }
    Ok(preparing.draft.publish()?)
}

struct Preparing<'a, R: Runs> {
    workshop: &'a mut Workshop<R>,
    package: &'a Package,
    draft: Draft,
    generators: HashMap<String, Program<R::Blob>>,
    main: Option<Program<R::Blob>>,
}

impl<R: Runs> Preparing<'_, R> {
    fn test(&mut self, index: usize, test: &PackageTest) -> Result<(), PrepareError> {
        let at = |what: &str| format!("test {}: {what}", test.name);
        let input = match &test.input {
            Input::File(path) => self.draft.put_input(index, open(path)?)?,
            Input::Generated { command } => {
                let made =
                    self.generate(command).map_err(|trouble| trouble.during(&at("input")))?;
                self.draft.put_input(index, Cursor::new(made))?
            }
        };
        match &test.answer {
            Answer::File(path) => self.draft.put_answer(index, open(path)?)?,
            Answer::MainSolution => {
                let made = self.answer(&input).map_err(|trouble| trouble.during(&at("answer")))?;
                self.draft.put_answer(index, Cursor::new(made))?
            }
        };
        Ok(())
    }

    /// Runs a generator's command; what it printed.
    fn generate(&mut self, command: &[String]) -> Result<Vec<u8>, Trouble> {
        let (name, args) = command
            .split_first()
            .ok_or_else(|| Trouble::package("its command is empty; name a generator"))?;
        let program = if let Some(program) = self.generators.get(name) {
            program.clone()
        } else {
            let tool = self.package.generator(name).ok_or_else(|| {
                let known: Vec<&str> =
                    self.package.executables.iter().map(|tool| tool.name.as_str()).collect();
                let known = known.join(", ");
                Trouble::package(format!("the package has no generator `{name}`, only: {known}"))
            })?;
            let language = known(tool.language.as_ref(), &tool.source, &tool.kind)?;
            let program = self
                .workshop
                .build_part(language, &tool.source, &tool.resources, Trouble::package)
                .map_err(|trouble| trouble.during("generator"))?;
            self.generators.insert(name.clone(), program.clone());
            program
        };
        let request = program.request(args.iter().cloned(), GENERATOR_LIMITS)?;
        self.printed(request, &format!("`{}`", command.join(" ")))
    }

    /// Runs the main solution on an input; what it printed.
    fn answer(&mut self, input: &Path) -> Result<Vec<u8>, Trouble> {
        let solution = self.package.main_solution().ok_or_else(|| {
            Trouble::package("the package has neither the answer nor a solution tagged `main`")
        })?;
        let shown = shown(&solution.path);
        let program = if let Some(program) = &self.main {
            program.clone()
        } else {
            let language = known(solution.language.as_ref(), &solution.path, &solution.kind)?;
            let program = self
                .workshop
                .build_part(language, &solution.path, &solution.resources, Trouble::package)
                .map_err(|trouble| trouble.during("main solution"))?;
            self.main.insert(program).clone()
        };
        let mut request = program.request([], answer_limits(self.package))?;
        request.stdin = Some(self.workshop.runs.open(input)?);
        self.printed(request, &format!("main solution {shown}"))
    }

    /// Runs a program of the package that has to end well; what it printed.
    fn printed(&mut self, request: Request<R::Blob>, what: &str) -> Result<Vec<u8>, Trouble> {
        let outcome = self.workshop.runs.run(request)?;
        if !ended_well(&outcome.report) {
            let how = describe::with_stderr(&outcome.report, &outcome.stderr);
            let message = format!("{what} {how}");
            let cancelled = outcome.report.cause == minos_model::Cause::Cancelled;
            return Err(if cancelled { Trouble::node(message) } else { Trouble::package(message) });
        }
        let stdout =
            outcome.stdout.ok_or_else(|| Trouble::node(format!("{what}: its output was lost")))?;
        Ok(self.workshop.runs.read(&stdout, usize::MAX)?)
    }
}

/// The language of a program of the package, or what to do when its type is unknown.
fn known<'a>(
    language: Option<&'a LanguageId>,
    source: &Path,
    kind: &str,
) -> Result<&'a LanguageId, Trouble> {
    language.ok_or_else(|| {
        Trouble::package(format!(
            "{}: type `{kind}` is listed by no language file; add it to `polygon` in one of \
             cluster-config/languages/*.toml",
            shown(source)
        ))
    })
}

fn shown(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

fn open(path: &Path) -> Result<File, Trouble> {
    File::open(path)
        .map_err(|error| Trouble::package(format!("{}: cannot read: {error}", path.display())))
}

#[cfg(test)]
mod tests;
