//! From a package to a problem: whatever is missing is made, in boxes, once.

mod limit;

use std::collections::HashMap;
use std::fs::File;
use std::io::Cursor;
use std::path::Path;

use minos_model::{Bytes, Cause, CpuTime, Fault, RawLimits, WallTime};
use minos_problem::{
    Answer, CacheError, Draft, Input, Package, PackageError, PackageTest, Passes, Problem,
    ProblemLimits, Test,
};

use crate::describe;
use crate::feedback::Folder;
use crate::interact::{Interactor, Scene, Talked};
use crate::judging::ended_well;
use crate::jury::JuryLimits;
use crate::port::{InFile, OutFile, Outcome, Request, Runs};
use crate::program::Program;
use crate::scores::Scores;
use crate::sources::Sources;
use crate::trouble::Trouble;
use crate::workshop::{Built, Workshop, find};

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
fn answer_limits(package: &Package) -> ProblemLimits {
    let cpu = CpuTime::from_micros(package.limits.cpu.micros().saturating_mul(5))
        .max(CpuTime::from_secs(30));
    ProblemLimits {
        cpu,
        wall: WallTime::from_micros(cpu.micros().saturating_mul(3)),
        memory: package.limits.memory.max(Bytes::from_mib(1024)),
        output: Bytes::from_mib(256),
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

/// Makes a package complete and publishes it: compiles the jury's programs to prove that they do,
/// generates the inputs that are missing, lets the main solution make the answers that are missing,
/// and measures the jury's solutions where the package gives no time limit.
///
/// # Errors
/// Which step failed, for which test, with which program, how it ended and the first lines of its
/// stderr. The draft is dropped then.
pub fn prepare<R: Runs>(
    workshop: &mut Workshop<R>,
    package: &Package,
    draft: Draft,
) -> Result<Problem, PrepareError> {
    let problem = provisional(package).map_err(|error| Trouble::package(error.to_string()))?;
    let interactor = workshop.panel(&problem, Trouble::package)?.interactor;
    let generators = HashMap::new();
    let mut preparing =
        Preparing { workshop, package, problem, draft, interactor, generators, main: None };
    for (index, test) in package.tests.iter().enumerate() {
        preparing.test(index, test)?;
    }
    if let Some(inference) = &package.inference {
        let limit = limit::infer(preparing.workshop, package, &preparing.problem, inference)?;
        preparing.draft.infer_time_limit(limit);
    }
    Ok(preparing.draft.publish()?)
}

/// The problem that the package will be, its programs and files where the package has them.
fn provisional(package: &Package) -> Result<Problem, PackageError> {
    let interactor = package.interactor.as_ref().map(minos_problem::Tool::part).transpose()?;
    let scorer = package.scorer.as_ref().map(minos_problem::Tool::part).transpose()?;
    let tests = package.tests.iter().map(|test| Test {
        group: test.group.clone(),
        points: test.points,
        sample: test.sample,
        args: test.args.clone(),
        validator_args: test.validator_args.clone(),
        files: test.files.clone(),
        of_sources: test.input == Input::Sources,
        // Not made yet.
        ..Test::new(test.name.clone(), package.root.clone(), package.root.clone())
    });
    Ok(Problem {
        name: package.name.clone(),
        mode: package.mode,
        rules: package.rules.clone(),
        tests: tests.collect(),
        groups: package.groups.clone(),
        scoring: package.scoring.clone(),
        checker: package.checker.clone(),
        interactor,
        grader: package.grader.clone(),
        scorer,
        static_validator: package.static_validator.clone(),
        includes: package.includes.clone(),
        input_file: package.input_file.clone(),
        output_file: package.output_file.clone(),
        ..Problem::new(package.id.clone(), package.revision, package.root.clone(), package.limits)
    })
}

struct Preparing<'a, R: Runs> {
    workshop: &'a mut Workshop<R>,
    package: &'a Package,
    problem: Problem,
    draft: Draft,
    interactor: Option<Interactor<R::Blob>>,
    generators: HashMap<String, Program<R::Blob>>,
    main: Option<Program<R::Blob>>,
}

impl<R: Runs> Preparing<'_, R> {
    fn test(&mut self, index: usize, test: &PackageTest) -> Result<(), PrepareError> {
        let at = |what: &str| format!("test {}: {what}", test.name);
        let input = match &test.input {
            Input::File(path) => self.draft.put_input(index, open(path)?)?,
            Input::Generated { command } => {
                let made = self.generate(command, test.from_file.as_deref());
                let made = made.map_err(|trouble| trouble.during(&at("input")))?;
                self.draft.put_input(index, Cursor::new(made))?
            }
            Input::Sources => {
                self.draft.put_input(index, std::io::empty())?;
                self.draft.put_answer(index, std::io::empty())?;
                return Ok(());
            }
        };
        let answer = match &test.answer {
            Answer::File(path) => self.draft.put_answer(index, open(path)?)?,
            Answer::MainSolution => {
                let made = self.answer(index, &input);
                let made = made.map_err(|trouble| trouble.during(&at("answer")))?;
                self.draft.put_answer(index, Cursor::new(made))?
            }
        };
        if let Some(test) = self.problem.tests.get_mut(index) {
            (test.input, test.answer) = (input, answer);
        }
        Ok(())
    }

    /// Runs a generator's command; what it printed, or wrote into the file that is meant.
    fn generate(&mut self, command: &[String], file: Option<&str>) -> Result<Vec<u8>, Trouble> {
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
            let part = tool.part().map_err(|error| Trouble::package(error.to_string()))?;
            let built = self.workshop.build_part(&part, Trouble::package);
            let program = built.map_err(|trouble| trouble.during("generator"))?;
            self.generators.insert(name.clone(), program.clone());
            program
        };
        let mut request = program.request(args.iter().cloned(), GENERATOR_LIMITS)?;
        let max = request.limits.output();
        request.collect.extend(file.map(|path| OutFile { path: path.to_owned(), max }));
        let what = format!("`{}`", command.join(" "));
        let outcome = self.ended(request, &what)?;
        let made = match file {
            None => outcome
                .stdout
                .ok_or_else(|| Trouble::node(format!("{what}: its output was lost")))?,
            Some(file) => outcome
                .collected
                .into_iter()
                .next()
                .flatten()
                .ok_or_else(|| Trouble::package(format!("{what} wrote no file `{file}`")))?,
        };
        Ok(self.workshop.runs.read(&made, usize::MAX)?)
    }

    /// Runs the main solution on an input; what it, or its interactor, wrote.
    fn answer(&mut self, index: usize, input: &Path) -> Result<Vec<u8>, Trouble> {
        let (program, shown) = self.main()?;
        let what = format!("main solution {shown}");
        let limits = answer_limits(self.package);
        let passes = if self.problem.mode.passes == Passes::Twice { 2 } else { 1 };
        let mut content = self.workshop.runs.open(input)?;
        for _pass in 0..passes {
            let mut request = self.request(&program, index, &limits)?;
            content = match self.interactor.clone() {
                Some(interactor) => {
                    self.talked(&interactor, request, (&content, &limits), &what)?
                }
                None => {
                    self.fill(&mut request, content);
                    let outcome = self.ended(request, &what)?;
                    self.output(outcome, &what)?
                }
            };
        }
        Ok(self.workshop.runs.read(&content, usize::MAX)?)
    }

    fn request(
        &mut self,
        program: &Program<R::Blob>,
        index: usize,
        limits: &ProblemLimits,
    ) -> Result<Request<R::Blob>, Trouble> {
        let test = self.package.tests.get(index);
        let args = test.map_or_else(Vec::new, |test| test.args.clone());
        let mut request = program.request(args, limits.raw(1, 1))?;
        for (name, path) in test.map_or(&[][..], |test| &test.files) {
            let content = self.workshop.runs.open(path)?;
            request.files.push(InFile::new(name.clone(), content));
        }
        Ok(request)
    }

    /// Puts the input where the problem has it, and takes the output from there.
    fn fill(&self, request: &mut Request<R::Blob>, input: R::Blob) {
        match &self.problem.input_file {
            Some(name) => request.files.push(InFile::new(name.clone(), input)),
            None => request.stdin = Some(input),
        }
        let max = request.limits.output();
        let file = self.problem.output_file.iter();
        request.collect.extend(file.map(|path| OutFile { path: path.clone(), max }));
    }

    fn output(&self, outcome: Outcome<R::Blob>, what: &str) -> Result<R::Blob, Trouble> {
        match &self.problem.output_file {
            None => {
                outcome.stdout.ok_or_else(|| Trouble::node(format!("{what}: its output was lost")))
            }
            Some(file) => {
                let written = outcome.collected.into_iter().next().flatten();
                written.ok_or_else(|| Trouble::package(format!("{what} wrote no file `{file}`")))
            }
        }
    }

    /// What the interactor writes about the main solution.
    fn talked(
        &mut self,
        interactor: &Interactor<R::Blob>,
        request: Request<R::Blob>,
        (input, limits): (&R::Blob, &ProblemLimits),
        what: &str,
    ) -> Result<R::Blob, Trouble> {
        let answer = self.workshop.runs.hold(b"")?;
        let scene = Scene {
            input,
            answer: &answer,
            args: &[],
            limits: JuryLimits::of(&self.problem.rules),
            solution: limits,
            scores: Scores::Ignored,
        };
        let folder = &mut Folder::new(false);
        let (outcome, came) = self.workshop.converse(interactor, request, &scene, folder)?;
        match came {
            Ok(Talked::Written(written)) => Ok(written),
            Ok(Talked::Failed(verdict)) => {
                let how = describe::with_stderr(&outcome.report, &outcome.stderr);
                Err(Trouble::package(format!("{what} gets {verdict}: it {how}")))
            }
            Ok(Talked::Asked(_)) => {
                Err(Trouble::package(format!("{what} is not accepted by the interactor")))
            }
            Err(trouble) => Err(Trouble::package(trouble.message)),
        }
    }

    /// The main solution, ready to run, and its name.
    fn main(&mut self) -> Result<(Program<R::Blob>, String), Trouble> {
        let solution = self.package.main_solution().ok_or_else(|| {
            Trouble::package("the package has neither the answer nor a solution tagged `main`")
        })?;
        let shown = solution.name.clone();
        if let Some(program) = &self.main {
            return Ok((program.clone(), shown));
        }
        let language = solution.language.as_ref().ok_or_else(|| {
            Trouble::package(format!(
                "{shown}: type `{}` is listed by no language file; add it to `polygon` in one of \
                 cluster-config/languages/*.toml",
                solution.kind
            ))
        })?;
        let languages = self.workshop.languages();
        let language = find(&languages, language)?;
        let sources = Sources::of_solution(solution, language, &self.problem)?;
        let program = match self.workshop.build(language, sources.text(&self.problem.rules))? {
            Built::Program(program, _) => program,
            Built::Refused(verdict, result) => {
                let lines: Vec<&str> = result.log.lines().take(3).collect();
                let (id, said) = (&language.id, lines.join(" | "));
                return Err(Trouble::package(format!(
                    "main solution: {shown} does not compile as {id} ({verdict}): {said}"
                )));
            }
        };
        Ok((self.main.insert(program).clone(), shown))
    }

    /// Runs a program of the package that has to end well.
    fn ended(
        &mut self,
        request: Request<R::Blob>,
        what: &str,
    ) -> Result<Outcome<R::Blob>, Trouble> {
        let outcome = self.workshop.runs.run(request)?;
        if ended_well(&outcome.report) {
            return Ok(outcome);
        }
        let how = describe::with_stderr(&outcome.report, &outcome.stderr);
        let message = format!("{what} {how}");
        let cancelled = outcome.report.cause == Cause::Cancelled;
        Err(if cancelled { Trouble::node(message) } else { Trouble::package(message) })
    }
}

fn open(path: &Path) -> Result<File, Trouble> {
    File::open(path)
        .map_err(|error| Trouble::package(format!("{}: cannot read: {error}", path.display())))
}

#[cfg(test)]
mod tests;
