//! Languages: how a source becomes a program, and how the program is run.

use std::path::Path;

use minos_model::{Bytes, CpuTime, LanguageId, RawLimits};

use crate::{LanguagesError, language_file};

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
    /// Names of languages in ICPC/Kattis packages.
    pub kattis: Vec<String>,
    /// Debian packages that bring its toolchain.
    pub packages: Vec<String>,
}

impl Language {
    /// The program of the machine that this language cannot do without and that is not there;
    /// costs a look at a file or two.
    #[must_use]
    pub fn absent(&self) -> Option<&str> {
        let compile = self.compile.iter().filter_map(|step| step.argv.first());
        let needed = self.version.iter().take(1).chain(self.run.argv.first()).chain(compile);
        let mut paths = needed.map(String::as_str).filter(|path| path.starts_with('/'));
        paths.find(|path| !Path::new(path).exists())
    }

    /// What to type where its toolchain is missing.
    #[must_use]
    pub fn remedy(&self) -> String {
        if self.packages.is_empty() {
            return format!("install what {}.toml names", self.id);
        }
        format!("apt-get install --no-install-recommends {}", self.packages.join(" "))
    }
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
    /// A header worth compiling ahead, as it stands between the angle brackets.
    pub precompiled: Option<String>,
}

/// How a program is run. It runs in `/w`, where the artefacts lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunStep {
    /// The command: an absolute path (an interpreter), or `./` and an artefact's name.
    pub argv: Vec<String>,
    /// Variables added to the environment of a box.
    pub env: Vec<(String, String)>,
    /// What the runtime takes before the program's first line.
    pub allowance: Allowance,
}

/// The start-up allowance of a runtime, added to a problem's limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Allowance {
    /// Added to the limits of CPU and wall-clock time.
    pub cpu: CpuTime,
    /// Added to the memory limit.
    pub memory: Bytes,
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
    /// The languages this program ships: the files of `cluster-config/languages/`.
    ///
    /// # Panics
    /// Never: the files are part of the program, and a test reads them.
    #[must_use]
    pub fn builtin() -> Self {
        let files = BUILTIN.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned()));
        Self::read(files.collect()).expect("the embedded language files are read by a test")
    }

    /// Reads every `*.toml` of a directory, such as `cluster-config/languages`.
    ///
    /// # Errors
    /// All mistakes of all files at once.
    pub fn load(dir: &Path) -> Result<Self, LanguagesError> {
        language_file::files_of(dir).and_then(Self::read)
    }

    /// Reads language files from their names and texts.
    pub(crate) fn read(files: Vec<(String, String)>) -> Result<Self, LanguagesError> {
        let mut all = Vec::new();
        let mut mistakes = Vec::new();
        for (name, text) in files {
            match language_file::read(&name, &text) {
                Ok(language) => all.push(language),
                Err(found) => mistakes.extend(found),
            }
        }
        all.sort_by(|a: &Language, b| a.id.cmp(&b.id));
        mistakes.extend(language_file::clashes(&all));
        if mistakes.is_empty() { Ok(Self { all }) } else { Err(LanguagesError { mistakes }) }
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

    /// The language of a name in ICPC/Kattis packages, as in `cpp`.
    #[must_use]
    pub fn by_kattis_name(&self, name: &str) -> Option<&Language> {
        self.all.iter().find(|language| language.kattis.iter().any(|known| known == name))
    }

    /// The language of one of Polygon's source types, as in `cpp.g++17`; the pattern with the most
    /// letters wins.
    #[must_use]
    pub fn by_polygon_type(&self, kind: &str) -> Option<&Language> {
        let fitting = self.all.iter().flat_map(|language| {
            let fits = language.polygon.iter().filter(|pattern| fits(pattern, kind));
            fits.map(move |pattern| (pattern.len(), language))
        });
        fitting.max_by_key(|(letters, _)| *letters).map(|(_, language)| language)
    }

    /// The languages of a pattern for source types, as resources have it: `cpp.*`.
    pub(crate) fn of_polygon_types(&self, pattern: &str) -> Vec<LanguageId> {
        // A type of ours stands for all that its own pattern fits.
        let meant = |language: &&Language| {
            let mut kinds = language.polygon.iter().map(|kind| kind.replace('*', ""));
            kinds.any(|kind| fits(pattern, &kind) || fits(pattern, kind.trim_end_matches('.')))
                || language.polygon.iter().any(|kind| fits(kind, pattern))
        };
        self.all.iter().filter(meant).map(|language| language.id.clone()).collect()
    }
}

/// The files of `cluster-config/languages/`.
const BUILTIN: [(&str, &str); 15] = [
    ("c.toml", include_str!("../../../cluster-config/languages/c.toml")),
    ("cpp11.toml", include_str!("../../../cluster-config/languages/cpp11.toml")),
    ("cpp14.toml", include_str!("../../../cluster-config/languages/cpp14.toml")),
    ("cpp17.toml", include_str!("../../../cluster-config/languages/cpp17.toml")),
    ("cpp20.toml", include_str!("../../../cluster-config/languages/cpp20.toml")),
    ("cpp23.toml", include_str!("../../../cluster-config/languages/cpp23.toml")),
    ("csharp.toml", include_str!("../../../cluster-config/languages/csharp.toml")),
    ("go.toml", include_str!("../../../cluster-config/languages/go.toml")),
    ("java.toml", include_str!("../../../cluster-config/languages/java.toml")),
    ("javascript.toml", include_str!("../../../cluster-config/languages/javascript.toml")),
    ("kotlin.toml", include_str!("../../../cluster-config/languages/kotlin.toml")),
    ("pascal.toml", include_str!("../../../cluster-config/languages/pascal.toml")),
    ("pypy3.toml", include_str!("../../../cluster-config/languages/pypy3.toml")),
    ("python3.toml", include_str!("../../../cluster-config/languages/python3.toml")),
    ("rust.toml", include_str!("../../../cluster-config/languages/rust.toml")),
];

/// Whether a pattern, with at most one `*`, fits a type.
fn fits(pattern: &str, kind: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == kind,
        Some((before, after)) => {
            kind.strip_prefix(before).is_some_and(|rest| rest.ends_with(after))
        }
    }
}
