//! A contestant's source: its size, its language.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use minos_model::LanguageId;
use minos_problem::Languages;
use minos_queue::wire::MAX_SOURCE;

use crate::exit::Failure;

/// Reads a source of at most 256 KiB.
///
/// # Errors
/// Exit code 2 when it cannot be read or is larger.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let shown = path.display();
    let refused = |error: std::io::Error| Failure::input(format!("source {shown}: {error}"));
    let file = File::open(path).map_err(refused)?;
    let about = file.metadata().map_err(refused)?;
    if !about.is_file() {
        return Err(Failure::input(format!("source {shown}: not a file")));
    }
    let most = u64::try_from(MAX_SOURCE).unwrap_or(u64::MAX);
    let mut text = Vec::new();
    file.take(most + 1).read_to_end(&mut text).map_err(refused)?;
    if text.len() > MAX_SOURCE {
        return Err(Failure::input(format!(
            "source {shown}: {} bytes, more than the {} KiB a source may have",
            about.len().max(most + 1),
            MAX_SOURCE / 1024
        )));
    }
    Ok(text)
}

/// The language that was asked for, or the one the file's extension means.
///
/// # Errors
/// Exit code 2 when it is unknown, with the languages there are.
pub(crate) fn language(
    languages: &Languages,
    wanted: Option<&LanguageId>,
    path: &Path,
) -> Result<LanguageId, Failure> {
    let known = || {
        let ids: Vec<&str> = languages.iter().map(|language| language.id.as_str()).collect();
        ids.join(", ")
    };
    if let Some(id) = wanted {
        return languages.get(id).map(|language| language.id.clone()).ok_or_else(|| {
            Failure::input(format!("--language {id}: unknown; expected one of {}", known()))
        });
    }
    languages.by_extension(path).map(|language| language.id.clone()).ok_or_else(|| {
        Failure::input(format!(
            "source {}: its extension names no language; write --language with one of {}",
            path.display(),
            known()
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str, size: usize) -> std::path::PathBuf {
        let path = std::env::temp_dir().join(format!("minos-cli-{}-{name}", std::process::id()));
        std::fs::write(&path, vec![b'a'; size]).unwrap();
        path
    }

    #[test]
    fn a_source_of_the_largest_size_is_read_and_one_byte_more_is_refused() {
        let path = file("largest", MAX_SOURCE);
        assert_eq!(read(&path).unwrap().len(), MAX_SOURCE);
        std::fs::remove_file(&path).unwrap();
        let path = file("larger", MAX_SOURCE + 1);
        let failure = read(&path).unwrap_err();
        assert!(failure.to_string().contains("256 KiB"), "{failure}");
        std::fs::remove_file(&path).unwrap();
    }

    #[test]
    fn a_missing_source_and_a_directory_are_refused_by_name() {
        for path in ["/nowhere/a.cpp", "/tmp"] {
            let failure = read(Path::new(path)).unwrap_err();
            assert!(failure.to_string().contains(path), "{failure}");
        }
    }
}
