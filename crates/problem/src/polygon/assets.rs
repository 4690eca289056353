//! The programs of a problem: checker, validators, interactor, solutions.

use super::files::{Files, missing};
use super::testset::{pattern, plain};
use super::xml::Element;
use crate::{
    Checker, CheckerTest, CheckerWord, PackageError, StandardChecker, Tool, Validator,
    ValidatorTest,
};

/// A checker with the cases that prove it.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) checker: Checker,
    pub(super) name: Option<String>,
    pub(super) tests: Vec<CheckerTest>,
}

pub(super) fn checker(assets: &Element<'_>, files: &Files<'_>) -> Result<Found, PackageError> {
    let element = assets.need("checker", "the program that compares answers")?;
    if let Some(kind) = element.attribute("type").filter(|kind| *kind != "testlib") {
        let problem = format!("`{kind}`; only checkers of type testlib are read");
        return Err(element.wrong("@type", problem));
    }
    let name = element.attribute("name");
    let checker = match checker_source(&element, files)? {
        Some(tool) => Checker::Program(tool.part().map_err(|_unknown_type| {
            element.wrong(
                "source/@type",
                format!(
                    "`{}` is listed by no language file; add it to `polygon` in one of \
                     cluster-config/languages/*.toml",
                    tool.kind
                ),
            )
        })?),
        None => Checker::Standard(standard(&element, name)?),
    };
    let tests = checker_tests(&element, files)?;
    Ok(Found { checker, name: name.map(str::to_owned), tests })
}

/// The checker's source, or the copy that Polygon leaves at the root. `None` when the package has
/// neither and names a comparison that is built in.
fn checker_source(element: &Element<'_>, files: &Files<'_>) -> Result<Option<Tool>, PackageError> {
    let Some(source) = element.child("source") else { return Ok(None) };
    let path = files.named(&source)?;
    if files.holds(&path) {
        return files.tool(&source).map(Some);
    }
    if let Some(copy) = element.child("copy") {
        let copied = files.named(&copy)?;
        if files.holds(&copied) {
            let kind = copy.attribute("type").or_else(|| source.attribute("type"));
            return Ok(Some(files.tool_at(&copied, kind)));
        }
    }
    let name = element.attribute("name").unwrap_or_default();
    if name.starts_with("std::") && StandardChecker::named(name).is_some() {
        return Ok(None);
    }
    Err(missing(&source, "@path", path, ""))
}

fn standard(element: &Element<'_>, name: Option<&str>) -> Result<StandardChecker, PackageError> {
    let known = || {
        let known: Vec<String> =
            StandardChecker::ALL.iter().map(|checker| format!("{checker}.cpp")).collect();
        known.join(", ")
    };
    let Some(name) = name else {
        let problem = format!("missing; expected it, or a @name out of {}", known());
        return Err(element.wrong("source", problem));
    };
    StandardChecker::named(name).ok_or_else(|| {
        let problem = format!("`{name}` comes without its source and is none of {}", known());
        element.wrong("@name", problem)
    })
}

fn checker_tests(
    checker: &Element<'_>,
    files: &Files<'_>,
) -> Result<Vec<CheckerTest>, PackageError> {
    let Some(testset) = checker.child("testset") else { return Ok(Vec::new()) };
    let mut tests = Vec::new();
    for (index, element) in testset.list("tests", "test").iter().enumerate() {
        let verdict = match element.need_attribute("verdict", "ok, wrong-answer, …")? {
            "ok" => CheckerWord::Ok,
            "wrong-answer" => CheckerWord::WrongAnswer,
            "presentation-error" => CheckerWord::PresentationError,
            "points" => CheckerWord::Points,
            "crashed" => CheckerWord::Crashed,
            other => {
                let problem = format!(
                    "`{other}`; expected ok, wrong-answer, presentation-error, points or crashed"
                );
                return Err(element.wrong("@verdict", problem));
            }
        };
        let file = |name: &str| -> Result<_, PackageError> {
            let path = plain(&testset, name, &pattern(&testset, name)?.expand(index + 1))?;
            // Whether it is there matters to whoever runs the checker's tests, not to judging.
            files.unix(&path)
        };
        tests.push(CheckerTest {
            name: format!("checker test {}", index + 1),
            input: file("input-path-pattern")?,
            output: file("output-path-pattern")?,
            answer: file("answer-path-pattern")?,
            args: Vec::new(),
            input_args: None,
            verdict,
        });
    }
    Ok(tests)
}

/// A program that a manifest may name once, such as the interactor.
pub(super) fn tool(
    assets: &Element<'_>,
    name: &str,
    files: &Files<'_>,
) -> Result<Option<Tool>, PackageError> {
    let Some(element) = assets.child(name) else { return Ok(None) };
    let source = element.need("source", "the program's source")?;
    files.tool(&source).map(Some)
}

pub(super) fn validators(
    assets: &Element<'_>,
    files: &Files<'_>,
) -> Result<Vec<Validator>, PackageError> {
    let mut validators = Vec::new();
    for element in assets.list("validators", "validator") {
        let source = element.need("source", "the validator's source")?;
        let tool = files.tool_named(&source)?;
        let tests = match element.child("testset") {
            Some(testset) => validator_tests(&testset, files)?,
            None => Vec::new(),
        };
        validators.push(Validator { tool, tests });
    }
    Ok(validators)
}

fn validator_tests(
    testset: &Element<'_>,
    files: &Files<'_>,
) -> Result<Vec<ValidatorTest>, PackageError> {
    let mut tests = Vec::new();
    for (index, element) in testset.list("tests", "test").iter().enumerate() {
        let valid = match element.need_attribute("verdict", "valid or invalid")? {
            "valid" => true,
            "invalid" => false,
            other => {
                let problem = format!("`{other}`; expected valid or invalid");
                return Err(element.wrong("@verdict", problem));
            }
        };
        let name = "input-path-pattern";
        let path = plain(testset, name, &pattern(testset, name)?.expand(index + 1))?;
        // Whether it is there matters to whoever runs the validator's tests, not to judging.
        tests.push(ValidatorTest {
            input: files.unix(&path)?,
            valid,
            testset: element.attribute("testset").map(str::to_owned),
            group: element.attribute("group").map(str::to_owned),
        });
    }
    Ok(tests)
}
