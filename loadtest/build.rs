//! Puts the corpus of programs and the packages that the replay needs into the binary, so that it
//! works on a machine without the repository.

use std::env;
use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

#[path = "../crates/cli/commit.rs"]
mod commit;

fn main() -> io::Result<()> {
    let here = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").ok_or(io::ErrorKind::NotFound)?);
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or(io::ErrorKind::NotFound)?);
    let corpus = here.join("../tests/corpus");
    let own = here.join("packages");
    for folder in [&corpus, &own] {
        println!("cargo::rerun-if-changed={}", folder.display());
    }
    commit::tell();
    let mut table = String::from("/// Path inside `tests/corpus`, and content.\n");
    table.push_str("pub(crate) const FILES: &[(&str, &[u8])] = &[\n");
    let folders = [
        (&corpus, "honest"),
        (&corpus, "hostile"),
        (&corpus, "packages/range-sums"),
        (&here, "packages/warm-sums"),
    ];
    for (root, folder) in folders {
        let mut files = Vec::new();
        walk(&root.join(folder), &mut files)?;
        files.sort();
        for file in files {
            let inside = file.strip_prefix(root).map_err(io::Error::other)?;
            let full = fs::canonicalize(&file)?;
            writeln!(table, "    ({inside:?}, include_bytes!({full:?})),")
                .map_err(io::Error::other)?;
        }
    }
    table.push_str("];\n");
    fs::write(out.join("embedded.rs"), table)
}

/// Every file below `dir`; none when there is no such directory.
fn walk(dir: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    let listing = match fs::read_dir(dir) {
        Ok(listing) => listing,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    for entry in listing {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            walk(&entry.path(), files)?;
        } else {
            files.push(entry.path());
        }
    }
    Ok(())
}
