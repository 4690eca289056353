//! A package: a problem as its author delivers it. Tests and answers may still have to be made.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use minos_model::{Bytes, CpuTime, Digest, LanguageId, ProblemId, RawLimits, WallTime};
use tempfile::TempDir;

use crate::{Languages, PackageError, SolutionTag, StandardChecker};

/// Which format a package is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Polygon: `problem.xml`.
    Polygon,
}

/// A package that was read and checked. Every path is absolute; archives lie unpacked in a private
/// directory that vanishes with the last clone of the value.
#[derive(Debug, Clone)]
pub struct Package {
    /// The short name.
    pub id: ProblemId,
    /// The title for people: the English one, else the first, else the short name.
    pub name: String,
    /// The format it was read from.
    pub format: Format,
    /// The SHA-256 of all files: their relative paths, lengths and bytes. The same whether the
    /// package lies in a directory, in a zip or in a folder inside a zip.
    pub revision: Digest,
    /// Where the package's files lie.
    pub root: PathBuf,
    /// What a solution may use.
    pub limits: ProblemLimits,
    /// The tests of the judging testset, in order.
    pub tests: Vec<PackageTest>,
    /// Groups of tests, in order of declaration; empty when the problem has none.
    pub groups: Vec<Group>,
    /// Who compares answers.
    pub checker: Checker,
    /// The name the author picked the checker by, as in `std::ncmp.cpp`.
    pub checker_name: Option<String>,
    /// Cases the author gives to prove the checker.
    pub checker_tests: Vec<CheckerTest>,
    /// The author's solutions, the main one included.
    pub solutions: Vec<Solution>,
    /// Programs of the package that make tests, by base name.
    pub executables: Vec<Tool>,
    /// Programs that check inputs.
    pub validators: Vec<Validator>,
    /// The program a solution talks to.
    pub interactor: Option<Tool>,
    /// The program that turns test results into points.
    pub scorer: Option<Tool>,
    /// Files that lie beside a program when it is compiled or run.
    pub resources: Vec<Resource>,
    /// How often a solution runs on each test: 1, or 2 for run-twice problems.
    pub run_count: u32,
    /// The file a solution reads in its working directory; `None` for stdin.
    pub input_file: Option<String>,
    /// The file a solution writes in its working directory; `None` for stdout.
    pub output_file: Option<String>,
    /// How errors name the manifest.
    pub(crate) manifest: String,
    /// The unpacked archive and the vendored header live as long as the package.
    pub(crate) _scratch: Arc<TempDir>,
}

impl Package {
    /// Reads a package: a directory or a zip file, as its content says. Source types are mapped to
    /// the languages this program ships.
    ///
    /// # Errors
    /// What is wrong, with file, field and expectation.
    pub fn open(path: &Path) -> Result<Self, PackageError> {
        Self::open_with(path, &Languages::builtin())
    }

    /// Reads a package, mapping its source types to `languages`.
    ///
    /// # Errors
    /// What is wrong, with file, field and expectation.
    pub fn open_with(path: &Path, languages: &Languages) -> Result<Self, PackageError> {
        crate::open::open(path, languages)
    }

    /// The solution that makes answers: the one tagged `main`.
    #[must_use]
    pub fn main_solution(&self) -> Option<&Solution> {
        self.solutions.iter().find(|solution| solution.tag == SolutionTag::Main)
    }

    /// The program that a test's command names by its first word.
    #[must_use]
    pub fn generator(&self, name: &str) -> Option<&Tool> {
        self.executables.iter().find(|tool| tool.name == name)
    }

    /// Whether tests or groups carry points.
    #[must_use]
    pub fn is_scored(&self) -> bool {
        self.tests.iter().any(|test| test.points.is_some_and(|points| points > 0.0))
            || self.groups.iter().any(|group| group.points.is_some_and(|points| points > 0.0))
    }

    /// What this version cannot judge about the package: one line, ready for the user. Whoever
    /// prepares a package asks first, so that nothing is skipped silently.
    #[must_use]
    pub fn unsupported(&self) -> Option<String> {
        let shown = |tool: &Tool| self.relative(&tool.source);
        if let Some(interactor) = &self.interactor {
            return Some(format!("{}: interactive problems are not judged yet", shown(interactor)));
        }
        if let Some(scorer) = &self.scorer {
            return Some(format!("{}: scorers are not judged yet", shown(scorer)));
        }
        if self.run_count != 1 {
            return Some(format!(
                "{}: judging@run-count: {} runs per test are not judged yet",
                self.manifest, self.run_count
            ));
        }
        for (attribute, file) in
            [("input-file", &self.input_file), ("output-file", &self.output_file)]
        {
            if let Some(file) = file {
                return Some(format!(
                    "{}: judging@{attribute}: `{file}`: solutions that read or write files are not \
                     judged yet, only stdin and stdout",
                    self.manifest
                ));
            }
        }
        let several = self
            .tests
            .iter()
            .find(|test| test.from_file.is_some() && matches!(test.input, Input::Generated { .. }));
        if let Some(test) = several {
            return Some(format!(
                "{}: test {}: generators that write several tests are not run yet; add the input",
                self.manifest, test.name
            ));
        }
        let linked = self.resources.iter().find(|resource| resource.is_for("SOLUTION"))?;
        Some(format!(
            "{}: files given to the solutions' compiler (graders) are not judged yet",
            self.relative(&linked.path)
        ))
    }

    /// A path as it stands in the package.
    pub(crate) fn relative(&self, path: &Path) -> String {
        path.strip_prefix(&self.root).unwrap_or(path).display().to_string()
    }
}

/// What a solution may use; the language adds processes and descriptors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProblemLimits {
    /// CPU time.
    pub cpu: CpuTime,
    /// Wall-clock time.
    pub wall: WallTime,
    /// Memory.
    pub memory: Bytes,
    /// Bytes on stdout.
    pub output: Bytes,
}

impl ProblemLimits {
    /// Output where a package gives no limit.
    pub const DEFAULT_OUTPUT: Bytes = Bytes::from_mib(64);
    /// The least wall-clock limit where a package gives none.
    pub const LEAST_WALL: WallTime = WallTime::from_secs(3);

    /// The defaults of the contract around what a package gives: output 64 MiB, wall-clock twice
    /// the CPU limit and one second more, at least three seconds.
    #[must_use]
    pub fn new(cpu: CpuTime, memory: Bytes) -> Self {
        let twice = cpu.saturating_add(cpu).saturating_add(CpuTime::from_secs(1));
        let wall = WallTime::from_micros(twice.micros()).max(Self::LEAST_WALL);
        Self { cpu, wall, memory, output: Self::DEFAULT_OUTPUT }
    }

    /// Together with what the language says; still to be checked by `Limits::new`.
    #[must_use]
    pub const fn raw(&self, processes: u32, files: u32) -> RawLimits {
        RawLimits {
            cpu: self.cpu,
            wall: self.wall,
            memory: self.memory,
            output: self.output,
            processes,
            files,
            stack: None,
        }
    }
}

/// One test of a package.
#[derive(Debug, Clone, PartialEq)]
pub struct PackageTest {
    /// The number as the pattern writes it: `01`, `100`.
    pub name: String,
    /// Where the input comes from.
    pub input: Input,
    /// Where the answer comes from.
    pub answer: Answer,
    /// The group it belongs to.
    pub group: Option<String>,
    /// What it is worth.
    pub points: Option<f64>,
    /// Whether it stands in the statement.
    pub sample: bool,
    /// The author's note.
    pub description: Option<String>,
    /// The file, out of several that the generator writes, that is the input; `None` when the
    /// generator prints it.
    pub from_file: Option<String>,
}

/// Where a test's input comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// A file of the package.
    File(PathBuf),
    /// The stdout of a generator: its name (see [`Package::generator`]) and its arguments.
    Generated {
        /// The words of the command, the generator's name first.
        command: Vec<String>,
    },
}

/// Where a test's answer comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// A file of the package.
    File(PathBuf),
    /// The stdout of the main solution.
    MainSolution,
}

/// How a group's points follow from its tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PointsPolicy {
    /// All points when every test passes, otherwise none.
    CompleteGroup,
    /// The sum over the tests that pass.
    EachTest,
}

/// What a contestant learns of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FeedbackPolicy {
    /// Every test.
    Complete,
    /// The first test that fails.
    Icpc,
    /// The points.
    Points,
    /// Nothing.
    None,
}

/// Tests that are scored together.
#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    /// Its name, as tests refer to it.
    pub name: String,
    /// What it is worth, when the manifest says so.
    pub points: Option<f64>,
    /// How points follow from tests.
    pub points_policy: PointsPolicy,
    /// What a contestant learns.
    pub feedback_policy: FeedbackPolicy,
    /// Groups that must pass completely before this one counts; acyclic.
    pub dependencies: Vec<String>,
}

/// Who compares a solution's output with the answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Checker {
    /// A program that follows testlib's protocol.
    Program(Part),
    /// A comparison that is built in, because the package names it without its source.
    Standard(StandardChecker),
}

/// A program of the package that can be compiled here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// The source file.
    pub source: PathBuf,
    /// The type as the manifest writes it: `cpp.g++17`.
    pub kind: String,
    /// The language it is compiled and run as.
    pub language: LanguageId,
    /// Files that lie beside the source, under their base names, when it is compiled: headers and
    /// modules of the package; for C++ always a `testlib.h`, the package's own or the vendored one.
    pub resources: Vec<PathBuf>,
}

/// A program of the package, whether or not its type is known here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tool {
    /// The base name without the extension, as commands name it.
    pub name: String,
    /// The source file.
    pub source: PathBuf,
    /// The type as the manifest writes it; made up from the extension when it says none.
    pub kind: String,
    /// The language of that type; `None` when no language file lists it.
    pub language: Option<LanguageId>,
    /// As for [`Part::resources`].
    pub resources: Vec<PathBuf>,
}

impl Tool {
    /// The program as one that can be compiled.
    ///
    /// # Errors
    /// When no language file lists its type.
    pub fn part(&self) -> Result<Part, PackageError> {
        let language = self.language.clone().ok_or_else(|| PackageError::Unsupported {
            file: self.source.display().to_string(),
            what: format!(
                "type `{}` is listed by no language file; add it to `polygon` in one of \
                 cluster-config/languages/*.toml",
                self.kind
            ),
        })?;
        Ok(Part {
            source: self.source.clone(),
            kind: self.kind.clone(),
            language,
            resources: self.resources.clone(),
        })
    }
}

/// A file of the package that lies beside programs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resource {
    /// The file.
    pub path: PathBuf,
    /// Its type, as in `h.g++`.
    pub kind: Option<String>,
    /// The source types it is meant for; empty for all.
    pub for_types: Vec<String>,
    /// The programs it is meant for, as in `SOLUTION` or `CHECKER`; empty when not said.
    pub assets: Vec<String>,
    /// When it is needed, as in `COMPILE` or `RUN`; empty when not said.
    pub stages: Vec<String>,
}

impl Resource {
    /// Whether the manifest gives the file to this kind of program by name.
    #[must_use]
    pub fn is_for(&self, asset: &str) -> bool {
        self.assets.iter().any(|name| name.eq_ignore_ascii_case(asset))
    }
}

/// A solution by the author.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Solution {
    /// The source file.
    pub path: PathBuf,
    /// What the author says of it.
    pub tag: SolutionTag,
    /// What the author says of it for single groups or testsets.
    pub extra_tags: Vec<ExtraTag>,
    /// The language of its type; `None` when no language file lists it.
    pub language: Option<LanguageId>,
    /// The type as the manifest writes it: `cpp.g++17`.
    pub kind: String,
    /// Headers of the package that authors' solutions may include.
    pub resources: Vec<PathBuf>,
    /// The author's note.
    pub note: Option<String>,
}

/// A tag for a part of the tests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExtraTag {
    /// Which tests.
    pub scope: TagScope,
    /// What the author says of them.
    pub tag: SolutionTag,
}

/// The tests a tag is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TagScope {
    /// One group.
    Group(String),
    /// One testset.
    Testset(String),
}

/// A program that checks inputs, with the cases that prove it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Validator {
    /// The program: reads an input on stdin, exits 0 when it is valid.
    pub tool: Tool,
    /// Cases the author gives to prove the validator.
    pub tests: Vec<ValidatorTest>,
}

/// A case for a validator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValidatorTest {
    /// The input.
    pub input: PathBuf,
    /// What the validator has to say.
    pub valid: bool,
    /// The testset it is run for.
    pub testset: Option<String>,
    /// The group it is run for.
    pub group: Option<String>,
}

/// A case for a checker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckerTest {
    /// The test's input.
    pub input: PathBuf,
    /// What a solution printed.
    pub output: PathBuf,
    /// The answer.
    pub answer: PathBuf,
    /// What the checker has to say.
    pub verdict: CheckerWord,
}

/// What a checker may be expected to say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CheckerWord {
    /// Exit code 0.
    Ok,
    /// Exit code 1.
    WrongAnswer,
    /// Exit code 2.
    PresentationError,
    /// Exit code 3, or a signal.
    Crashed,
}
