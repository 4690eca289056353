//! What the pages promise is tied to tests: each promise names at least one test that exists, or
//! says openly that its test is pending.

use anyhow::{Result, bail};

use super::tree::Tree;

/// Pages and the heading below which every list item is a promise.
const PAGES: &[(&str, &str)] =
    &[("README.md", "## Promises"), ("crates/README.md", "## Invariants")];
const PENDING: &str = "[test pending]";
/// What stands before the names of tests.
const TESTED_BY: &str = "Tests: ";

/// Checks both pages.
///
/// # Errors
/// Counts the promises that hang in the air, all of which have been printed.
pub(super) fn check(tree: &Tree) -> Result<()> {
    let exists = |name: &str| {
        let needle = format!("fn {name}(");
        tree.sources().any(|file| file.text.contains(&needle))
    };
    let mut findings = Vec::new();
    let mut pending = 0;
    for (page, heading) in PAGES {
        let promises = promises(tree.text(page)?, heading);
        if promises.is_empty() {
            findings.push(format!("{page}: no promises below `{heading}`"));
        }
        for promise in promises {
            pending += usize::from(promise.contains(PENDING));
            findings.extend(complaints(&promise, exists).map(|what| format!("{page}: {what}")));
        }
    }
    for finding in &findings {
        println!("   {finding}");
    }
    println!("   {pending} promises say {PENDING}");
    if !findings.is_empty() {
        bail!("{} findings", findings.len());
    }
    Ok(())
}

/// The list items below `heading`, each with its continuation lines.
fn promises(page: &str, heading: &str) -> Vec<String> {
    let below = page.lines().skip_while(|line| *line != heading).skip(1);
    let mut items: Vec<String> = Vec::new();
    for line in below.take_while(|line| !line.starts_with("## ")) {
        if is_item(line) {
            items.push(line.to_owned());
        } else if let Some(item) = items.last_mut() {
            item.push(' ');
            item.push_str(line.trim());
        }
    }
    items
}

/// `- …` or `12. …` at the line's start.
fn is_item(line: &str) -> bool {
    let numbered = line.split_once(". ").is_some_and(|(number, _)| {
        !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
    });
    numbered || line.starts_with("- ")
}

fn complaints(promise: &str, exists: impl Fn(&str) -> bool) -> impl Iterator<Item = String> {
    let start: String = promise.chars().take(60).collect();
    let names: Vec<&str> = match promise.split_once(TESTED_BY) {
        Some((_, tail)) => tail.split('`').skip(1).step_by(2).collect(),
        None => Vec::new(),
    };
    let nameless = names.is_empty() && !promise.contains(PENDING);
    let missing: Vec<_> =
        names.into_iter().filter(|name| !exists(name)).map(str::to_owned).collect();
    let nameless = nameless.then(|| format!("`{start}…` names no test and is not {PENDING}"));
    nameless.into_iter().chain(missing.into_iter().map(|name| format!("there is no test `{name}`")))
}

#[cfg(test)]
mod tests {
    use super::{complaints, promises};

    #[test]
    fn items_are_read_with_their_continuations_and_only_below_the_heading() {
        let page = "- no\n## Promises\ntext\n\n1. one\n   more\n- two\n## Next\n- no\n";
        assert_eq!(promises(page, "## Promises"), ["1. one more", "- two"]);
    }

    #[test]
    fn a_promise_names_an_existing_test_or_says_that_it_is_pending() {
        let rows = [
            ("Fast. Tests: `it_is_fast`.", 0),
            ("Fast. Tests: `it_is_fast`, `it_is_slow`.", 1),
            ("Fast.", 1),
            ("Fast, `really`.", 1),
            ("Fast. [test pending]", 0),
        ];
        for (promise, expected) in rows {
            let count = complaints(promise, |name| name == "it_is_fast").count();
            assert_eq!(count, expected, "{promise}");
        }
    }
}
