//! The author's solutions: tags, and extra tags for parts of the tests.

use std::collections::BTreeSet;

use super::files::Files;
use super::testset::{Judged, Numbered};
use super::xml::Element;
use crate::tag::SolutionTag;
use crate::{Expectation, PackageError, Scope, Solution};

/// A tag for a part of the tests.
struct ExtraTag {
    scope: Scope,
    tag: SolutionTag,
}

pub(super) fn solutions(
    assets: &Element<'_>,
    files: &Files<'_>,
    judged: &Judged<'_>,
) -> Result<Vec<Solution>, PackageError> {
    let mut solutions: Vec<Solution> = Vec::new();
    for element in assets.list("solutions", "solution") {
        let tag = tag(&element)?;
        let main = tag == SolutionTag::Main;
        if main && solutions.iter().any(|other| other.main) {
            return Err(element.wrong("@tag", "a second main solution; expected one".to_owned()));
        }
        let source = element.need("source", "the solution's source")?;
        // Only the main solution is ever needed to judge, and only to make answers.
        let tool = if main { files.tool(&source) } else { files.tool_named(&source) }?;
        let mut extra_tags = Vec::new();
        for extra in element.list("extra-tags", "extra-tag") {
            let scope = scope(&extra, judged)?;
            extra_tags.push(ExtraTag { scope, tag: self::tag(&extra)? });
        }
        let expectations = expectations(tag, &extra_tags, judged.tests);
        solutions.push(Solution {
            name: crate::relative::base_name(&files.named(&source)?).to_owned(),
            path: tool.source,
            further: Vec::new(),
            label: tag.as_str().to_owned(),
            main,
            expectations,
            // The manifest always gives the time limit.
            time_bounds: Vec::new(),
            language: tool.language,
            kind: tool.kind,
            resources: tool.resources,
            entry_point: None,
            note: element.attribute("note").map(str::to_owned),
        });
    }
    Ok(solutions)
}

/// Extra tags of testsets that are not judged, a line each.
pub(super) fn unjudged(
    assets: &Element<'_>,
    judged: &Judged<'_>,
) -> Result<Vec<String>, PackageError> {
    let mut notes = Vec::new();
    for element in assets.list("solutions", "solution") {
        for extra in element.list("extra-tags", "extra-tag") {
            if let Some(name) = extra.attribute("testset").filter(|name| *name != judged.testset) {
                let source = element.need("source", "the solution's source")?;
                let path = source.need_attribute("path", "the path of a file of the package")?;
                let tag = tag(&extra)?;
                notes.push(format!(
                    "{path}: extra-tag {tag} of testset {name} is not checked: only testset {} is \
                     judged",
                    judged.testset
                ));
            }
        }
    }
    Ok(notes)
}

fn tag(element: &Element<'_>) -> Result<SolutionTag, PackageError> {
    let text = element.need_attribute("tag", "what the solution is for, such as accepted")?;
    text.parse().map_err(|problem| element.wrong("@tag", problem))
}

/// The tests that an extra tag is about.
fn scope(extra: &Element<'_>, judged: &Judged<'_>) -> Result<Scope, PackageError> {
    match (extra.attribute("group"), extra.attribute("testset")) {
        (Some(group), None) => {
            let tests = named(judged.tests, |test| test.test.group.as_deref() == Some(group));
            if tests.is_empty() && !judged.groups.iter().any(|other| other.name == group) {
                return Err(extra.wrong("@group", format!("there is no group `{group}`")));
            }
            Ok(Scope::Some {
                label: format!("group {group}"),
                tests,
                group: Some(group.to_owned()),
            })
        }
        (None, Some(name)) if judged.testsets.iter().any(|testset| testset == name) => {
            let tests = named(judged.tests, |_| name == judged.testset);
            Ok(Scope::Some { label: format!("testset {name}"), tests, group: None })
        }
        (None, Some(name)) => {
            let known = judged.testsets.join(", ");
            Err(extra.wrong("@testset", format!("there is no testset `{name}`, only {known}")))
        }
        _ => Err(extra.wrong("", "expected either @group or @testset".to_owned())),
    }
}

fn named(tests: &[Numbered], which: impl Fn(&&Numbered) -> bool) -> BTreeSet<String> {
    tests.iter().filter(which).map(|test| test.test.name.clone()).collect()
}

/// What the tags say together. An extra tag narrows: of the tests it is about, the solution's own
/// tag no longer says what each of them may get; that one of all tests has to fail still holds.
fn expectations(tag: SolutionTag, extra: &[ExtraTag], tests: &[Numbered]) -> Vec<Expectation> {
    let mut all = Vec::new();
    let (permitted, required) = tag.claims();
    let said_by = format!("tag {tag}");
    let left = named(tests, |test| !extra.iter().any(|one| one.scope.holds(&test.test.name)));
    if permitted.is_some() && !left.is_empty() {
        let scope = if extra.is_empty() {
            Scope::All
        } else {
            let label = "tests without an extra tag".to_owned();
            Scope::Some { label, tests: left, group: None }
        };
        all.push(Expectation { scope, permitted, ..Expectation::new(&said_by) });
    }
    if required.is_some() {
        all.push(Expectation { required, ..Expectation::new(&said_by) });
    }
    for ExtraTag { scope, tag } in extra {
        // Tests of another testset are not judged here.
        if matches!(scope, Scope::Some { tests, .. } if tests.is_empty()) {
            continue;
        }
        let (permitted, required) = tag.claims();
        let scope = scope.clone();
        all.push(Expectation {
            scope,
            permitted,
            required,
            ..Expectation::new(format!("extra-tag {tag}"))
        });
    }
    all
}
