//! Where `judge`, `verify` and `problem push` compile and run: wardens, the languages of this program,
//! and the cache of prepared problems and builds.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use minos_judge::{
    Builds, Equipment, Fairness, Precompiled, PrepareError, Sandboxed, Workshop, prepare,
};
use minos_model::{Fault, LanguageId};
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
    equipment: Equipment,
    cache: Cache,
    /// Where headers are compiled ahead, for as long as this lives.
    ahead: Option<Ahead>,
}

/// A directory of headers that is gone with its owner.
struct Ahead(PathBuf);

impl Drop for Ahead {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}

/// With so many sources of one language it pays to compile its header ahead.
const PAYS: usize = 6;

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
        let equipment = Equipment {
            sandbox: Arc::new(sandbox),
            languages,
            builds: Arc::new(builds),
            at_hand: Arc::default(),
            fairness: Fairness::default(),
            quiet: Arc::default(),
            precompiled: None,
        };
        Ok(Self { equipment, cache, ahead: None })
    }

    /// The same for many sources, in these languages: where it pays, their headers are compiled
    /// ahead, as a node does.
    ///
    /// # Errors
    /// Exit code 3 when there is no place for them.
    pub(crate) fn for_many<'a>(
        mut self,
        sources: impl Iterator<Item = &'a LanguageId>,
    ) -> Result<Self, Failure> {
        let mut counts: BTreeMap<&LanguageId, usize> = BTreeMap::new();
        for language in sources {
            *counts.entry(language).or_default() += 1;
        }
        if counts.values().any(|count| *count >= PAYS) {
            let dir = std::env::temp_dir().join(format!("minos-ahead-{}", std::process::id()));
            let opened = Precompiled::open(&dir).map_err(unusable)?;
            self.equipment.precompiled = Some(Arc::new(opened));
            self.ahead = Some(Ahead(dir));
        }
        Ok(self)
    }

    /// Compiles a language's header ahead when enough sources have asked for it. Without it they
    /// are compiled as ever.
    pub(crate) fn ahead(&self, place: &mut Place, language: Option<&LanguageId>) {
        let language = language.and_then(|id| self.equipment.languages.get(id));
        let (Some(precompiled), Some(language)) = (&self.equipment.precompiled, language) else {
            return;
        };
        if precompiled.is_due(&language.id, Precompiled::DEMAND) {
            let _without = place.workshop.precompile(language);
        }
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
        let warden = self.equipment.warden(slot).map_err(unusable)?;
        // Once, and only where boxes can be made: what cannot be had is told in one line.
        if slot == 0 && self.equipment.sandbox.isolation() == minos_model::Isolation::Rootless {
            Console::detect().note(super::serve::APPROXIMATE);
        }
        Ok(Place { workshop: self.equipment.workshop(warden), cache: self.cache.clone() })
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
    let opened = Package::open_with(path, &languages()?);
    opened.map_err(|error| Failure::input(with_causes(&error)))
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
