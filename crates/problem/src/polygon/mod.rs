//! Polygon packages: `problem.xml` and the files it names.
//!
//! The judging testset is the one called `tests`; a manifest with a single testset of another name
//! means that one; several without a `tests` are refused, because nothing says which of them
//! decides. Fields that only matter to Polygon itself (statements, stresses, tags, properties) are
//! not read.

mod assets;
mod files;
mod solutions;
mod testset;
mod xml;

use std::fs::File;
use std::io::Read;

use minos_model::{LimitError, Limits, ProblemId};

use crate::bounds::MAX_MANIFEST;
use crate::open::Opened;
use crate::tree::io;
use crate::{
    Answer, Format, Group, Languages, Mode, Package, PackageError, PackageTest, Passes,
    PointsPolicy, ProblemLimits, Rules, Scoring,
};
use files::Files;
use testset::Judged;
use xml::{Element, UNKNOWN};

/// The manifest's name.
const MANIFEST: &str = "problem.xml";

pub(crate) fn read(opened: &Opened, languages: &Languages) -> Result<Package, PackageError> {
    let file = opened.shown(MANIFEST);
    let text = manifest_text(opened, &file)?;
    let document = xml::parse(&text, &file)?;
    let root = Element::root(&document, &file, "problem")?;

    check_elements(&root)?;
    let files = Files::read(opened, languages, &root)?;
    let judging = root.need("judging", "the testsets")?;
    let (testset, name, testsets) = testset::choose(&judging)?;
    let limits = testset::limits(&testset)?;
    let groups = testset::groups(&testset)?;
    let tests = testset::tests(&testset, name, &files)?;
    let assets = root.need("assets", "the checker and the solutions")?;
    let checker = assets::checker(&assets, &files)?;
    let judged = Judged { testset: name, testsets: &testsets, groups: &groups, tests: &tests };
    let solutions = solutions::solutions(&assets, &files, &judged)?;
    let mut notes = notes(&judged);
    notes.extend(solutions::unjudged(&assets, &judged)?);
    let validators = assets::validators(&assets, &files)?;
    let interactor = assets::tool(&assets, "interactor", &files)?;
    let scorer = assets::tool(&assets, "scorer", &files)?;
    let short_name = root.need_attribute("short-name", "the problem's short name")?;
    let id =
        ProblemId::new(short_name).map_err(|error| root.wrong("@short-name", error.to_string()))?;
    let executables = files.generators(&tests)?;
    let mut tests: Vec<PackageTest> = tests.into_iter().map(|test| test.test).collect();
    let mut groups = groups;
    let scoring = scoring(&mut tests, &mut groups, scorer.is_some());
    let mode = Mode {
        interactive: interactor.is_some(),
        submit_answer: false,
        passes: if run_count(&judging)? == 2 { Passes::Twice } else { Passes::Once },
    };

    let package = Package {
        id,
        name: title(&root).unwrap_or(short_name).to_owned(),
        format: Format::Polygon,
        revision: opened.tree.revision()?,
        root: opened.tree.root().to_owned(),
        mode,
        limits,
        inference: None,
        rules: Rules::default(),
        scoring,
        tests,
        groups,
        checker: checker.checker,
        checker_name: checker.name,
        checker_tests: checker.tests,
        solutions,
        executables,
        validators,
        invalid_inputs: Vec::new(),
        interactor,
        grader: None,
        scorer,
        static_validator: None,
        includes: files.includes(),
        resources: files.into_resources(),
        input_file: file_name(&judging, "input-file", "stdin")?,
        output_file: file_name(&judging, "output-file", "stdout")?,
        notes,
        _scratch: std::sync::Arc::clone(&opened.scratch),
    };
    answers_can_be_made(&package, &assets)?;
    Ok(package)
}

/// Refuses elements that nobody here knows: they may say how to judge. What is below those that say
/// nothing about judging is not looked at.
fn check_elements(root: &Element<'_>) -> Result<(), PackageError> {
    const OUTSIDE: [&str; 9] = [
        "names",
        "statements",
        "tutorials",
        "documents",
        "attachments",
        "properties",
        "stresses",
        "tags",
        "materials",
    ];
    let parts: [(&str, &[&str]); 3] =
        [("judging", &JUDGING_ELEMENTS), ("files", &FILES_ELEMENTS), ("assets", &ASSETS_ELEMENTS)];
    for (name, known) in parts {
        if let Some(part) = root.child(name) {
            part.check_below(known)?;
        }
    }
    let inside = |name: &str| parts.iter().any(|(part, _)| *part == name);
    match root.names().into_iter().find(|name| !OUTSIDE.contains(name) && !inside(name)) {
        Some(strange) => Err(root.wrong(strange, UNKNOWN.to_owned())),
        None => Ok(()),
    }
}

/// The elements of `judging`.
const JUDGING_ELEMENTS: [&str; 12] = [
    "testset",
    "time-limit",
    "memory-limit",
    "test-count",
    "input-path-pattern",
    "answer-path-pattern",
    "tests",
    "test",
    "groups",
    "group",
    "dependencies",
    "dependency",
];

/// The elements of `files`.
const FILES_ELEMENTS: [&str; 11] = [
    "resources",
    "file",
    "assets",
    "asset",
    "stages",
    "stage",
    "attachments",
    "executables",
    "executable",
    "source",
    "binary",
];

/// The elements of `assets`.
const ASSETS_ELEMENTS: [&str; 21] = [
    "checker",
    "interactor",
    "scorer",
    "validators",
    "validator",
    "solutions",
    "solution",
    "source",
    "binary",
    "copy",
    "testset",
    "test-count",
    "input-path-pattern",
    "output-path-pattern",
    "answer-path-pattern",
    "tests",
    "test",
    "runs",
    "run",
    "extra-tags",
    "extra-tag",
];

fn manifest_text(opened: &Opened, file: &str) -> Result<String, PackageError> {
    let path = opened.tree.path(MANIFEST);
    let handle = File::open(&path).map_err(|source| io(&path, "open", source))?;
    let mut bytes = Vec::new();
    let mut bounded = handle.take(MAX_MANIFEST + 1);
    bounded.read_to_end(&mut bytes).map_err(|source| io(&path, "read", source))?;
    let refused = |problem: String| PackageError::Xml { file: file.to_owned(), line: 1, problem };
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > MAX_MANIFEST {
        return Err(refused(format!("more than {MAX_MANIFEST} bytes")));
    }
    let text = String::from_utf8(bytes)
        .map_err(|error| refused(format!("not UTF-8: {}; save it as UTF-8", error.utf8_error())))?;
    Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))
}

/// The English title, else the first.
fn title<'a>(root: &Element<'a>) -> Option<&'a str> {
    let names = root.list("names", "name");
    let english = names.iter().find(|name| name.attribute("language") == Some("english"));
    english.or_else(|| names.first())?.attribute("value")
}

fn run_count(judging: &Element<'_>) -> Result<u32, PackageError> {
    let Some(text) = judging.attribute("run-count") else { return Ok(1) };
    let wrong = || judging.wrong("@run-count", format!("`{text}`; expected 1 or 2"));
    text.parse().ok().filter(|count| (1..=2).contains(count)).ok_or_else(wrong)
}

/// The file a solution reads or writes; `None` for the standard stream.
fn file_name(
    judging: &Element<'_>,
    attribute: &str,
    stream: &str,
) -> Result<Option<String>, PackageError> {
    let Some(name) = judging.attribute(attribute) else { return Ok(None) };
    if name == stream {
        return Ok(None);
    }
    match crate::relative::normalise(name) {
        Ok(Some(path)) if !path.contains('/') => Ok(Some(path)),
        Ok(_) => Err(judging.wrong(
            &format!("@{attribute}"),
            format!("`{name}`; expected the name of a file in the working directory, or nothing"),
        )),
        Err(problem) => {
            Err(judging.wrong(&format!("@{attribute}"), format!("`{name}`: {problem}")))
        }
    }
}

/// Points, as soon as a test or a group has any. What has no number then is worth nothing, and a
/// group is worth what its tests are: Polygon knows no scores without a bound, but those that a
/// scorer makes of nothing.
fn scoring(tests: &mut [PackageTest], groups: &mut [Group], scorer: bool) -> Scoring {
    let worth = |points: Option<f64>| points.is_some_and(|points| points > 0.0);
    let scored = tests.iter().any(|test| worth(test.points))
        || groups.iter().any(|group| worth(group.points));
    if !scored {
        return if scorer { Scoring::Points } else { Scoring::PassFail };
    }
    for group in groups {
        let inside = tests.iter().filter(|test| test.group.as_ref() == Some(&group.name));
        let sum: f64 = inside.filter_map(|test| test.points).sum();
        // Tests that count one by one are the whole of their group.
        if group.points.is_none() || group.points_policy == PointsPolicy::EachTest {
            group.points = Some(sum);
        }
    }
    for test in tests {
        test.points.get_or_insert(0.0);
    }
    Scoring::Points
}

/// What the manifest holds and judging does not use.
fn notes(judged: &Judged<'_>) -> Vec<String> {
    let mut notes = Vec::new();
    for name in judged.testsets.iter().filter(|name| *name != judged.testset) {
        let decides = judged.testset;
        notes.push(format!("testset {name} is not judged: testset {decides} decides"));
    }
    for group in judged.groups {
        for dependency in &group.dependencies {
            let known = judged.groups.iter().any(|other| other.name == *dependency)
                || judged.tests.iter().any(|test| test.test.group.as_ref() == Some(dependency));
            if !known {
                let name = &group.name;
                notes.push(format!("group {name} waits for group {dependency}, which has no test"));
            }
        }
    }
    notes
}

/// A time and a memory limit that can be enforced.
fn checked_limits(
    testset: &Element<'_>,
    limits: ProblemLimits,
) -> Result<ProblemLimits, PackageError> {
    let defaults = minos_model::RawLimits::default();
    let raw = limits.raw(defaults.processes, defaults.files);
    Limits::new(raw).map(|_checked| limits).map_err(|error| {
        let (LimitError::TooLow { name, .. } | LimitError::TooHigh { name, .. }) = &error;
        let field = if *name == "memory" { "memory-limit" } else { "time-limit" };
        testset.wrong(field, error.to_string())
    })
}

/// Tests without an answer need a main solution that can be run here.
fn answers_can_be_made(package: &Package, assets: &Element<'_>) -> Result<(), PackageError> {
    let needs = |test: &&PackageTest| test.answer == Answer::MainSolution;
    let Some(test) = package.tests.iter().find(needs) else { return Ok(()) };
    let Some(main) = package.main_solution() else {
        let problem = format!(
            "no solution is tagged `main`, but test {} has no answer file; tag one, or add the answer",
            test.name
        );
        return Err(assets.wrong("solutions", problem));
    };
    if main.language.is_some() {
        return Ok(());
    }
    let problem = format!(
        "the main solution's type `{}` is listed by no language file, but test {} has no answer \
         file; add the type to one of cluster-config/languages/*.toml, or add the answer",
        main.kind, test.name
    );
    Err(assets.wrong("solutions", problem))
}
