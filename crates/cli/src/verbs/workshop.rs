//! Where `judge`, `verify` and `problem push` compile and run: wardens, the languages of this program,
//! and the cache of prepared problems and builds.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use minos_judge::{Builds, PrepareError, Sandboxed, Workshop, prepare};
use minos_model::Fault;
use minos_problem::{Cache, Languages, Package, Problem};
use minos_sandbox::{Sandbox, SandboxConfig};

use crate::console::Console;
use crate::exit::{Failure, with_causes};

/// Instead of the built-in languages: a directory of language files.
pub(crate) const LANGUAGES: &str = "MINOS_LANGUAGES";

/// Where other language files than the built-in ones are, if anywhere.
pub(crate) fn languages_dir() -> Option<PathBuf> {
    std::env::var_os(LANGUAGES).filter(|dir| !dir.is_empty()).map(PathBuf::from)
}

/// The languages of this installation: those of `MINOS_LANGUAGES`, else the built-in ones.
///
/// # Errors
/// Exit code 2: every mistake of every file.
pub(crate) fn languages() -> Result<Languages, Failure> {
    match languages_dir() {
        Some(dir) => Languages::load(&dir).map_err(Failure::input),
        None => Ok(Languages::builtin()),
    }
}

/// What all places of this command share.
pub(crate) struct Shop {
    sandbox: Arc<Sandbox>,
    languages: Arc<Languages>,
    builds: Arc<Builds>,
    cache: Cache,
}

impl Shop {
    /// Opens the caches.
    ///
    /// # Errors
    /// Exit code 3 when this machine can build no boxes or keep no cache.
    pub(crate) fn open(languages: Arc<Languages>) -> Result<Self, Failure> {
        let dir = cache_dir()?;
        let cache = Cache::open(dir.join("problems")).map_err(unusable)?;
        let builds = Builds::open(dir.join("builds"), Builds::DEFAULT_MAX).map_err(unusable)?;
        let sandbox = Sandbox::open(SandboxConfig::default()).map_err(unusable)?;
        Ok(Self { sandbox: Arc::new(sandbox), languages, builds: Arc::new(builds), cache })
    }

    /// How many places can work at once without slowing each other down: as many as a node has
    /// slots.
    #[expect(clippy::unused_self, reason = "a question to this machine, asked at its shop")]
    pub(crate) fn slots(&self) -> u16 {
        minos_node::default_slots()
    }

    /// Starts the warden of a slot.
    ///
    /// # Errors
    /// Exit code 3 when this machine can build no boxes.
    pub(crate) fn place(&self, slot: u16) -> Result<Place, Failure> {
        let boxes = Sandboxed::open(Arc::clone(&self.sandbox), slot).map_err(unusable)?;
        // Once, and only where boxes can be made: what cannot be had is told in one line.
        if slot == 0 && self.sandbox.isolation() == minos_model::Isolation::Rootless {
            Console::detect().note(super::serve::APPROXIMATE);
        }
        let (languages, builds) = (Arc::clone(&self.languages), Arc::clone(&self.builds));
        let workshop = Workshop::new(boxes, languages, builds);
        Ok(Place { workshop, cache: self.cache.clone() })
    }
}

/// A place to prepare packages and to judge.
pub(crate) struct Place {
    pub(crate) workshop: Workshop<Sandboxed>,
    pub(crate) cache: Cache,
}

impl Place {
    /// Opens the cache and starts a warden.
    ///
    /// # Errors
    /// Exit code 3 when this machine can build no boxes or keep no cache.
    pub(crate) fn open(languages: Arc<Languages>) -> Result<Self, Failure> {
        Shop::open(languages)?.place(0)
    }

    /// The problem of a package: prepared before, or now.
    ///
    /// # Errors
    /// Exit code 2 when the package is at fault, 3 when this machine is.
    pub(crate) fn prepared(&mut self, package: &Package) -> Result<Problem, Failure> {
        if let Some(problem) = self.cache.get(&package.revision).map_err(unusable)? {
            return Ok(problem);
        }
        let draft = self.cache.begin(package).map_err(unusable)?;
        prepare(&mut self.workshop, package, draft).map_err(|error| unprepared(package, &error))
    }
}

fn unusable(error: impl std::error::Error) -> Failure {
    Failure::environment(with_causes(&error))
}

fn unprepared(package: &Package, error: &PrepareError) -> Failure {
    let line = format!("package {}: {error}", package.id);
    match error.fault() {
        Fault::Package | Fault::Checker => Failure::input(line),
        Fault::Node | Fault::Broker => Failure::environment(line),
    }
}

/// Reads a package.
///
/// # Errors
/// Exit code 2: which file, which field, what was expected.
pub(crate) fn open_package(path: &Path) -> Result<Package, Failure> {
    Package::open(path).map_err(|error| Failure::input(with_causes(&error)))
}

/// Where prepared problems, builds and the pinned broker are kept.
///
/// # Errors
/// Exit code 3 when neither `MINOS_CACHE` nor a home directory is known.
pub(crate) fn cache_dir() -> Result<PathBuf, Failure> {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    if let Some(dir) = set("MINOS_CACHE") {
        return Ok(dir.into());
    }
    set("HOME").map(|home| PathBuf::from(home).join(".cache/minos")).ok_or_else(|| {
        Failure::environment("no place for the cache: set MINOS_CACHE to a directory")
    })
}
