//! From a path to a package: unpack, find the root, detect the format, read.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tempfile::TempDir;

use crate::bounds::Bounds;
use crate::relative::is_litter;
use crate::tree::{Tree, io};
use crate::{Languages, Package, PackageError, icpc, polygon};

/// A package on disk, as its reader needs it.
pub(crate) struct Opened {
    /// How errors name the package's root: `range-sums.zip:` or `packages/range-sums/`.
    pub(crate) label: String,
    /// The name of the package's folder; of the archive, without its ending, when the files lie
    /// in no folder.
    pub(crate) name: String,
    pub(crate) tree: Tree,
    pub(crate) scratch: Arc<TempDir>,
    /// The vendored testlib header.
    pub(crate) testlib: PathBuf,
}

impl Opened {
    /// How errors name a file of the package.
    pub(crate) fn shown(&self, relative: &str) -> String {
        format!("{}{relative}", self.label)
    }
}

/// What a folder holds, by its manifest.
enum Kind {
    Polygon,
    Icpc,
    Contest,
}

pub(crate) fn open(path: &Path, languages: &Languages) -> Result<Package, PackageError> {
    let metadata = path.metadata().map_err(|source| io(path, "open", source))?;
    if !metadata.is_dir() && !metadata.is_file() {
        let problem = "neither a directory nor a zip archive".to_owned();
        return Err(PackageError::Tree { path: path.to_owned(), problem });
    }
    let scratch = tempfile::Builder::new()
        .prefix("minos-package-")
        .tempdir()
        .map_err(|source| io(&std::env::temp_dir(), "make a directory in", source))?;
    let testlib = scratch.path().join("testlib.h");
    fs::write(&testlib, crate::TESTLIB).map_err(|source| io(&testlib, "write", source))?;

    let is_folder = metadata.is_dir();
    let given = path.display().to_string();
    let top = if is_folder {
        path.to_owned()
    } else {
        let unpacked = scratch.path().join("package");
        fs::create_dir(&unpacked).map_err(|source| io(&unpacked, "make", source))?;
        crate::archive::unpack(path, &unpacked, Bounds::PACKAGE)?;
        unpacked
    };
    let (root, kind) = find_root(&top, &given)?;
    let inside = root.strip_prefix(&top).ok().and_then(Path::to_str).unwrap_or_default();
    let label = match (is_folder, inside) {
        (true, "") => format!("{}/", given.trim_end_matches('/')),
        (true, _) => format!("{}/{inside}/", given.trim_end_matches('/')),
        (false, "") => format!("{given}: "),
        (false, _) => format!("{given}: {inside}/"),
    };
    let name = match (is_folder, inside) {
        (false, "") => path.file_stem().map(std::ffi::OsStr::to_owned),
        _ => root
            .canonicalize()
            .map_err(|source| io(&root, "open", source))?
            .file_name()
            .map(Into::into),
    };
    let name = name.unwrap_or_default().to_string_lossy().into_owned();
    let opened = |root: &Path| -> Result<Opened, PackageError> {
        let tree = Tree::read(root)?;
        Ok(Opened { label, name, tree, scratch: Arc::new(scratch), testlib })
    };
    match kind {
        Kind::Polygon => polygon::read(&opened(&root)?, languages),
        Kind::Icpc => icpc::read(&opened(&root)?, languages),
        Kind::Contest => {
            Err(PackageError::Contest { package: given, problems: problems_of(&root, inside) })
        }
    }
}

/// The folder with the manifest: the top, or its only folder.
fn find_root(top: &Path, given: &str) -> Result<(PathBuf, Kind), PackageError> {
    if let Some(kind) = kind_of(top) {
        return Ok((top.to_owned(), kind));
    }
    let mut only = None;
    for entry in fs::read_dir(top).map_err(|source| io(top, "list", source))? {
        let entry = entry.map_err(|source| io(top, "list", source))?;
        if entry.file_name().to_str().is_some_and(is_litter) {
            continue;
        }
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        if !is_folder || only.replace(entry.path()).is_some() {
            only = None;
            break;
        }
    }
    only.and_then(|folder| kind_of(&folder).map(|kind| (folder, kind)))
        .ok_or_else(|| PackageError::NoManifest { package: given.to_owned() })
}

fn kind_of(folder: &Path) -> Option<Kind> {
    let holds = |name: &str| folder.join(name).is_file();
    if holds("problem.xml") {
        Some(Kind::Polygon)
    } else if holds("contest.xml") {
        Some(Kind::Contest)
    } else if holds("problem.yaml") {
        Some(Kind::Icpc)
    } else {
        None
    }
}

/// The folders of a contest's problems, relative to what was given.
fn problems_of(root: &Path, inside: &str) -> Vec<String> {
    let prefix = if inside.is_empty() { String::new() } else { format!("{inside}/") };
    let mut problems: Vec<String> = fs::read_dir(root.join("problems"))
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry| entry.path().join("problem.xml").is_file())
        .filter_map(|entry| entry.file_name().into_string().ok())
        .map(|name| format!("{prefix}problems/{name}"))
        .collect();
    problems.sort();
    if problems.is_empty() {
        problems.push(format!("{prefix}problems/"));
    }
    problems
}
