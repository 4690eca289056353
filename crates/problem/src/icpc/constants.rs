//! Constants: `{{name}}` in programs and settings stands for a value of `problem.yaml`.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use crate::PackageError;
use crate::open::Opened;
use crate::tree::io;

/// The constants of a package. Files that use them are read from copies with the values in place.
pub(super) struct Constants<'a> {
    opened: &'a Opened,
    values: BTreeMap<String, String>,
}

impl<'a> Constants<'a> {
    pub(super) const fn none(opened: &'a Opened) -> Self {
        Self { opened, values: BTreeMap::new() }
    }

    pub(super) fn new(opened: &'a Opened, values: &BTreeMap<String, String>) -> Self {
        Self { opened, values: values.clone() }
    }

    /// A text with the values in place of the names.
    pub(super) fn replaced(&self, text: &str) -> String {
        let mut replaced = text.to_owned();
        if text.contains("{{") {
            for (name, value) in &self.values {
                replaced = replaced.replace(&format!("{{{{{name}}}}}"), value);
            }
        }
        replaced
    }

    /// Where a program's file lies, constants in place.
    pub(super) fn path(&self, relative: &str) -> Result<PathBuf, PackageError> {
        let original = self.opened.tree.path(relative);
        if self.values.is_empty() {
            return Ok(original);
        }
        let bytes = fs::read(&original).map_err(|source| io(&original, "read", source))?;
        let copy = self.opened.scratch.path().join("constants").join(relative);
        if copy.exists() {
            return Ok(copy);
        }
        let content = match std::str::from_utf8(&bytes) {
            Ok(text) => self.replaced(text).into_bytes(),
            Err(_binary) => bytes,
        };
        if let Some(folder) = copy.parent() {
            fs::create_dir_all(folder).map_err(|source| io(folder, "make", source))?;
        }
        fs::write(&copy, content).map_err(|source| io(&copy, "write", source))?;
        Ok(copy)
    }

    /// Where the folder of a program lies, constants in place in all of its files.
    pub(super) fn folder(&self, relative: &str, files: &[String]) -> Result<PathBuf, PackageError> {
        if self.values.is_empty() {
            return Ok(self.opened.tree.path(relative));
        }
        for file in files {
            self.path(&format!("{relative}/{file}"))?;
        }
        Ok(self.opened.scratch.path().join("constants").join(relative))
    }
}
