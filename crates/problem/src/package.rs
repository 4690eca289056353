//! A package: a problem as its author delivers it. Tests and answers may still have to be made.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use minos_model::{Bytes, CpuTime, Digest, LanguageId, ProblemId, RawLimits, WallTime};
use tempfile::TempDir;

use crate::{
    Checker, CheckerTest, Languages, PackageError, Resource, Solution, SolutionTag, Tool, Validator,
};

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

    /// The language that the manifest gives to a source with this text: of two sources that say
    /// the same, the one listed first. `None` when the package does not know the text, or when no
    /// language file lists its type.
    #[must_use]
    pub fn language_of(&self, source: &[u8]) -> Option<&LanguageId> {
        let same = |solution: &&Solution| {
            let length = std::fs::metadata(&solution.path).map(|metadata| metadata.len());
            length.is_ok_and(|length| length == source.len() as u64)
                && std::fs::read(&solution.path).is_ok_and(|text| text == source)
        };
        self.solutions.iter().find(same).and_then(|solution| solution.language.as_ref())
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
