//! Programs with the verdicts they must get.
//!
//! The corpus of the repository is part of this program; a mix is a weighted choice of it
//! ([`Mix`]), of generated programs ([`warm`]), or of programs of one's own.

mod distinct;
mod expect;
mod mix;
pub(crate) mod warm;

use std::path::Path;

use anyhow::{Context, Result, bail};
use minos_model::LanguageId;

use expect::Expectation;
pub(crate) use mix::Mix;

mod embedded {
    include!(concat!(env!("OUT_DIR"), "/embedded.rs"));
}

/// One program of a mix.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Program {
    /// `honest/sums-c`.
    pub(crate) name: String,
    /// What it is written in.
    pub(crate) language: LanguageId,
    /// Its text.
    pub(crate) source: Vec<u8>,
    /// The short name of the problem it is judged against.
    pub(crate) problem: String,
    /// The labels of a right judgement; the first is the one that is expected.
    pub(crate) expected: Vec<String>,
    /// Of a hostile one: what it does to a judge.
    pub(crate) class: Option<String>,
    /// Whether it attacks or exhausts.
    pub(crate) hostile: bool,
    /// How often it is drawn among its kind.
    pub(crate) weight: f64,
}

/// A program of the corpus that is part of this program.
///
/// # Errors
/// When there is none of that name.
fn built_in(kind: &str, name: &str, problem: &str) -> Result<Program> {
    let folder = format!("{kind}/{name}/");
    let mut expectation = None;
    let mut source = None;
    for (path, content) in embedded::FILES {
        match path.strip_prefix(folder.as_str()) {
            Some("expect.toml") => expectation = Some(std::str::from_utf8(content)?),
            Some(file) if file.starts_with("source.") => source = Some(content.to_vec()),
            Some(_) | None => {}
        }
    }
    let expectation = expectation.context("the corpus has no such program")?;
    let source = source.context("the program has no source.*")?;
    Expectation::parse(expectation)?.program(
        format!("{kind}/{name}"),
        source,
        problem,
        kind == "hostile",
    )
}

/// A program in a folder of one's own: `source.*` and `expect.toml`.
///
/// # Errors
/// Names what is missing; without an expectation there is no right verdict.
fn in_folder(dir: &Path, kind: &str, problem: &str) -> Result<Program> {
    let shown = dir.display();
    let mut source = None;
    for entry in std::fs::read_dir(dir).with_context(|| shown.to_string())? {
        let path = entry?.path();
        if path.file_stem().is_some_and(|stem| stem == "source") {
            let text = std::fs::read(&path).with_context(|| path.display().to_string())?;
            source = Some(text);
        }
    }
    let Some(source) = source else { bail!("{shown}: there is no source.*") };
    let text = std::fs::read_to_string(dir.join("expect.toml")).with_context(|| {
        format!("{shown}: there is no expect.toml, so nobody knows the right verdict")
    })?;
    let name = dir.file_name().unwrap_or_default().to_string_lossy();
    Expectation::parse(&text)
        .and_then(|expectation| {
            expectation.program(format!("{kind}/{name}"), source, problem, kind == "hostile")
        })
        .with_context(|| shown.to_string())
}

/// The names of the corpus's hostile programs that have an expectation for a problem, each with
/// its class.
fn hostile_for(problem: &str) -> Result<Vec<(String, String)>> {
    let mut found = Vec::new();
    for (path, content) in embedded::FILES {
        let name = path.strip_prefix("hostile/").and_then(|path| path.strip_suffix("/expect.toml"));
        let Some(name) = name else { continue };
        let text = std::str::from_utf8(content)?;
        let expectation = Expectation::parse(text).with_context(|| (*path).to_owned())?;
        if [problem, expect::ANY].contains(&expectation.problem()) {
            let program = built_in("hostile", name, problem)?;
            let class = program.class.with_context(|| format!("{path}: no class"))?;
            found.push((name.to_owned(), class));
        }
    }
    Ok(found)
}

/// Writes the built-in package of that name into `dir`; false when there is none.
///
/// # Errors
/// When the directory cannot be written.
pub(crate) fn unfold_package(name: &str, dir: &Path) -> Result<bool> {
    let folder = format!("packages/{name}/");
    let mut found = false;
    for (path, content) in embedded::FILES {
        let Some(inside) = path.strip_prefix(folder.as_str()) else { continue };
        let file = dir.join(inside);
        let parent = file.parent().context("a file of a package has a folder")?;
        std::fs::create_dir_all(parent)?;
        std::fs::write(&file, content).with_context(|| file.display().to_string())?;
        found = true;
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_packages_of_the_mixes_are_built_in() {
        for name in ["range-sums", warm::PROBLEM] {
            let dir = tempfile::tempdir().unwrap();
            assert!(unfold_package(name, dir.path()).unwrap(), "{name}");
            assert!(dir.path().join("problem.xml").is_file(), "{name}");
        }
        let dir = tempfile::tempdir().unwrap();
        assert!(!unfold_package("nothing", dir.path()).unwrap());
    }

    #[test]
    fn every_program_of_the_corpus_can_be_sent() {
        let mut count = 0;
        for (path, _) in embedded::FILES {
            let Some(folder) = path.strip_suffix("/expect.toml") else { continue };
            let (kind, name) = folder.split_once('/').unwrap();
            let program = built_in(kind, name, "range-sums").unwrap();
            assert_eq!(program.class.is_some(), kind == "hostile", "{folder}");
            count += 1;
        }
        assert!(count > 80, "{count}");
    }

    #[test]
    fn a_program_of_ones_own_needs_a_source_and_an_expectation() {
        let dir = tempfile::tempdir().unwrap();
        let words = |error: anyhow::Error| format!("{error:#}");
        let error = words(in_folder(dir.path(), "honest", "p").unwrap_err());
        assert!(error.contains("no source.*"), "{error}");
        std::fs::write(dir.path().join("source.c"), "int main;").unwrap();
        let error = words(in_folder(dir.path(), "honest", "p").unwrap_err());
        assert!(error.contains("no expect.toml"), "{error}");
        let expect = dir.path().join("expect.toml");
        std::fs::write(&expect, "language = 'c'\nverdict = 'NO'\n").unwrap();
        let error = words(in_folder(dir.path(), "honest", "p").unwrap_err());
        assert!(error.contains("expect.toml: verdict"), "{error}");
        std::fs::write(&expect, "language = 'c'\nverdict = 'RTE'\n").unwrap();
        let program = in_folder(dir.path(), "honest", "p").unwrap();
        assert_eq!(program.expected, ["RTE exited", "RTE signalled"]);
    }
}
