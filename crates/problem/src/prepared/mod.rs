//! `problem.json`: what a prepared problem says of itself. The form is frozen by its schema's name.

mod form;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

use minos_model::{Digest, ProblemId};

use crate::bounds::{MAX_PREPARED, MAX_PREPARED_MANIFEST};
use crate::relative::normalise;
use crate::{CacheError, Problem};
pub(crate) use form::{CheckerV2, FileV2, IncludeV2, JuryV2, PartV2, PreparedV2, TestV2};

/// The name of the manifest in a prepared problem's directory.
pub(crate) const MANIFEST: &str = "problem.json";

/// The form, and the rules by which tests were prepared: a change of either is a new name.
pub(crate) const SCHEMA: &str = "minos.problem/2";

impl PreparedV2 {
    /// Reads a manifest that is meant for that revision.
    ///
    /// # Errors
    /// [`CacheError::Damaged`] when it is anything else.
    pub(crate) fn read(
        from: impl Read,
        place: &str,
        revision: &Digest,
    ) -> Result<Self, CacheError> {
        let damaged = |problem: String| damaged(place, MANIFEST, problem);
        let mut text = Vec::new();
        let mut bounded = from.take(MAX_PREPARED_MANIFEST + 1);
        bounded.read_to_end(&mut text).map_err(|error| damaged(error.to_string()))?;
        if u64::try_from(text.len()).unwrap_or(u64::MAX) > MAX_PREPARED_MANIFEST {
            return Err(damaged(format!("more than {MAX_PREPARED_MANIFEST} bytes")));
        }
        let read: Self =
            serde_json::from_slice(&text).map_err(|error| damaged(error.to_string()))?;
        if read.schema != SCHEMA {
            return Err(damaged(format!("schema `{}`; expected `{SCHEMA}`", read.schema)));
        }
        if read.revision != revision.to_string() {
            return Err(damaged(format!("revision {}; expected {revision}", read.revision)));
        }
        read.check_files(place)?;
        Ok(read)
    }

    /// Every path is plain, every file that is spoken of is listed, and the sum is bearable.
    fn check_files(&self, place: &str) -> Result<(), CacheError> {
        let mut lengths: BTreeMap<&str, u64> = BTreeMap::new();
        for file in &self.files {
            let plain = normalise(&file.path).is_ok_and(|path| path.as_deref() == Some(&file.path));
            if !plain || file.path == MANIFEST {
                return Err(damaged(place, &file.path, "no plain relative path".to_owned()));
            }
            if lengths.insert(&file.path, file.bytes).is_some() {
                return Err(damaged(place, &file.path, "listed twice".to_owned()));
            }
        }
        let total = lengths.values().fold(0_u64, |sum, bytes| sum.saturating_add(*bytes));
        if total > MAX_PREPARED {
            let problem = format!("{total} bytes in all files, at most {MAX_PREPARED} are kept");
            return Err(damaged(place, MANIFEST, problem));
        }
        // Names of files in a submission's folder have to stay in it.
        let beside = self.tests.iter().flat_map(|test| test.files.iter().map(|(name, _)| name));
        for name in beside.chain(self.includes.iter().map(|include| &include.name)) {
            if normalise(name).is_ok_and(|plain| plain.as_ref() == Some(name)) {
                continue;
            }
            return Err(damaged(place, name, "no plain relative path".to_owned()));
        }
        for path in self.paths() {
            if !lengths.contains_key(path.as_str()) {
                return Err(damaged(place, &path, "not listed among the files".to_owned()));
            }
        }
        Ok(())
    }

    /// The problem that lies in `dir`.
    ///
    /// # Errors
    /// [`CacheError::Damaged`] when a name in the manifest is none.
    pub(crate) fn into_problem(self, dir: &Path) -> Result<Problem, CacheError> {
        let place = dir.display().to_string();
        let wrong = |problem: String| damaged(&place, MANIFEST, problem);
        let include = |include: &IncludeV2| include.include(dir).map_err(wrong);
        Ok(Problem {
            id: ProblemId::new(self.id).map_err(|error| wrong(error.to_string()))?,
            revision: self
                .revision
                .parse()
                .map_err(|error: minos_model::IdError| wrong(error.to_string()))?,
            name: self.name,
            dir: dir.to_owned(),
            mode: self.mode,
            limits: self.limits.into(),
            rules: self.rules.rules().map_err(wrong)?,
            tests: self.tests.into_iter().map(|test| test.test(dir)).collect(),
            groups: self.groups,
            scoring: self.scoring,
            checker: self.checker.checker(dir).map_err(wrong)?,
            interactor: self.interactor.map(|part| part.part(dir)).transpose().map_err(wrong)?,
            grader: self.grader.map(|it| it.program(dir)).transpose().map_err(wrong)?,
            scorer: self.scorer.map(|part| part.part(dir)).transpose().map_err(wrong)?,
            static_validator: self
                .static_validator
                .map(|it| it.program(dir))
                .transpose()
                .map_err(wrong)?,
            includes: self.includes.iter().map(include).collect::<Result<_, _>>()?,
            input_file: self.input_file,
            output_file: self.output_file,
        })
    }
}

/// Loads the problem that lies in `dir`, its files checked by their lengths.
///
/// # Errors
/// [`CacheError::Damaged`] naming the file that is not what the manifest says.
pub(crate) fn load(dir: &Path, revision: &Digest) -> Result<Problem, CacheError> {
    let place = dir.display().to_string();
    let manifest = File::open(dir.join(MANIFEST))
        .map_err(|error| damaged(&place, MANIFEST, error.to_string()))?;
    let read = PreparedV2::read(manifest, &place, revision)?;
    for file in &read.files {
        let metadata = fs::symlink_metadata(dir.join(&file.path))
            .map_err(|error| damaged(&place, &file.path, error.to_string()))?;
        if !metadata.is_file() {
            return Err(damaged(&place, &file.path, "not a regular file".to_owned()));
        }
        if metadata.len() != file.bytes {
            let problem = format!("{} bytes; expected {}", metadata.len(), file.bytes);
            return Err(damaged(&place, &file.path, problem));
        }
    }
    read.into_problem(dir)
}

pub(crate) fn damaged(place: &str, file: &str, problem: String) -> CacheError {
    CacheError::Damaged { place: place.to_owned(), file: file.to_owned(), problem }
}
