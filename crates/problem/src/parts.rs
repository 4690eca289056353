//! The programs and files that a package is made of.

use std::collections::BTreeMap;
use std::path::PathBuf;

use minos_model::LanguageId;

use crate::{Expectation, PackageError, StandardChecker, TimeBound};

/// Who compares a solution's output with the answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Checker {
    /// A program that follows testlib's protocol; one that is not in C++ gets three files and is
    /// judged by its exit code alone.
    Program(Part),
    /// A comparison that is built in, because the package names it without its source.
    Standard(StandardChecker),
    /// ICPC's default output validator. Its flags are [`Test::validator_args`](crate::Test), which
    /// [`Comparison::parse`](crate::Comparison::parse) reads.
    Default,
    /// Output validators of ICPC's protocol: exit code 42 or 43, files in a feedback folder.
    Validators(Validators),
}

/// The package's own output validators.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Validators {
    /// At least one; an output is accepted when all of them accept it. Only the old format has
    /// more than one, and an interactive problem has exactly one.
    pub programs: Vec<JuryProgram>,
    /// Whether they give scores: `score.txt` and `score_multiplier.txt` count, and are ignored
    /// otherwise.
    pub scores: bool,
}

/// A program of the package that takes part in judging.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JuryProgram {
    /// One that is compiled and run as its language says.
    Part(Part),
    /// One that builds or runs itself.
    Scripts(Scripts),
}

/// A folder with a `build` script, a `run` script, or both. A copy of the folder is the working
/// directory of `build`; after it, `run` is there and is the program. Both count as executable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scripts {
    /// The folder.
    pub dir: PathBuf,
    /// The files in it, relative to it, in order.
    pub files: Vec<String>,
    /// Whether there is a `build`.
    pub build: bool,
}

/// A program of the package that can be compiled here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// The source file.
    pub source: PathBuf,
    /// The type as the manifest writes it: `cpp.g++17`; else the source's extension.
    pub kind: String,
    /// The language it is compiled and run as.
    pub language: LanguageId,
    /// Files that lie beside the source, under their base names, when it is compiled: headers and
    /// modules of the package; for C++ always a `testlib.h`, the package's own or the vendored one.
    pub resources: Vec<PathBuf>,
    /// Sources that are compiled together with the first, under their base names.
    pub further: Vec<PathBuf>,
}

/// A program of the package, whether or not its type is known here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tool {
    /// The base name without the extension, as commands name it; for ICPC the base name.
    pub name: String,
    /// The source file.
    pub source: PathBuf,
    /// The type as the manifest writes it; made up from the extension when it says none.
    pub kind: String,
    /// The language of that type; `None` when no language file lists it.
    pub language: Option<LanguageId>,
    /// As for [`Part::resources`].
    pub resources: Vec<PathBuf>,
    /// As for [`Part::further`].
    pub further: Vec<PathBuf>,
    /// The scripts it consists of, in place of everything above but its name.
    pub scripts: Option<Scripts>,
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
                "type `{}` is listed by no language file; add it to `extensions`, or to `polygon` \
                 for a Polygon package, in one of cluster-config/languages/*.toml",
                self.kind
            ),
        })?;
        Ok(Part {
            source: self.source.clone(),
            kind: self.kind.clone(),
            language,
            resources: self.resources.clone(),
            further: self.further.clone(),
        })
    }

    /// The program as one that takes part in judging.
    ///
    /// # Errors
    /// When it has no scripts and no language file lists its type.
    pub fn jury_program(&self) -> Result<JuryProgram, PackageError> {
        match &self.scripts {
            Some(scripts) => Ok(JuryProgram::Scripts(scripts.clone())),
            None => self.part().map(JuryProgram::Part),
        }
    }
}

/// A file that lies beside submissions: a grader, a driver, a header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Include {
    /// Its name in the submission's folder; a file of the submission with that name gives way.
    pub name: String,
    /// Where it lies.
    pub path: PathBuf,
    /// Which submissions it lies beside.
    pub languages: IncludeFor,
    /// When it is there.
    pub stage: IncludeStage,
}

/// The submissions a file lies beside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IncludeFor {
    /// All of them.
    All,
    /// Those in these languages.
    Only(Vec<LanguageId>),
    /// Those in any language but these.
    AllBut(Vec<LanguageId>),
}

impl IncludeFor {
    /// Whether submissions in that language are meant.
    #[must_use]
    pub fn holds(&self, language: &LanguageId) -> bool {
        match self {
            Self::All => true,
            Self::Only(languages) => languages.contains(language),
            Self::AllBut(languages) => !languages.contains(language),
        }
    }
}

/// When a file lies beside a submission.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IncludeStage {
    /// While it is compiled: sources of the submission's language are compiled together with it.
    Compile,
    /// While it runs.
    Run,
    /// Always.
    Both,
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
#[derive(Debug, Clone, PartialEq)]
pub struct Solution {
    /// How people name it: the path below `solutions/` or `submissions/`.
    pub name: String,
    /// The source file; for a folder of several, the one that runs first.
    pub path: PathBuf,
    /// Sources and other files of the same folder, under their base names.
    pub further: Vec<PathBuf>,
    /// What the author says of it, in a word: `wrong-answer`, or the folder's name.
    pub label: String,
    /// Whether it makes the answers that the package lacks. At most one does.
    pub main: bool,
    /// What is expected of it, all of it.
    pub expectations: Vec<Expectation>,
    /// How it bounds a time limit that has to be inferred.
    pub time_bounds: Vec<TimeBound>,
    /// The language of its type; `None` when no language file lists it.
    pub language: Option<LanguageId>,
    /// The type as the manifest writes it: `cpp.g++17`; else the extension.
    pub kind: String,
    /// Headers of the package that authors' solutions may include.
    pub resources: Vec<PathBuf>,
    /// The class, function or file that is run first, where the package names it.
    pub entry_point: Option<String>,
    /// The author's note.
    pub note: Option<String>,
}

/// The type of an input validator that is no program but a description of inputs, in the language
/// of that name; only ICPC packages have them.
pub const CHECKTESTDATA: &str = "ctd";
/// The type of an input validator that is a description in VIVA, which nobody here follows.
pub const VIVA: &str = "viva";

/// A program that checks inputs, with the cases that prove it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Validator {
    /// The program: reads an input on stdin, exits 0 when it is valid; 42 in ICPC packages.
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

/// An input that at least one of the package's validators has to reject.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidInput {
    /// Its name: `invalid_input/negative`.
    pub name: String,
    /// The input.
    pub input: PathBuf,
    /// What the validators are called with.
    pub args: ValidatorArgs,
}

/// What input validators are called with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ValidatorArgs {
    /// Each of them with the same.
    Each(Vec<String>),
    /// Each with its own, by its name; those not named with nothing.
    Named(BTreeMap<String, Vec<String>>),
}

impl Default for ValidatorArgs {
    fn default() -> Self {
        Self::Each(Vec::new())
    }
}

impl ValidatorArgs {
    /// What the validator of that name is called with.
    #[must_use]
    pub fn of(&self, validator: &str) -> &[String] {
        match self {
            Self::Each(args) => args,
            Self::Named(named) => named.get(validator).map_or(&[], Vec::as_slice),
        }
    }
}

/// A case for a checker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckerTest {
    /// How people name it: `checker test 2`, `valid_output/1`.
    pub name: String,
    /// The test's input.
    pub input: PathBuf,
    /// What a solution printed.
    pub output: PathBuf,
    /// The answer.
    pub answer: PathBuf,
    /// What the checker is called with beside the files.
    pub args: Vec<String>,
    /// What input validators are called with to see the input; `None` when they need not.
    pub input_args: Option<ValidatorArgs>,
    /// What the checker has to say.
    pub verdict: CheckerWord,
}

/// What a checker may be expected to say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CheckerWord {
    /// Exit code 0; 42 of an output validator.
    Ok,
    /// Exit code 1; 43 of an output validator.
    WrongAnswer,
    /// Exit code 2.
    PresentationError,
    /// Points, or a part of them.
    Points,
    /// Exit code 3, or a signal.
    Crashed,
}
