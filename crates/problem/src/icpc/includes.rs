//! `include/`: files that lie beside every submission.

use minos_model::LanguageId;

use super::place::Place;
use crate::{Include, IncludeFor, IncludeStage, PackageError};

pub(super) fn read(place: &mut Place<'_>) -> Result<Vec<Include>, PackageError> {
    let listing = place.list("include");
    for file in &listing.files {
        place.note(format!("include/{file} is not used: files lie in include/<language>/"));
    }
    let mut includes = Vec::new();
    let mut named: Vec<LanguageId> = Vec::new();
    for code in listing.folders.iter().filter(|code| *code != "default") {
        let Some(languages) = super::languages_of(place.languages, code) else {
            let folder = format!("include/{code}");
            return Err(place.wrong(&folder, format!("`{code}` is no code of a language")));
        };
        named.extend(languages.iter().cloned());
        folder(place, code, &IncludeFor::Only(languages), &mut includes)?;
    }
    if listing.folders.contains("default") {
        let rest = if named.is_empty() { IncludeFor::All } else { IncludeFor::AllBut(named) };
        folder(place, "default", &rest, &mut includes)?;
    }
    Ok(includes)
}

fn folder(
    place: &Place<'_>,
    code: &str,
    languages: &IncludeFor,
    into: &mut Vec<Include>,
) -> Result<(), PackageError> {
    for name in place.below(&format!("include/{code}")) {
        into.push(Include {
            path: place.constants.path(&format!("include/{code}/{name}"))?,
            name,
            languages: languages.clone(),
            stage: IncludeStage::Both,
        });
    }
    Ok(())
}
