//! Programs of one file that a machine runs as it is: shell scripts, and whatever names its
//! interpreter in its first line.

use std::fs;
use std::path::PathBuf;

use super::place::Place;
use super::programs::kind_of;
use crate::tree::io;
use crate::{PackageError, Scripts};

/// The file that a folder of scripts is run by.
const RUN: &str = "run";
/// What runs a shell script that does not say so itself.
const SHELL: &[u8] = b"#!/bin/bash\n";

impl Place<'_> {
    /// A program in none of the languages here as one that runs itself, with all of its folder's
    /// `files` beside it; `None` when its `main` file is not made for that.
    pub(super) fn as_scripts(
        &self,
        folder: &str,
        (main, files): (&str, &[String]),
    ) -> Result<Option<Scripts>, PackageError> {
        let main_path = format!("{folder}/{main}");
        let script = self.constants.path(&main_path)?;
        let content = fs::read(&script).map_err(|source| io(&script, "read", source))?;
        let content = match (content.starts_with(b"#!"), kind_of(main).as_str()) {
            (true, _) => content,
            (false, "sh" | "bash") => [SHELL, &content].concat(),
            (false, _) => return Ok(None),
        };
        let dir = self.opened.scratch.path().join("scripts").join(&main_path);
        let write = |name: &str, content: &[u8]| {
            let path: PathBuf = dir.join(name);
            let made = path.parent().map_or(Ok(()), fs::create_dir_all);
            made.and_then(|()| fs::write(&path, content))
                .map_err(|source| io(&path, "write", source))
        };
        write(RUN, &content)?;
        let mut all = vec![RUN.to_owned()];
        for file in files.iter().filter(|file| *file != main) {
            let from = self.constants.path(&format!("{folder}/{file}"))?;
            write(file, &fs::read(&from).map_err(|source| io(&from, "read", source))?)?;
            all.push(file.clone());
        }
        all.sort();
        Ok(Some(Scripts { dir, files: all, build: false }))
    }
}
