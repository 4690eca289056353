//! From a path to a package.

use std::path::Path;

use crate::{Languages, Package, PackageError};

pub(crate) fn open(path: &Path, _languages: &Languages) -> Result<Package, PackageError> {
    Err(PackageError::NoManifest { package: path.display().to_string() })
}
