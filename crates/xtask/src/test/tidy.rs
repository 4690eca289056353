//! House rules that no compiler knows.

use anyhow::{Result, bail};

use super::tree::{File, Tree, is_data};

/// More lines than this and a file is two rooms in one: a warning.
const LINES_WARNED: usize = 400;
/// More lines than this fail.
const LINES_MAX: usize = 600;
/// Reminders that belong into a list of work, not into the tree. Split, lest they find themselves.
const REMINDERS: &[&str] =
    &[concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X:"), concat!("#[ign", "ore")];
/// The one crate that may hold unsafe code, in its `sys` module.
const UNSAFE_ROOM: &str = "crates/sandbox/";

/// Checks the whole tree.
///
/// # Errors
/// Counts the findings, all of which have been printed.
pub(super) fn check(tree: &Tree) -> Result<()> {
    let mut findings = Vec::new();
    for file in tree.sources() {
        findings.extend(long(file));
    }
    for file in tree.files.iter().filter(|file| !is_data(&file.path)) {
        findings.extend(reminders(file));
    }
    let roots = tree.sources().filter(|file| is_crate_root(&file.path));
    findings.extend(roots.flat_map(crate_root));
    findings.extend(unlisted_crates(tree)?);
    for finding in &findings {
        println!("   {finding}");
    }
    if !findings.is_empty() {
        bail!("{} findings", findings.len());
    }
    Ok(())
}

fn long(file: &File) -> Option<String> {
    let lines = file.text.lines().count();
    if lines > LINES_MAX {
        return Some(format!("{}: {lines} lines, at most {LINES_MAX}", file.path));
    }
    if lines > LINES_WARNED {
        println!("   warning: {}: {lines} lines, more than {LINES_WARNED}", file.path);
    }
    None
}

fn reminders(file: &File) -> Vec<String> {
    let mut findings = Vec::new();
    for (number, line) in (1..).zip(file.text.lines()) {
        if let Some(word) = REMINDERS.iter().find(|word| line.contains(**word)) {
            findings.push(format!("{}:{number}: `{word}` left behind", file.path));
        }
    }
    findings
}

/// `crates/NAME/src/{lib,main}.rs`, the same of `tests` and `loadtest`, and every binary.
fn is_crate_root(path: &str) -> bool {
    path.ends_with("/src/lib.rs") || path.ends_with("/src/main.rs") || path.contains("/src/bin/")
}

fn crate_root(file: &File) -> Vec<String> {
    let mut findings = Vec::new();
    if !file.text.starts_with("//!") {
        findings.push(format!("{}: does not begin with //! (what it is for)", file.path));
    }
    let forbids = file.text.contains("#![forbid(unsafe_code)]");
    if !forbids && !file.path.starts_with(UNSAFE_ROOM) {
        findings.push(format!("{}: #![forbid(unsafe_code)] is missing", file.path));
    }
    findings
}

fn unlisted_crates(tree: &Tree) -> Result<Vec<String>> {
    let page = tree.text("crates/README.md")?;
    let manifests = tree.files.iter().filter(|file| file.path.ends_with("Cargo.toml"));
    let names = manifests.filter_map(|file| name_of_package(&file.text));
    let unlisted = names.filter(|name| !page.contains(&format!("`{name}`")));
    Ok(unlisted.map(|name| format!("crates/README.md: has no line about `{name}`")).collect())
}

/// The `name = "…"` of a manifest's `[package]` section.
fn name_of_package(manifest: &str) -> Option<String> {
    let parsed: toml::Table = manifest.parse().ok()?;
    Some(parsed.get("package")?.get("name")?.as_str()?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::{LINES_MAX, crate_root, long, reminders};
    use crate::test::tree::File;

    fn file(path: &str, text: &str) -> File {
        File { path: path.to_owned(), text: text.to_owned() }
    }

    #[test]
    fn a_file_may_have_the_most_lines_and_not_one_more() {
        assert_eq!(long(&file("a.rs", &"x\n".repeat(LINES_MAX))), None);
        assert!(long(&file("a.rs", &"x\n".repeat(LINES_MAX + 1))).is_some());
    }

    #[test]
    fn a_reminder_is_found_with_its_line() {
        let text = format!("fine\n// {} later\n", concat!("TO", "DO"));
        assert_eq!(reminders(&file("a.rs", &text)).len(), 1);
        assert!(reminders(&file("a.rs", &text))[0].starts_with("a.rs:2:"));
        assert!(reminders(&file("a.rs", "nothing to do\n")).is_empty());
    }

    #[test]
    fn a_crate_root_says_what_it_is_for_and_forbids_unsafe_code() {
        let good = "//! Words.\n#![forbid(unsafe_code)]\n";
        assert!(crate_root(&file("crates/model/src/lib.rs", good)).is_empty());
        assert_eq!(crate_root(&file("crates/model/src/lib.rs", "fn f() {}\n")).len(), 2);
        assert!(crate_root(&file("crates/sandbox/src/lib.rs", "//! Boxes.\n")).is_empty());
    }
}
