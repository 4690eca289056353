//! Names of files within a package, whoever wrote them: an archive, a manifest, a file system.

use crate::bounds::{MAX_DEPTH, MAX_NAME, MAX_PATH};

/// Turns a name into a plain relative path with `/` between its components. Backslashes, which
/// archives and manifests from Windows have, separate as well. `None` is the package's root.
///
/// # Errors
/// Why the name cannot stand for a file of a package.
pub(crate) fn normalise(name: &str) -> Result<Option<String>, String> {
    if name.chars().any(char::is_control) {
        return Err("control characters in the name".to_owned());
    }
    if name.len() > MAX_PATH {
        return Err(format!("the name has {} bytes, at most {MAX_PATH} are read", name.len()));
    }
    let name = name.replace('\\', "/");
    if name.starts_with('/') {
        return Err("an absolute path; names must stay inside the package".to_owned());
    }
    let mut parts: Vec<&str> = Vec::new();
    for part in name.split('/') {
        match part {
            "" | "." => {}
            ".." => return Err("`..` leaves the package".to_owned()),
            _ if part.len() > MAX_NAME => {
                return Err(format!("a component is longer than {MAX_NAME} bytes"));
            }
            _ => parts.push(part),
        }
    }
    // A drive letter counts wherever it ends up in front, behind `./` as well.
    let mut drive = parts.first().copied().unwrap_or_default().chars();
    if drive.next().is_some_and(|c| c.is_ascii_alphabetic()) && drive.next() == Some(':') {
        return Err("a drive letter; names must stay inside the package".to_owned());
    }
    if parts.len() > MAX_DEPTH {
        return Err(format!("{} folders deep, at most {MAX_DEPTH} are read", parts.len()));
    }
    Ok(if parts.is_empty() { None } else { Some(parts.join("/")) })
}

/// What version control and file managers leave beside a package; it is no part of it.
pub(crate) fn is_litter(component: &str) -> bool {
    const LITTER: [&str; 7] =
        [".git", ".hg", ".svn", "__MACOSX", ".DS_Store", "Thumbs.db", "desktop.ini"];
    LITTER.contains(&component)
}

/// The last component of a path with `/`.
pub(crate) fn base_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// The path without its last component; empty at the root.
pub(crate) fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// The base name without its extension, and the extension in lower case.
pub(crate) fn stem_and_extension(path: &str) -> (&str, String) {
    let base = base_name(path);
    match base.rsplit_once('.') {
        Some((stem, extension)) if !stem.is_empty() => (stem, extension.to_ascii_lowercase()),
        _ => (base, String::new()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_name_becomes_a_plain_relative_path() {
        for (name, expected) in [
            ("tests/01", Some("tests/01")),
            ("tests\\01", Some("tests/01")),
            ("./files//gen.cpp", Some("files/gen.cpp")),
            ("files/", Some("files")),
            ("./", None),
            ("", None),
            ("a..b/..c/d..", Some("a..b/..c/d..")),
            ("имя/файл", Some("имя/файл")),
        ] {
            assert_eq!(normalise(name), Ok(expected.map(str::to_owned)), "{name:?}");
        }
    }

    #[test]
    fn a_name_that_leaves_the_package_is_refused_with_its_reason() {
        let deep = vec!["d"; MAX_DEPTH + 1].join("/");
        let long_name = "n".repeat(MAX_NAME + 1);
        let long_path = vec!["n".repeat(200); 6].join("/");
        for (name, reason) in [
            ("../x", "`..`"),
            ("a/../../x", "`..`"),
            ("..\\x", "`..`"),
            ("a/..", "`..`"),
            ("/etc/passwd", "absolute"),
            ("\\windows", "absolute"),
            ("\\\\server\\share", "absolute"),
            ("C:\\x", "drive"),
            ("c:x", "drive"),
            (".\\a:", "drive"),
            ("a\0b", "control"),
            ("a\nb", "control"),
            (deep.as_str(), "deep"),
            (long_name.as_str(), "longer"),
            (long_path.as_str(), "bytes"),
        ] {
            let error = normalise(name).unwrap_err();
            assert!(error.contains(reason), "{name:?}: {error}");
        }
        normalise(&vec!["d"; MAX_DEPTH].join("/")).unwrap();
        normalise(&"n".repeat(MAX_NAME)).unwrap();
    }

    proptest! {
        #[test]
        fn whatever_is_accepted_stays_inside(name in "[a-c./\\\\: ]{0,12}") {
            if let Ok(Some(path)) = normalise(&name) {
                prop_assert!(!path.starts_with('/') && !path.contains('\\'));
                prop_assert!(path.split('/').all(|part| !matches!(part, "" | "." | "..")));
                prop_assert_eq!(normalise(&path), Ok(Some(path.clone())), "twice is once");
            }
        }
    }
}
