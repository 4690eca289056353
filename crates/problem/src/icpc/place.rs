//! The folders of a package, and what is noted about them on the way.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Read;
use std::path::PathBuf;

use super::constants::Constants;
use crate::bounds::MAX_YAML;
use crate::open::Opened;
use crate::tree::io;
use crate::yaml::{self, Node};
use crate::{IcpcVersion, Languages, PackageError};

/// A package that is being read.
pub(super) struct Place<'a> {
    pub(super) opened: &'a Opened,
    pub(super) languages: &'a Languages,
    pub(super) constants: Constants<'a>,
    /// What nobody here uses.
    pub(super) notes: Vec<String>,
}

/// What lies directly in a folder.
#[derive(Debug, Default)]
pub(super) struct Listing {
    /// Names of files.
    pub(super) files: BTreeSet<String>,
    /// Names of folders.
    pub(super) folders: BTreeSet<String>,
}

impl Listing {
    /// Whether there is nothing.
    pub(super) fn is_empty(&self) -> bool {
        self.files.is_empty() && self.folders.is_empty()
    }
}

impl<'a> Place<'a> {
    pub(super) const fn new(opened: &'a Opened, languages: &'a Languages) -> Self {
        let constants = Constants::none(opened);
        Self { opened, languages, constants, notes: Vec::new() }
    }

    pub(super) fn note(&mut self, line: impl Into<String>) {
        self.notes.push(line.into());
    }

    /// An error about a file or folder.
    pub(super) fn wrong(&self, path: &str, problem: impl Into<String>) -> PackageError {
        PackageError::Unsupported { file: self.opened.shown(path), what: problem.into() }
    }

    pub(super) fn holds(&self, path: &str) -> bool {
        self.opened.tree.holds(path)
    }

    pub(super) fn has_folder(&self, folder: &str) -> bool {
        self.opened.tree.below(folder).next().is_some()
    }

    /// What lies in a folder, without what the format has everybody ignore: names that begin with
    /// a dot or a dash.
    pub(super) fn list(&self, folder: &str) -> Listing {
        let mut listing = Listing::default();
        for path in self.opened.tree.below(folder) {
            match path.split_once('/') {
                Some((name, _)) if !is_hidden(name) => {
                    listing.folders.insert(name.to_owned());
                }
                None if !is_hidden(path) => {
                    listing.files.insert(path.to_owned());
                }
                Some(_) | None => {}
            }
        }
        listing
    }

    /// Every file below a folder, relative to it.
    pub(super) fn below(&self, folder: &str) -> Vec<String> {
        let shown = |path: &&str| !path.split('/').any(is_hidden);
        self.opened.tree.below(folder).filter(shown).map(str::to_owned).collect()
    }

    /// Where a test file lies: constants are not replaced in it.
    pub(super) fn path(&self, relative: &str) -> PathBuf {
        self.opened.tree.path(relative)
    }

    /// A small text of the package.
    pub(super) fn text(&self, relative: &str) -> Result<String, PackageError> {
        let path = self.opened.tree.path(relative);
        let file = File::open(&path).map_err(|source| io(&path, "open", source))?;
        let mut bytes = Vec::new();
        let mut bounded = file.take(MAX_YAML + 1);
        bounded.read_to_end(&mut bytes).map_err(|source| io(&path, "read", source))?;
        String::from_utf8(bytes).map_err(|error| PackageError::Yaml {
            file: self.opened.shown(relative),
            line: 1,
            problem: format!("not UTF-8: {}; save it as UTF-8", error.utf8_error()),
        })
    }

    /// A YAML file of the package, its constants not replaced.
    pub(super) fn yaml(&self, relative: &str) -> Result<Node, PackageError> {
        yaml::parse(&self.text(relative)?, &self.opened.shown(relative))
    }

    /// Refuses folders that mean something in another version of the format, and notes those that
    /// mean nothing in any.
    pub(super) fn check_folders(&mut self, version: IcpcVersion) -> Result<(), PackageError> {
        const KNOWN: [&str; 17] = [
            "problem_statement",
            "statement",
            "attachments",
            "solution",
            "data",
            "generators",
            "include",
            "submissions",
            "input_validators",
            "input_format_validators",
            "output_validators",
            "output_validator",
            "static_validator",
            "graders",
            "input_visualizer",
            "output_visualizer",
            "test_case_visualizer",
        ];
        let foreign: &[(&str, &str)] = match version {
            IcpcVersion::Legacy | IcpcVersion::LegacyIcpc => {
                &[("static_validator", "output_validators")]
            }
            // It changed from the one to the other.
            IcpcVersion::Draft202307 => &[],
            IcpcVersion::V202509 => {
                &[("output_validators", "output_validator"), ("graders", "output_validator")]
            }
        };
        for (folder, instead) in foreign {
            if self.has_folder(folder) {
                let version = version.as_str();
                let problem = format!("no folder of version {version}; expected {instead}/");
                return Err(self.wrong(folder, problem));
            }
        }
        let listing = self.list("");
        for folder in listing.folders.iter().filter(|name| !KNOWN.contains(&name.as_str())) {
            self.notes.push(format!("{folder}/ is no folder of the format, and is not used"));
        }
        let read = [super::MANIFEST, "domjudge-problem.ini"];
        for file in listing.files.iter().filter(|name| !read.contains(&name.as_str())) {
            self.notes.push(format!("{file} is no file of the format, and is not used"));
        }
        Ok(())
    }
}

fn is_hidden(name: &str) -> bool {
    name.starts_with(['.', '-'])
}
