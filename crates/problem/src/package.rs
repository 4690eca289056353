//! A package: a problem as its author delivers it. Tests and answers may still have to be made.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use minos_model::{Digest, LanguageId, ProblemId};
use tempfile::TempDir;

use crate::{
    Checker, CheckerTest, Group, Include, Inference, InvalidInput, JuryProgram, Languages, Mode,
    PackageError, ProblemLimits, Resource, Rules, Scoring, Solution, Tool, Validator,
    ValidatorArgs,
};

/// Which format a package is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Polygon: `problem.xml`.
    Polygon,
    /// ICPC/Kattis: `problem.yaml`.
    Icpc(IcpcVersion),
}

/// Which version of its format an ICPC/Kattis package is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IcpcVersion {
    /// `legacy`, and a manifest that names no version.
    Legacy,
    /// `legacy-icpc`: a subset of `legacy`.
    LegacyIcpc,
    /// `2023-07-draft`.
    Draft202307,
    /// `2025-09`.
    V202509,
}

impl IcpcVersion {
    /// Every version.
    pub const ALL: [Self; 4] = [Self::Legacy, Self::LegacyIcpc, Self::Draft202307, Self::V202509];

    /// As `problem_format_version` writes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Legacy => "legacy",
            Self::LegacyIcpc => "legacy-icpc",
            Self::Draft202307 => "2023-07-draft",
            Self::V202509 => "2025-09",
        }
    }

    /// Whether it is one of the old ones.
    #[must_use]
    pub const fn is_legacy(self) -> bool {
        matches!(self, Self::Legacy | Self::LegacyIcpc)
    }
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
    /// What a submission is and how it runs.
    pub mode: Mode,
    /// What a solution may use. When the time limit has to be inferred, what its runs may use
    /// until it is.
    pub limits: ProblemLimits,
    /// How the time limit follows from the solutions; `None` when the package gives it.
    pub inference: Option<Inference>,
    /// What the package asks for beside the limits.
    pub rules: Rules,
    /// The tests of the judging testset, in order.
    pub tests: Vec<PackageTest>,
    /// Groups of tests, in order of declaration; empty when the problem has none.
    pub groups: Vec<Group>,
    /// How verdict and score follow from the tests.
    pub scoring: Scoring,
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
    /// Inputs that prove the validators.
    pub invalid_inputs: Vec<InvalidInput>,
    /// The program a solution talks to, of testlib's protocol: see
    /// [`Problem::interactor`](crate::Problem).
    pub interactor: Option<Tool>,
    /// The program that [`Grader::Custom`](crate::Grader) means.
    pub grader: Option<JuryProgram>,
    /// The program that turns test results into points.
    pub scorer: Option<Tool>,
    /// The program that looks at a submission's sources.
    pub static_validator: Option<JuryProgram>,
    /// Files that lie beside a program when it is compiled or run.
    pub resources: Vec<Resource>,
    /// Files that lie beside submissions.
    pub includes: Vec<Include>,
    /// The file a solution reads in its working directory; `None` for stdin.
    pub input_file: Option<String>,
    /// The file a solution writes in its working directory; `None` for stdout.
    pub output_file: Option<String>,
    /// What the package holds and nobody here uses, a line each, for people to know.
    pub notes: Vec<String>,
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

    /// Leaves an input validator out, by its name, and notes that; what nobody else may reject is
    /// left out with it. Whether there was one of that name.
    pub fn skip_validator(&mut self, name: &str) -> bool {
        let before = self.validators.len();
        self.validators.retain(|validator| validator.tool.name != name);
        if self.validators.len() == before {
            return false;
        }
        self.notes.push(format!("input validator {name} is left out, as asked"));
        if !self.invalid_inputs.is_empty() {
            self.invalid_inputs.clear();
            self.notes.push("so are the invalid inputs, which it may be meant for".to_owned());
        }
        true
    }

    /// The solution that makes answers: the one tagged `main`.
    #[must_use]
    pub fn main_solution(&self) -> Option<&Solution> {
        self.solutions.iter().find(|solution| solution.main)
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

    /// Whether a submission gets a score.
    #[must_use]
    pub const fn is_scored(&self) -> bool {
        match &self.scoring {
            Scoring::PassFail => false,
            Scoring::Points => true,
            Scoring::Graded(graded) => graded.objective.is_some(),
        }
    }
}

/// One test of a package.
#[derive(Debug, Clone, PartialEq)]
pub struct PackageTest {
    /// The number as the pattern writes it: `01`, `100`; or its path below `data/`:
    /// `secret/07-max`.
    pub name: String,
    /// Where the input comes from.
    pub input: Input,
    /// Where the answer comes from.
    pub answer: Answer,
    /// The group it belongs to, the innermost.
    pub group: Option<String>,
    /// What it is worth at most; `None` when it has no points, or no bound.
    pub points: Option<f64>,
    /// Whether it stands in the statement.
    pub sample: bool,
    /// The author's note.
    pub description: Option<String>,
    /// The file, out of several that the generator writes, that is the input; `None` when the
    /// generator prints it.
    pub from_file: Option<String>,
    /// Words the submission is called with.
    pub args: Vec<String>,
    /// Words the checker is called with beside the files.
    pub validator_args: Vec<String>,
    /// What the input validators are called with.
    pub input_args: ValidatorArgs,
    /// Files in the submission's working directory: relative name and place.
    pub files: Vec<(String, PathBuf)>,
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
    /// There is none: [`Package::static_validator`] looks at the submission's sources.
    Sources,
}

/// Where a test's answer comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// A file of the package.
    File(PathBuf),
    /// The stdout of the main solution.
    MainSolution,
}
