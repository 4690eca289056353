//! The files of the repository that checks look at, read once.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::shell;

/// One text file of the repository.
pub(super) struct File {
    /// Relative to the root, with `/`.
    pub(super) path: String,
    pub(super) text: String,
}

/// All text files of ours: Rust, Markdown, TOML, shell.
pub(super) struct Tree {
    pub(super) files: Vec<File>,
}

/// Directories that hold nothing written here.
const SKIPPED: &[&str] = &["target", ".git", ".minos", "vendor"];
const EXTENSIONS: &[&str] = &["rs", "md", "toml", "sh"];

impl Tree {
    /// Reads the repository.
    ///
    /// # Errors
    /// When a file of ours is unreadable or not UTF-8.
    pub(super) fn read() -> Result<Self> {
        let root = shell::root();
        let mut files = Vec::new();
        let mut directories = vec![root.clone()];
        while let Some(directory) = directories.pop() {
            for entry in entries(&directory)? {
                let name = entry.file_name().unwrap_or_default().to_string_lossy().into_owned();
                if entry.is_symlink() || SKIPPED.contains(&name.as_str()) {
                    continue;
                }
                if entry.is_dir() {
                    directories.push(entry);
                } else if EXTENSIONS.iter().any(|ext| entry.extension().is_some_and(|e| e == *ext))
                {
                    let path = entry.strip_prefix(&root).unwrap_or(&entry);
                    let path = path.to_string_lossy().into_owned();
                    let text = fs::read_to_string(&entry)
                        .with_context(|| format!("cannot read {path}"))?;
                    files.push(File { path, text });
                }
            }
        }
        files.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(Self { files })
    }

    /// The text of one file.
    ///
    /// # Errors
    /// When there is no such file.
    pub(super) fn text(&self, path: &str) -> Result<&str> {
        let file = self.files.iter().find(|file| file.path == path);
        Ok(&file.with_context(|| format!("there is no {path}"))?.text)
    }

    /// The Rust sources of our own crates; programs of the corpus are not.
    pub(super) fn sources(&self) -> impl Iterator<Item = &File> {
        self.files.iter().filter(|file| {
            let ours = ["crates/", "loadtest/", "tests/"].iter().any(|d| file.path.starts_with(d));
            ours && file.path.ends_with(".rs") && !is_data(&file.path)
        })
    }
}

/// Whether a path lies among the programs and packages that tests judge.
pub(super) fn is_data(path: &str) -> bool {
    ["tests/corpus/", "examples/"].iter().any(|folder| path.starts_with(folder))
        || path.contains("/fixtures/")
        || path.contains("/corpus/")
}

fn entries(directory: &Path) -> Result<Vec<PathBuf>> {
    let listing =
        fs::read_dir(directory).with_context(|| format!("cannot list {}", directory.display()))?;
    Ok(listing.filter_map(|entry| Some(entry.ok()?.path())).collect())
}
