//! Self-tests that need not be made again. Fifteen languages take ten seconds of CPU to try; a node
//! that is killed and started again should judge at once.
//!
//! A language that has passed is believed as long as the machine has not been started anew and
//! nothing has changed that its commands name: its file, this program, the compilers' files, the
//! machine's packages. The record is a cache: without it everything is tried.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use minos_model::{Isolation, LanguageId};
use minos_problem::Language;

/// What changes whenever a package of the machine does.
const PACKAGES: [&str; 2] = ["/var/lib/dpkg/status", "/var/lib/rpm"];
const BOOT: &str = "/proc/sys/kernel/random/boot_id";

/// The record.
#[derive(Debug)]
pub(crate) struct Remembered {
    file: PathBuf,
    isolation: Isolation,
    /// What was seen when a language passed, by its id.
    passed: BTreeMap<String, String>,
}

impl Remembered {
    /// The record in a file; empty when there is none that can be read.
    pub(crate) fn open(file: PathBuf, isolation: Isolation) -> Self {
        let text = fs::read_to_string(&file).unwrap_or_default();
        let lines = text.lines().filter_map(|line| line.split_once(' '));
        let passed = lines.map(|(id, seen)| (id.to_owned(), seen.to_owned())).collect();
        Self { file, isolation, passed }
    }

    /// Whether the language has passed and everything is as it was.
    pub(crate) fn holds(&self, language: &Language) -> bool {
        self.passed.get(language.id.as_str()).is_some_and(|seen| *seen == self.seen(language))
    }

    /// Records which of some languages have passed; whole, or not at all. What others say of other
    /// languages stays.
    ///
    /// # Errors
    /// When the file cannot be written: the next start tries everything.
    pub(crate) fn keep<'a>(
        &mut self,
        languages: impl Iterator<Item = &'a Language>,
        passed: &BTreeSet<LanguageId>,
    ) -> io::Result<()> {
        for language in languages {
            let id = language.id.to_string();
            if passed.contains(&language.id) {
                let seen = self.seen(language);
                self.passed.insert(id, seen);
            } else {
                self.passed.remove(&id);
            }
        }
        let lines = self.passed.iter().map(|(id, seen)| format!("{id} {seen}\n"));
        let aside = self.file.with_extension(std::process::id().to_string());
        if let Some(parent) = self.file.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(&aside, lines.collect::<String>())?;
        fs::rename(&aside, &self.file)
    }

    /// All that a language's passing rests on, as a number.
    fn seen(&self, language: &Language) -> String {
        let mut hasher = DefaultHasher::new();
        (env!("CARGO_PKG_VERSION"), self.isolation, format!("{language:?}")).hash(&mut hasher);
        fs::read_to_string(BOOT).unwrap_or_default().hash(&mut hasher);
        let compile = language.compile.iter().flat_map(|step| &step.argv);
        let words = language.version.iter().chain(compile).chain(&language.run.argv);
        let named = words.map(String::as_str).filter(|word| word.starts_with('/'));
        for path in named.chain(PACKAGES) {
            let found = fs::metadata(Path::new(path)).ok();
            let seen = found.map(|file| (file.ino(), file.len(), file.mtime(), file.mtime_nsec()));
            (path, seen).hash(&mut hasher);
        }
        format!("{:016x}", hasher.finish())
    }
}

#[cfg(test)]
mod tests {
    use minos_problem::Languages;

    use super::*;

    /// A language whose compiler is that file.
    fn language(dir: &Path, compiler: &Path, name: &str) -> Language {
        let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../cluster-config/languages");
        let text = fs::read_to_string(shipped.join("c.toml")).unwrap();
        let text = text.replace("/usr/bin/gcc", compiler.to_str().unwrap());
        fs::write(dir.join("c.toml"), text.replace("C (GCC)", name)).unwrap();
        Languages::load(dir).unwrap().iter().next().unwrap().clone()
    }

    #[test]
    fn what_has_passed_is_believed_until_anything_about_it_changes() {
        let dir = tempfile::tempdir().unwrap();
        let (files, compiler) = (dir.path().join("files"), dir.path().join("compiler"));
        fs::create_dir(&files).unwrap();
        fs::write(&compiler, "one").unwrap();
        let open = |isolation| Remembered::open(dir.path().join("a/record"), isolation);
        let one = language(&files, &compiler, "C");
        assert!(!open(Isolation::CgroupV2).holds(&one));
        let passed = BTreeSet::from([one.id.clone()]);
        open(Isolation::CgroupV2).keep(std::iter::once(&one), &passed).unwrap();
        open(Isolation::CgroupV2).keep(std::iter::empty(), &BTreeSet::new()).unwrap();
        assert!(open(Isolation::CgroupV2).holds(&one));
        assert!(!open(Isolation::Rootless).holds(&one), "another way of making boxes");
        assert!(!open(Isolation::CgroupV2).holds(&language(&files, &compiler, "C, renamed")));
        fs::write(&compiler, "another").unwrap();
        assert!(!open(Isolation::CgroupV2).holds(&one), "another compiler");
        open(Isolation::CgroupV2).keep(std::iter::once(&one), &passed).unwrap();
        assert!(open(Isolation::CgroupV2).holds(&one));
        open(Isolation::CgroupV2).keep(std::iter::once(&one), &BTreeSet::new()).unwrap();
        assert!(!open(Isolation::CgroupV2).holds(&one), "it has not passed this time");
        fs::write(dir.path().join("a/record"), "no record\n\u{0}").unwrap();
        assert!(!open(Isolation::CgroupV2).holds(&one));
    }
}
