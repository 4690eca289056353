//! The programs and files that a package is made of.

use std::path::PathBuf;

use minos_model::LanguageId;

use crate::{PackageError, SolutionTag, StandardChecker};

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
