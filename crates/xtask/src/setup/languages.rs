//! The toolchains of the judged languages: the packages that the language files themselves name.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use toml::{Table, Value};

use crate::shell;

/// The Debian packages of all languages, each once.
///
/// # Errors
/// Names the file that cannot be read.
pub(super) fn packages() -> Result<BTreeSet<String>> {
    packages_of(&shell::root().join("cluster-config/languages"))
}

fn packages_of(dir: &Path) -> Result<BTreeSet<String>> {
    let mut all = BTreeSet::new();
    for entry in fs::read_dir(dir).with_context(|| format!("cannot list {}", dir.display()))? {
        let path = entry?.path();
        if path.extension().is_none_or(|extension| extension != "toml") {
            continue;
        }
        let shown = path.display();
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read {shown}"))?;
        let table: Table = text.parse().with_context(|| format!("{shown} is not TOML"))?;
        for package in table.get("packages").and_then(Value::as_array).into_iter().flatten() {
            let Some(name) = package.as_str() else {
                bail!("{shown}: packages: not a list of names")
            };
            all.insert(name.to_owned());
        }
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::packages;

    #[test]
    fn the_language_files_say_what_is_installed() {
        let packages = packages().unwrap();
        for package in ["g++", "kotlin", "pypy3", "fp-compiler"] {
            assert!(packages.contains(package), "{package}: {packages:?}");
        }
    }
}
