//! The judging testset: limits, tests, groups.

use std::collections::BTreeMap;

use minos_model::{Bytes, CpuTime};

use super::files::{Files, missing};
use super::xml::Element;
use crate::pattern::Pattern;
use crate::relative::normalise;
use crate::{
    Answer, FeedbackPolicy, Group, Input, PackageError, PackageTest, PointsPolicy, ProblemLimits,
    ValidatorArgs, command,
};

/// A test, and the place in the manifest where its command stands.
#[derive(Debug)]
pub(super) struct Numbered {
    pub(super) test: PackageTest,
    file: String,
    field: String,
}

impl Numbered {
    /// An error about the test's command.
    pub(super) fn wrong(&self, problem: String) -> PackageError {
        PackageError::Field { file: self.file.clone(), field: self.field.clone(), problem }
    }
}

/// The tests that decide, as solutions' tags refer to them.
pub(super) struct Judged<'a> {
    /// The name of the testset that decides.
    pub(super) testset: &'a str,
    /// The names of all testsets.
    pub(super) testsets: &'a [String],
    pub(super) groups: &'a [Group],
    pub(super) tests: &'a [Numbered],
}

/// The testset that decides, its name, and the names of all of them.
pub(super) fn choose<'a>(
    judging: &Element<'a>,
) -> Result<(Element<'a>, &'a str, Vec<String>), PackageError> {
    let mut named = Vec::new();
    for testset in judging.all("testset") {
        let name = testset.need_attribute("name", "the testset's name, such as `tests`")?;
        if named.iter().any(|(other, _)| *other == name) {
            return Err(testset.wrong("@name", format!("two testsets are called `{name}`")));
        }
        let testset = testset.called(judging.to(&format!("testset[{name}]")));
        named.push((name, testset));
    }
    let names: Vec<String> = named.iter().map(|(name, _)| (*name).to_owned()).collect();
    let position = named.iter().position(|(name, _)| *name == "tests");
    let index = match (position, named.len()) {
        (Some(index), _) => index,
        (None, 1) => 0,
        (None, 0) => {
            let problem = "missing; expected at least the testset `tests`".to_owned();
            return Err(judging.wrong("testset", problem));
        }
        (None, _) => {
            let problem = format!(
                "none of {} is called `tests`; name the one that decides `tests`",
                names.join(", ")
            );
            return Err(judging.wrong("testset", problem));
        }
    };
    let (name, testset) = named.swap_remove(index);
    Ok((testset, name, names))
}

pub(super) fn limits(testset: &Element<'_>) -> Result<ProblemLimits, PackageError> {
    let cpu = testset.number("time-limit", "whole milliseconds, such as 1000")?;
    let memory = testset.number("memory-limit", "whole bytes, such as 268435456")?;
    let limits = ProblemLimits::new(CpuTime::from_ms(cpu), Bytes::new(memory));
    super::checked_limits(testset, limits)
}

pub(super) fn groups(testset: &Element<'_>) -> Result<Vec<Group>, PackageError> {
    let mut groups: Vec<Group> = Vec::new();
    for element in testset.list("groups", "group") {
        let name = element.need_attribute("name", "the group's name")?;
        if groups.iter().any(|group| group.name == name) {
            return Err(element.wrong("@name", format!("two groups are called `{name}`")));
        }
        let points_policy = match element.attribute("points-policy") {
            None | Some("each-test") => PointsPolicy::EachTest,
            Some("complete-group") => PointsPolicy::CompleteGroup,
            Some(other) => {
                let problem = format!("`{other}`; expected complete-group or each-test");
                return Err(element.wrong("@points-policy", problem));
            }
        };
        let feedback_policy = match element.attribute("feedback-policy") {
            None | Some("complete") => FeedbackPolicy::Complete,
            Some("icpc") => FeedbackPolicy::Icpc,
            Some("points") => FeedbackPolicy::Points,
            Some("none") => FeedbackPolicy::None,
            Some(other) => {
                let problem = format!("`{other}`; expected complete, icpc, points or none");
                return Err(element.wrong("@feedback-policy", problem));
            }
        };
        let mut dependencies = Vec::new();
        for dependency in element.list("dependencies", "dependency") {
            dependencies.push(dependency.need_attribute("group", "a group's name")?.to_owned());
        }
        groups.push(Group {
            name: name.to_owned(),
            parent: None,
            points: element.points()?,
            points_policy,
            feedback_policy,
            dependencies,
        });
    }
    check_dependencies(testset, &groups)?;
    Ok(groups)
}

/// Following dependencies ends. Those on groups that are not declared are kept: Polygon declares
/// only groups that somebody has edited.
fn check_dependencies(testset: &Element<'_>, groups: &[Group]) -> Result<(), PackageError> {
    let wrong = |group: &Group, problem: String| {
        testset.wrong(&format!("groups/group[{}]/dependencies", group.name), problem)
    };
    let mut left: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for group in groups {
        left.insert(&group.name, group.dependencies.iter().map(String::as_str).collect());
    }
    // Groups whose dependencies are all settled are settled, until none is left or nothing moves.
    loop {
        let settled: Vec<&str> = left
            .iter()
            .filter(|(_, needs)| needs.iter().all(|need| !left.contains_key(need)))
            .map(|(name, _)| *name)
            .collect();
        if settled.is_empty() {
            break;
        }
        for name in settled {
            left.remove(name);
        }
    }
    match groups.iter().find(|group| left.contains_key(group.name.as_str())) {
        None => Ok(()),
        Some(group) => {
            let circle: Vec<&str> = left.keys().copied().collect();
            Err(wrong(group, format!("the groups {} wait for each other", circle.join(", "))))
        }
    }
}

pub(super) fn tests(
    testset: &Element<'_>,
    name: &str,
    files: &Files<'_>,
) -> Result<Vec<Numbered>, PackageError> {
    let input = pattern(testset, "input-path-pattern")?;
    let answer = pattern(testset, "answer-path-pattern")?;
    let listed = testset.list("tests", "test");
    let count = testset.number("test-count", "the number of tests")?;
    if u64::try_from(listed.len()).unwrap_or(u64::MAX) != count {
        let problem = format!("says {count}, but {} tests are listed", listed.len());
        return Err(testset.wrong("test-count", problem));
    }
    if listed.is_empty() {
        return Err(testset.wrong("tests", "no test; expected at least one".to_owned()));
    }
    let each = listed.iter().enumerate();
    each.map(|(index, element)| {
        let number = index + 1;
        let input_path = plain(testset, "input-path-pattern", &input.expand(number))?;
        let answer_path = plain(testset, "answer-path-pattern", &answer.expand(number))?;
        let test = PackageTest {
            name: input.number(number),
            input: test_input(element, files, &input_path)?,
            answer: if files.holds(&answer_path) {
                Answer::File(files.path(&answer_path))
            } else {
                Answer::MainSolution
            },
            group: element.attribute("group").map(str::to_owned),
            points: element.points()?,
            sample: element.attribute("sample") == Some("true"),
            description: element.attribute("description").map(str::to_owned),
            from_file: element.attribute("from-file").map(str::to_owned),
            args: Vec::new(),
            validator_args: Vec::new(),
            input_args: input_args(name, element.attribute("group")),
            files: Vec::new(),
        };
        let file = element.file().to_owned();
        Ok(Numbered { test, file, field: element.to("@cmd") })
    })
    .collect()
}

/// What Polygon tells validators of a test.
fn input_args(testset: &str, group: Option<&str>) -> ValidatorArgs {
    let mut args = vec!["--testset".to_owned(), testset.to_owned()];
    if let Some(group) = group {
        args.extend(["--group".to_owned(), group.to_owned()]);
    }
    ValidatorArgs::Each(args)
}

/// The file when the package holds it, else the command that makes it.
fn test_input(element: &Element<'_>, files: &Files<'_>, path: &str) -> Result<Input, PackageError> {
    let cmd = element.attribute("cmd");
    let generated = match element.attribute("method") {
        Some("generated") => true,
        Some("manual") => false,
        None => cmd.is_some(),
        Some(other) => {
            let problem = format!("`{other}`; expected manual or generated");
            return Err(element.wrong("@method", problem));
        }
    };
    if files.holds(path) {
        return Ok(Input::File(files.path(path)));
    }
    if !generated {
        let hint = "; a manual test has to come with its input";
        return Err(missing(element, "", path.to_owned(), hint));
    }
    let cmd = element.need_attribute("cmd", "the command that generates the test")?;
    let command = command::split(cmd).map_err(|problem| element.wrong("@cmd", problem))?;
    Ok(Input::Generated { command })
}

pub(super) fn pattern(element: &Element<'_>, name: &str) -> Result<Pattern, PackageError> {
    let pattern = element.need(name, "a path such as tests/%02d")?;
    Pattern::parse(&pattern.text()).map_err(|problem| pattern.wrong("", problem))
}

/// An expanded pattern as a path of the package.
pub(super) fn plain(element: &Element<'_>, name: &str, path: &str) -> Result<String, PackageError> {
    match normalise(path) {
        Ok(Some(path)) => Ok(path),
        Ok(None) => Err(element.wrong(name, format!("`{path}` names no file"))),
        Err(problem) => Err(element.wrong(name, format!("`{path}`: {problem}"))),
    }
}
