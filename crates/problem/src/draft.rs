//! A problem that is being prepared: a private directory that becomes a cached problem by one
//! rename, or vanishes.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use minos_model::{CpuTime, Digest};
use sha2::{Digest as _, Sha256};

use crate::bounds::MAX_PREPARED;
use crate::cache::{Cache, io};
use crate::lines::Lines;
use crate::prepared::{
    CheckerV2, FileV2, IncludeV2, JuryV2, MANIFEST, PartV2, PreparedV2, SCHEMA, TestV2,
};
use crate::relative::folder;
use crate::{
    CacheError, Checker, Format, Input, JuryProgram, Package, Part, Problem, ProblemLimits,
};

/// A problem that is being prepared. What is not published vanishes with the value; what a killed
/// process leaves behind, the next [`Cache::open`] removes.
#[derive(Debug)]
pub struct Draft {
    place: Place,
    prepared: PreparedV2,
    /// What was written so far, by path.
    files: BTreeMap<String, FileV2>,
    total: u64,
    /// A time limit is still to be inferred.
    unlimited: bool,
    /// What happens to the ends of lines of tests.
    line_ends: LineEnds,
}

impl Draft {
    pub(crate) fn begin(cache: &Cache, package: &Package) -> Result<Self, CacheError> {
        let tests = package.tests.iter().map(|test| TestV2 {
            name: test.name.clone(),
            input: String::new(),
            answer: String::new(),
            group: test.group.clone(),
            points: test.points,
            sample: test.sample,
            args: test.args.clone(),
            validator_args: test.validator_args.clone(),
            files: Vec::new(),
            of_sources: test.input == Input::Sources,
        });
        let prepared = PreparedV2 {
            schema: SCHEMA.to_owned(),
            id: package.id.to_string(),
            revision: package.revision.to_string(),
            name: package.name.clone(),
            mode: package.mode,
            limits: package.limits.into(),
            rules: (&package.rules).into(),
            scoring: package.scoring.clone(),
            groups: package.groups.clone(),
            checker: CheckerV2::Default,
            interactor: None,
            grader: None,
            scorer: None,
            static_validator: None,
            includes: Vec::new(),
            input_file: package.input_file.clone(),
            output_file: package.output_file.clone(),
            tests: tests.collect(),
            files: Vec::new(),
        };
        let mut draft = Self {
            place: Place::make(cache, &package.revision)?,
            prepared,
            files: BTreeMap::new(),
            total: 0,
            unlimited: package.inference.is_some(),
            line_ends: match package.format {
                Format::Polygon => LineEnds::Unix,
                Format::Icpc(_) => LineEnds::AsTheyAre,
            },
        };
        draft.copy_programs(package)?;
        draft.copy_files(package)?;
        Ok(draft)
    }

    fn copy_programs(&mut self, package: &Package) -> Result<(), CacheError> {
        self.prepared.checker = match &package.checker {
            Checker::Default => CheckerV2::Default,
            Checker::Standard(checker) => CheckerV2::Standard(checker.as_str().to_owned()),
            Checker::Program(part) => CheckerV2::Program(self.part(part, "checker")?),
            Checker::Validators(validators) => {
                let programs = validators
                    .programs
                    .iter()
                    .enumerate()
                    .map(|(index, program)| self.jury(program, &format!("checker/{index}")));
                CheckerV2::Validators {
                    programs: programs.collect::<Result<_, _>>()?,
                    scores: validators.scores,
                }
            }
        };
        if let Some(interactor) = &package.interactor {
            let part = interactor.part().map_err(|error| CacheError::BadPart(error.to_string()))?;
            self.prepared.interactor = Some(self.part(&part, "interactor")?);
        }
        if let Some(grader) = &package.grader {
            self.prepared.grader = Some(self.jury(grader, "grader")?);
        }
        if let Some(scorer) = &package.scorer {
            let part = scorer.part().map_err(|error| CacheError::BadPart(error.to_string()))?;
            self.prepared.scorer = Some(self.part(&part, "scorer")?);
        }
        if let Some(validator) = &package.static_validator {
            self.prepared.static_validator = Some(self.jury(validator, "static")?);
        }
        Ok(())
    }

    fn copy_files(&mut self, package: &Package) -> Result<(), CacheError> {
        for (index, include) in package.includes.iter().enumerate() {
            let path = format!("include/{index}/{}", include.name);
            self.copy(&include.path, &path)?;
            self.prepared.includes.push(IncludeV2::of(include, path));
        }
        for (index, test) in package.tests.iter().enumerate() {
            for (name, from) in &test.files {
                let path = format!("tests/{}.files/{name}", test.name);
                self.copy(from, &path)?;
                self.test(index)?.files.push((name.clone(), path));
            }
        }
        Ok(())
    }

    fn jury(&mut self, program: &JuryProgram, folder: &str) -> Result<JuryV2, CacheError> {
        match program {
            JuryProgram::Part(part) => self.part(part, folder).map(JuryV2::Part),
            JuryProgram::Scripts(scripts) => {
                for file in &scripts.files {
                    self.copy(&scripts.dir.join(file), &format!("{folder}/{file}"))?;
                }
                Ok(JuryV2::Scripts {
                    dir: folder.to_owned(),
                    files: scripts.files.clone(),
                    build: scripts.build,
                })
            }
        }
    }

    fn part(&mut self, part: &Part, folder: &str) -> Result<PartV2, CacheError> {
        let mut copied = |from: &PathBuf| -> Result<String, CacheError> {
            let base = from.file_name().and_then(|name| name.to_str());
            let base = base.ok_or_else(|| CacheError::BadPath(from.display().to_string()))?;
            let path = format!("{folder}/{base}");
            self.copy(from, &path)?;
            Ok(path)
        };
        Ok(PartV2 {
            source: copied(&part.source)?,
            kind: part.kind.clone(),
            language: part.language.to_string(),
            resources: part.resources.iter().map(&mut copied).collect::<Result<_, _>>()?,
            further: part.further.iter().map(&mut copied).collect::<Result<_, _>>()?,
        })
    }

    /// Where the draft lies.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.place.dir
    }

    /// Sets the time limit of a package that gives none.
    pub fn infer_time_limit(&mut self, cpu: CpuTime) {
        let given = ProblemLimits::from(self.prepared.limits);
        let limits =
            ProblemLimits { output: given.output, ..ProblemLimits::new(cpu, given.memory) };
        self.prepared.limits = limits.into();
        self.unlimited = false;
    }

    /// Writes the input of the test with that index, in Polygon packages with CR LF turned into LF;
    /// the file it lies in.
    ///
    /// # Errors
    /// When the content cannot be read or the draft not written.
    pub fn put_input(&mut self, test: usize, content: impl Read) -> Result<PathBuf, CacheError> {
        let name = self.test(test)?.name.clone();
        let path = format!("tests/{name}.in");
        let written = self.write(&path, content, self.line_ends)?;
        self.test(test)?.input = path;
        Ok(written)
    }

    /// Writes the answer of the test with that index, in Polygon packages with CR LF turned into
    /// LF; the file it lies in.
    ///
    /// # Errors
    /// When the content cannot be read or the draft not written.
    pub fn put_answer(&mut self, test: usize, content: impl Read) -> Result<PathBuf, CacheError> {
        let name = self.test(test)?.name.clone();
        let path = format!("tests/{name}.ans");
        let written = self.write(&path, content, self.line_ends)?;
        self.test(test)?.answer = path;
        Ok(written)
    }

    /// Publishes the problem: everything on disk first, then one rename. When another process was
    /// first, its copy is the problem.
    ///
    /// # Errors
    /// [`CacheError::Incomplete`] when a test has no input or no answer, and
    /// [`CacheError::NoTimeLimit`]; otherwise when the cache cannot be written.
    pub fn publish(mut self) -> Result<Problem, CacheError> {
        if self.unlimited {
            return Err(CacheError::NoTimeLimit);
        }
        for test in &self.prepared.tests {
            for (path, what) in [(&test.input, "input"), (&test.answer, "answer")] {
                if path.is_empty() {
                    return Err(CacheError::Incomplete { test: test.name.clone(), what });
                }
            }
        }
        self.prepared.files = std::mem::take(&mut self.files).into_values().collect();
        let path = self.place.dir.join(MANIFEST);
        let text = serde_json::to_vec_pretty(&self.prepared)
            .map_err(|error| io(&path, "write", error.into()))?;
        let write = || {
            let mut file = File::create_new(&path)?;
            file.write_all(&text)
        };
        write().map_err(|source| io(&path, "write", source))?;
        self.place.publish()
    }

    fn test(&mut self, index: usize) -> Result<&mut TestV2, CacheError> {
        let tests = self.prepared.tests.len();
        self.prepared.tests.get_mut(index).ok_or(CacheError::NoTest { index, tests })
    }

    /// Copies a file of the package, byte by byte.
    fn copy(&mut self, from: &Path, path: &str) -> Result<(), CacheError> {
        let content = File::open(from).map_err(|source| io(from, "open", source))?;
        self.write(path, content, LineEnds::AsTheyAre).map(|_path| ())
    }

    fn write(
        &mut self,
        relative: &str,
        content: impl Read,
        line_ends: LineEnds,
    ) -> Result<PathBuf, CacheError> {
        let left = MAX_PREPARED.saturating_sub(self.total);
        let content = content.take(left.saturating_add(1));
        let (path, file) = self.place.write(relative, content, line_ends)?;
        self.total = self.total.saturating_add(file.bytes);
        if self.total > MAX_PREPARED {
            let problem = format!("all tests together exceed {MAX_PREPARED} bytes");
            return Err(crate::prepared::damaged("draft", relative, problem));
        }
        if let Some(replaced) = self.files.insert(relative.to_owned(), file) {
            self.total = self.total.saturating_sub(replaced.bytes);
        }
        Ok(path)
    }
}

/// What happens to the ends of lines on the way into a draft.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LineEnds {
    /// CR LF becomes LF; a CR alone stays.
    Unix,
    /// Every byte stays.
    AsTheyAre,
}

/// A directory of the cache that belongs to one draft, as long as its lock is held.
#[derive(Debug)]
pub(crate) struct Place {
    cache: Cache,
    revision: Digest,
    pub(crate) dir: PathBuf,
    lock: PathBuf,
    /// Held, not read: the lock is what tells a living draft from a leftover.
    _held: File,
}

impl Place {
    pub(crate) fn make(cache: &Cache, revision: &Digest) -> Result<Self, CacheError> {
        let (dir, lock, held) = cache.new_draft()?;
        Ok(Self { cache: cache.clone(), revision: *revision, dir, lock, _held: held })
    }

    /// Writes one file; where it lies and what the manifest says of it.
    pub(crate) fn write(
        &self,
        relative: &str,
        mut content: impl Read,
        line_ends: LineEnds,
    ) -> Result<(PathBuf, FileV2), CacheError> {
        let path = self.dir.join(relative);
        let fail = |source| io(&path, "write", source);
        fs::create_dir_all(self.dir.join(folder(relative))).map_err(fail)?;
        let mut file = File::create(&path).map_err(fail)?;
        let mut hash = Sha256::new();
        let mut bytes = 0_u64;
        let mut buffer = vec![0_u8; 1 << 16];
        let mut lines = Lines::default();
        loop {
            let count = match content.read(&mut buffer) {
                Ok(count) => count,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(io(&path, "read the content of", error)),
            };
            let chunk = buffer.get(..count).unwrap_or_default();
            let written = match line_ends {
                LineEnds::Unix => lines.turn(chunk),
                LineEnds::AsTheyAre => chunk,
            };
            hash.update(written);
            bytes = bytes.saturating_add(u64::try_from(written.len()).unwrap_or(u64::MAX));
            file.write_all(written).map_err(fail)?;
            if count == 0 {
                break;
            }
        }
        let sha256 = Digest::from_bytes(hash.finalize().into()).to_string();
        Ok((path, FileV2 { path: relative.to_owned(), bytes, sha256 }))
    }

    /// Brings everything to disk and renames the place into the cache.
    pub(crate) fn publish(self) -> Result<Problem, CacheError> {
        let list = |dir: &Path| -> std::io::Result<Vec<PathBuf>> {
            fs::read_dir(dir)?.map(|entry| entry.map(|entry| entry.path())).collect()
        };
        let (mut dirs, mut files) = (vec![self.dir.clone()], Vec::new());
        let mut next = 0;
        while let Some(dir) = dirs.get(next).cloned() {
            for path in list(&dir).map_err(|source| io(&dir, "list", source))? {
                if path.is_dir() { dirs.push(path) } else { files.push(path) }
            }
            next += 1;
        }
        sync_all(&files)?;
        dirs.reverse();
        for dir in dirs {
            crate::cache::sync(&dir)?;
        }
        self.cache.adopt(&self.dir, &self.revision)
    }
}

/// Files are brought to disk by this many threads: each waits for the journal, and one commit of
/// the journal serves all that wait. A problem of 519 tests, 1038 files, is published in 0.1 s;
/// file after file it took 3.7 s.
const SYNCING: usize = 16;

fn sync_all(files: &[PathBuf]) -> Result<(), CacheError> {
    let share = files.len().div_ceil(SYNCING).max(1);
    std::thread::scope(|scope| {
        let threads: Vec<_> = files
            .chunks(share)
            .map(|files| scope.spawn(|| files.iter().try_for_each(|path| crate::cache::sync(path))))
            .collect();
        threads.into_iter().try_for_each(|thread| {
            thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    })
}

impl Drop for Place {
    fn drop(&mut self) {
        // A published draft is no longer here; what cannot be removed now, the next open removes.
        drop(fs::remove_dir_all(&self.dir));
        drop(fs::remove_file(&self.lock));
    }
}
