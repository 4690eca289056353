//! What can be wrong with a package, a cached problem or a language file. Every message names the
//! file, the field and what was expected there.

use std::io;
use std::path::PathBuf;

/// What stands in a file, as one line of a message: control characters escaped, and cut where no
/// honest message gets.
pub(crate) fn one_line(text: String) -> String {
    const LONGEST: usize = 1_000;
    if text.len() <= LONGEST && !text.contains(char::is_control) {
        return text;
    }
    let mut line = String::new();
    for c in text.chars().take(LONGEST) {
        if c.is_control() { line.extend(c.escape_debug()) } else { line.push(c) }
    }
    line
}

/// A package that cannot be read. Always the package's or its path's doing: exit code 2.
#[derive(Debug, thiserror::Error)]
pub enum PackageError {
    /// The operating system refused.
    #[error("{}: cannot {doing}: {source}", path.display())]
    Io {
        /// What was touched.
        path: PathBuf,
        /// What was being done: `open`, `read`, `list`.
        doing: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// Neither kind of manifest was found.
    #[error(
        "{package}: holds neither problem.xml (Polygon) nor problem.yaml (ICPC/Kattis), \
         at its root or in its only folder"
    )]
    NoManifest {
        /// The package as it was given.
        package: String,
    },
    /// A Polygon contest package: several problems.
    #[error(
        "{package}: contest.xml: this is a contest package, not a problem; unpack it and name one \
         of its problems: {}",
        problems.join(", ")
    )]
    Contest {
        /// The package as it was given.
        package: String,
        /// The folders of its problems, relative to the package.
        problems: Vec<String>,
    },
    /// Understood, but not something this version can read or judge.
    #[error("{file}: {what}")]
    Unsupported {
        /// The file that asks for it.
        file: String,
        /// What it asks for, and what to do instead.
        what: String,
    },
    /// The archive, or one of its entries, is broken or hostile.
    #[error("{archive}: {}{problem}", entry.as_ref().map(|e| format!("entry `{e}`: ")).unwrap_or_default())]
    Archive {
        /// The archive as it was given.
        archive: String,
        /// The entry's name, with unprintable characters escaped; `None` for the whole archive.
        entry: Option<String>,
        /// What is wrong, and what is allowed.
        problem: String,
    },
    /// A directory holds something that no package holds.
    #[error("{}: {problem}", path.display())]
    Tree {
        /// The file or link.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// The manifest is not XML.
    #[error("{file}: line {line}: not well-formed XML: {problem}")]
    Xml {
        /// The manifest.
        file: String,
        /// The line, from 1.
        line: u32,
        /// What the parser said.
        problem: String,
    },
    /// A file of the package is not YAML, or uses what packages may not.
    #[error("{file}: line {line}: not YAML that is read here: {problem}")]
    Yaml {
        /// The file.
        file: String,
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        problem: String,
    },
    /// A field of the manifest is missing or holds what it cannot.
    #[error("{file}: {field}: {problem}")]
    Field {
        /// The manifest.
        file: String,
        /// The way to the field: `judging/testset[tests]/time-limit`.
        field: String,
        /// What stands there and what was expected.
        problem: String,
    },
    /// The manifest names a file that the package does not hold.
    #[error("{file}: {field}: the package holds no file `{missing}`{hint}")]
    Missing {
        /// The manifest.
        file: String,
        /// The field that names the file.
        field: String,
        /// The file, relative to the package's root.
        missing: String,
        /// What to do about it, with a leading separator; empty when it is plain.
        hint: &'static str,
    },
}

/// A problem that could not be put into the cache, or taken out of it.
#[derive(Debug, thiserror::Error)]
pub enum CacheError {
    /// The operating system refused: this machine's doing.
    #[error("{}: cannot {doing}: {source}", path.display())]
    Io {
        /// What was touched.
        path: PathBuf,
        /// What was being done.
        doing: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// A draft was published before it was complete: the caller's mistake.
    #[error("test {test} has no {what}: the draft is not complete")]
    Incomplete {
        /// The test's name.
        test: String,
        /// `input` or `answer`.
        what: &'static str,
    },
    /// A test that the package does not have: the caller's mistake.
    #[error("test number {index} (from 0) of {tests}")]
    NoTest {
        /// What was asked for.
        index: usize,
        /// How many there are.
        tests: usize,
    },
    /// The time limit has to be inferred, and a draft was published without it: the caller's
    /// mistake.
    #[error("the package gives no time limit, and none was inferred: the draft is not complete")]
    NoTimeLimit,
    /// A program of the package is in no language of this installation.
    #[error("{0}")]
    BadPart(String),
    /// A file name that cannot stand in a draft: the caller's mistake.
    #[error("`{0}` is no file name that can be kept")]
    BadPath(String),
    /// A prepared problem is not what its manifest says: the disk's or the archive's doing.
    #[error("{place}: {file}: {problem}")]
    Damaged {
        /// The directory or `archive`.
        place: String,
        /// The file within it.
        file: String,
        /// What differs.
        problem: String,
    },
}

/// Everything that is wrong with a set of language files, all at once. The operator's doing: exit
/// code 2.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", mistakes.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
pub struct LanguagesError {
    /// At least one.
    pub mistakes: Vec<Mistake>,
}

/// One thing that is wrong in a language file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}: {key}: {problem}")]
pub struct Mistake {
    /// The file, as a path.
    pub file: String,
    /// The key, with dots: `compile.limits.cpu`; `file` when the file itself is wrong.
    pub key: String,
    /// What stands there and what was expected.
    pub problem: String,
}
