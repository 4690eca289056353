//! What a manifest of the new versions says about a problem and its authors. Judging uses none of
//! it; a key that is unknown there, or a value of another kind, is a mistake all the same.

use crate::PackageError;
use crate::yaml::{Field, Map};

/// The parts of people in a problem.
const PARTS: [&str; 5] = ["authors", "contributors", "testers", "packagers", "acknowledgements"];

/// Looks at everything in a manifest that says nothing about judging.
///
/// # Errors
/// The first value that the format does not have.
pub(super) fn check(map: &Map<'_>) -> Result<(), PackageError> {
    for key in ["version", "license", "rights_owner", "embargo_until"] {
        if let Some(field) = map.get(key) {
            field.text("a text")?;
        }
    }
    if let Some(keywords) = map.get("keywords") {
        keywords.texts("a sequence of texts")?;
    }
    if let Some(source) = map.get("source") {
        each(&source, "a text, or a mapping with name and url", &["url"])?;
    }
    match map.get("credits") {
        Some(credits) => people(&credits),
        None => Ok(()),
    }
}

fn people(credits: &Field<'_>) -> Result<(), PackageError> {
    let expected = "a person's name, or a mapping with name, email, orcid and kattis";
    let person = |field: &Field<'_>| each(field, expected, &["email", "orcid", "kattis"]);
    if !credits.is_map() {
        return person(credits);
    }
    let keys = credits.map()?;
    for part in PARTS {
        if let Some(field) = keys.get(part) {
            person(&field)?;
        }
    }
    if let Some(translators) = keys.get("translators") {
        translators.map()?.all().try_for_each(|(_language, field)| person(&field))?;
    }
    keys.close()
}

/// One text or mapping with a name, or a sequence of such.
fn each(field: &Field<'_>, expected: &str, others: &[&'static str]) -> Result<(), PackageError> {
    for item in field.items() {
        if !item.is_map() {
            item.text(expected)?;
            continue;
        }
        let keys = item.map()?;
        keys.need("name", "a name")?.text("a name")?;
        for key in others {
            if let Some(other) = keys.get(key) {
                other.text("a text")?;
            }
        }
        keys.close()?;
    }
    Ok(())
}
