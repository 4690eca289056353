//! Programs with the judgement they must get. The format is described in `tests/corpus/README.md`;
//! a key that is not described there is refused.

mod alone;
mod cause;
mod expect;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};

pub use self::alone::{Alone, Collected};
pub use self::cause::ExpectedCause;
pub use self::expect::{Class, Differs, Expectation};

/// One program of the corpus.
#[derive(Debug, Clone)]
pub struct Program {
    /// Its kind and folder: `hostile/fork-bomb`.
    pub name: String,
    /// Whether it attacks or exhausts.
    pub hostile: bool,
    /// The source file.
    pub source: PathBuf,
    /// What has to come of it.
    pub expect: Expectation,
}

/// Where the corpus lies in the repository.
#[must_use]
pub fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus")
}

/// The package that programs are judged against unless they say otherwise.
#[must_use]
pub fn range_sums() -> PathBuf {
    directory().join("packages/range-sums")
}

/// All programs, honest ones first, each kind by name.
///
/// # Errors
/// When a folder is incomplete or an expectation malformed; it says which and why.
pub fn all() -> Result<Vec<Program>> {
    all_in(&directory())
}

/// As [`all`], of a copy of the corpus that lies elsewhere.
///
/// # Errors
/// As of [`all`].
pub fn all_in(corpus: &Path) -> Result<Vec<Program>> {
    let mut programs = Vec::new();
    for kind in ["honest", "hostile"] {
        let folder = corpus.join(kind);
        let listing = fs::read_dir(&folder).with_context(|| folder.display().to_string())?;
        let mut folders = Vec::new();
        for entry in listing {
            folders.push(entry.with_context(|| folder.display().to_string())?.path());
        }
        folders.sort();
        for folder in folders {
            programs.push(load(&folder, kind == "hostile")?);
        }
    }
    Ok(programs)
}

/// The program of that name, as in `hostile/spin`.
///
/// # Errors
/// When there is none, or it is malformed.
pub fn named(name: &str) -> Result<Program> {
    load(&directory().join(name), name.starts_with("hostile/"))
}

fn load(folder: &Path, hostile: bool) -> Result<Program> {
    let shown = folder.display();
    let mut source = None;
    for entry in fs::read_dir(folder).with_context(|| shown.to_string())? {
        let path = entry?.path();
        if path.file_stem().is_some_and(|stem| stem == "source") {
            ensure!(source.replace(path).is_none(), "{shown}: more than one source.*");
        }
    }
    let source = source.with_context(|| format!("{shown}: no source.*"))?;
    let file = folder.join("expect.toml");
    let text = fs::read_to_string(&file).with_context(|| file.display().to_string())?;
    let expect = Expectation::parse(&text, hostile).with_context(|| file.display().to_string())?;
    let kind = if hostile { "hostile" } else { "honest" };
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    Ok(Program { name: format!("{kind}/{name}"), hostile, source, expect })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_corpus_is_well_formed_and_of_both_kinds() {
        let programs = all().unwrap();
        for hostile in [false, true] {
            assert!(programs.iter().filter(|program| program.hostile == hostile).count() > 20);
        }
        assert!(programs.iter().filter(|program| program.expect.demo).count() > 10);
    }

    #[test]
    fn every_hostile_program_stands_in_the_table_of_what_is_attacked() {
        let page = fs::read_to_string(directory().join("README.md")).unwrap();
        for program in all().unwrap().iter().filter(|program| program.hostile) {
            let name = program.name.trim_start_matches("hostile/");
            assert!(page.contains(&format!("`{name}`")), "{name}");
        }
    }

    #[test]
    fn every_verdict_a_contestant_can_get_has_a_program() {
        let programs = all().unwrap();
        for verdict in ["AC", "WA", "PE", "TLE", "WTL", "MLE", "OLE", "RTE", "SV", "CE", "CTL"] {
            let found = programs.iter().any(|p| p.expect.verdict.as_str() == verdict);
            assert!(found, "{verdict}");
        }
    }

    #[test]
    fn what_is_malformed_is_refused_with_the_key() {
        let good = "about = \"x\"\nlanguage = \"c\"\nverdict = \"TLE\"\n";
        Expectation::parse(good, false).unwrap();
        for (more, hostile, part) in [
            ("colour = 1", false, "colour"),
            ("class = \"cpu\"", false, "class"),
            ("", true, "class"),
            ("class = \"weather\"", true, "weather"),
            ("flags = [\"wet\"]", false, "wet"),
            ("or = [\"XX\"]", false, "XX"),
            ("[cause]\nkind = \"bored\"", false, "bored"),
            ("[cause]\nkind = \"limit\"", false, "kind"),
            ("[cause]\nkind = \"exited\"\nsignal = 9", false, "kind"),
            ("[cause]\nkind = \"exited\"\nmood = 9", false, "mood"),
            ("[alone]\nmemory = \"much\"", false, "much"),
            ("[alone]\ncolour = 1", false, "colour"),
            ("[on.moon]\nreason = \"far\"", false, "moon"),
            ("[on.rootless]\nreason = \"\"", false, "rootless"),
        ] {
            let error = Expectation::parse(&format!("{good}{more}\n"), hostile).unwrap_err();
            assert!(format!("{error:#}").contains(part), "{more}: {error:#}");
        }
    }
}
