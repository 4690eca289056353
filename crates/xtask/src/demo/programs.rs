//! The programs of the corpus that take part in the demonstration.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use crate::shell;

const CORPUS: &[&str] = &["tests/corpus/honest", "tests/corpus/hostile"];

/// One program and the verdict it must get.
pub(super) struct Program {
    pub(super) name: String,
    pub(super) source: PathBuf,
    pub(super) language: String,
    pub(super) expected: String,
}

/// What `expect.toml` says, as far as the demonstration is concerned.
#[derive(Deserialize)]
struct Expectation {
    #[serde(default)]
    demo: bool,
    language: String,
    verdict: String,
}

/// All programs marked `demo = true`.
///
/// # Errors
/// When an expectation is unreadable, or none is marked.
pub(super) fn all() -> Result<Vec<Program>> {
    let mut programs = Vec::new();
    for folder in CORPUS {
        let folder = shell::root().join(folder);
        let listing = fs::read_dir(&folder).with_context(|| folder.display().to_string())?;
        for entry in listing {
            programs.extend(program(&entry?.path())?);
        }
    }
    programs.sort_by(|a, b| a.name.cmp(&b.name));
    if programs.is_empty() {
        bail!("no program of {CORPUS:?} is marked `demo = true`");
    }
    Ok(programs)
}

fn program(folder: &Path) -> Result<Option<Program>> {
    let file = folder.join("expect.toml");
    let text = fs::read_to_string(&file).with_context(|| file.display().to_string())?;
    let Expectation { demo, language, verdict } =
        toml::from_str(&text).with_context(|| file.display().to_string())?;
    if !demo {
        return Ok(None);
    }
    let mut sources = fs::read_dir(folder)?.filter_map(|entry| Some(entry.ok()?.path()));
    let source = sources
        .find(|path| path.file_stem().is_some_and(|stem| stem == "source"))
        .with_context(|| format!("{} has no source.*", folder.display()))?;
    let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
    Ok(Some(Program { name, source, language, expected: verdict }))
}
