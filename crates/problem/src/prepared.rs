//! `problem.json`: what a prepared problem says of itself. The form is frozen by its schema's name.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

use minos_model::{Bytes, CpuTime, Digest, LanguageId, ProblemId, WallTime};
use serde::{Deserialize, Serialize};

use crate::bounds::{MAX_PREPARED, MAX_PREPARED_MANIFEST};
use crate::relative::normalise;
use crate::{
    CacheError, Checker, FeedbackPolicy, Group, Part, PointsPolicy, Problem, ProblemLimits,
    StandardChecker, Test,
};

/// The name of the manifest in a prepared problem's directory.
pub(crate) const MANIFEST: &str = "problem.json";

/// The form, and the rules by which tests were prepared: a change of either is a new name.
pub(crate) const SCHEMA: &str = "minos.problem/1";

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PreparedV1 {
    pub(crate) schema: String,
    pub(crate) id: String,
    pub(crate) revision: String,
    pub(crate) name: String,
    pub(crate) limits: LimitsV1,
    pub(crate) checker: CheckerV1,
    pub(crate) groups: Vec<GroupV1>,
    pub(crate) tests: Vec<TestV1>,
    /// Every file but the manifest, by path.
    pub(crate) files: Vec<FileV1>,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LimitsV1 {
    cpu_us: u64,
    wall_us: u64,
    memory_bytes: u64,
    output_bytes: u64,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub(crate) enum CheckerV1 {
    Standard(String),
    Program(PartV1),
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PartV1 {
    pub(crate) source: String,
    pub(crate) kind: String,
    pub(crate) language: String,
    pub(crate) resources: Vec<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct GroupV1 {
    name: String,
    points: Option<f64>,
    points_policy: PointsPolicyV1,
    feedback_policy: FeedbackPolicyV1,
    dependencies: Vec<String>,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum PointsPolicyV1 {
    CompleteGroup,
    EachTest,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum FeedbackPolicyV1 {
    Complete,
    Icpc,
    Points,
    None,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TestV1 {
    pub(crate) name: String,
    pub(crate) input: String,
    pub(crate) answer: String,
    pub(crate) group: Option<String>,
    pub(crate) points: Option<f64>,
    pub(crate) sample: bool,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FileV1 {
    pub(crate) path: String,
    pub(crate) bytes: u64,
    pub(crate) sha256: String,
}

impl From<ProblemLimits> for LimitsV1 {
    fn from(limits: ProblemLimits) -> Self {
        Self {
            cpu_us: limits.cpu.micros(),
            wall_us: limits.wall.micros(),
            memory_bytes: limits.memory.get(),
            output_bytes: limits.output.get(),
        }
    }
}

impl From<LimitsV1> for ProblemLimits {
    fn from(limits: LimitsV1) -> Self {
        Self {
            cpu: CpuTime::from_micros(limits.cpu_us),
            wall: WallTime::from_micros(limits.wall_us),
            memory: Bytes::new(limits.memory_bytes),
            output: Bytes::new(limits.output_bytes),
        }
    }
}

impl From<&Group> for GroupV1 {
    fn from(group: &Group) -> Self {
        Self {
            name: group.name.clone(),
            points: group.points,
            points_policy: match group.points_policy {
                PointsPolicy::CompleteGroup => PointsPolicyV1::CompleteGroup,
                PointsPolicy::EachTest => PointsPolicyV1::EachTest,
            },
            feedback_policy: match group.feedback_policy {
                FeedbackPolicy::Complete => FeedbackPolicyV1::Complete,
                FeedbackPolicy::Icpc => FeedbackPolicyV1::Icpc,
                FeedbackPolicy::Points => FeedbackPolicyV1::Points,
                FeedbackPolicy::None => FeedbackPolicyV1::None,
            },
            dependencies: group.dependencies.clone(),
        }
    }
}

impl From<GroupV1> for Group {
    fn from(group: GroupV1) -> Self {
        Self {
            name: group.name,
            points: group.points,
            points_policy: match group.points_policy {
                PointsPolicyV1::CompleteGroup => PointsPolicy::CompleteGroup,
                PointsPolicyV1::EachTest => PointsPolicy::EachTest,
            },
            feedback_policy: match group.feedback_policy {
                FeedbackPolicyV1::Complete => FeedbackPolicy::Complete,
                FeedbackPolicyV1::Icpc => FeedbackPolicy::Icpc,
                FeedbackPolicyV1::Points => FeedbackPolicy::Points,
                FeedbackPolicyV1::None => FeedbackPolicy::None,
            },
            dependencies: group.dependencies,
        }
    }
}

impl PreparedV1 {
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
        let spoken = self.tests.iter().flat_map(|test| [&test.input, &test.answer]);
        let program = match &self.checker {
            CheckerV1::Standard(_) => None,
            CheckerV1::Program(part) => Some(std::iter::once(&part.source).chain(&part.resources)),
        };
        for path in spoken.chain(program.into_iter().flatten()) {
            if !lengths.contains_key(path.as_str()) {
                return Err(damaged(place, path, "not listed among the files".to_owned()));
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
        let checker = match self.checker {
            CheckerV1::Standard(name) => Checker::Standard(
                StandardChecker::named(&name)
                    .ok_or_else(|| wrong(format!("checker `{name}` is not built in")))?,
            ),
            CheckerV1::Program(part) => Checker::Program(Part {
                source: dir.join(part.source),
                kind: part.kind,
                language: LanguageId::new(part.language).map_err(|e| wrong(e.to_string()))?,
                resources: part.resources.iter().map(|path| dir.join(path)).collect(),
            }),
        };
        Ok(Problem {
            id: ProblemId::new(self.id).map_err(|error| wrong(error.to_string()))?,
            revision: self
                .revision
                .parse()
                .map_err(|error: minos_model::IdError| wrong(error.to_string()))?,
            name: self.name,
            dir: dir.to_owned(),
            limits: self.limits.into(),
            tests: self
                .tests
                .into_iter()
                .map(|test| Test {
                    name: test.name,
                    input: dir.join(test.input),
                    answer: dir.join(test.answer),
                    group: test.group,
                    points: test.points,
                    sample: test.sample,
                })
                .collect(),
            groups: self.groups.into_iter().map(Group::from).collect(),
            checker,
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
    let read = PreparedV1::read(manifest, &place, revision)?;
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
