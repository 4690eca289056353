//! Polygon packages: `problem.xml` and the files it names.
//!
//! The judging testset is the one called `tests`; a manifest with a single testset of another name
//! means that one; several without a `tests` are refused, because nothing says which of them
//! decides. Fields that only matter to Polygon itself (statements, stresses, tags, properties) are
//! not read.

mod assets;
mod files;
mod testset;
mod xml;

use std::fs::File;
use std::io::Read;

use minos_model::{LimitError, Limits, ProblemId};

use crate::bounds::MAX_MANIFEST;
use crate::open::Opened;
use crate::package::{Answer, Format, Package, PackageTest, ProblemLimits};
use crate::tree::io;
use crate::{Languages, PackageError, SolutionTag};
use files::Files;
use xml::Element;

/// The manifest's name.
const MANIFEST: &str = "problem.xml";

pub(crate) fn read(opened: &Opened, languages: &Languages) -> Result<Package, PackageError> {
    let file = opened.shown(MANIFEST);
    let text = manifest_text(opened, &file)?;
    let document = xml::parse(&text, &file)?;
    let root = Element::root(&document, &file, "problem")?;

    let files = Files::read(opened, languages, &root)?;
    let judging = root.need("judging", "the testsets")?;
    let (testset, names) = testset::choose(&judging)?;
    let limits = testset::limits(&testset)?;
    let groups = testset::groups(&testset)?;
    let tests = testset::tests(&testset, &files)?;
    let assets = root.need("assets", "the checker and the solutions")?;
    let checker = assets::checker(&assets, &files)?;
    let solutions = assets::solutions(&assets, &files, &names, &groups, &tests)?;
    let validators = assets::validators(&assets, &files)?;
    let interactor = assets::tool(&assets, "interactor", &files)?;
    let scorer = assets::tool(&assets, "scorer", &files)?;
    let short_name = root.need_attribute("short-name", "the problem's short name")?;
    let id =
        ProblemId::new(short_name).map_err(|error| root.wrong("@short-name", error.to_string()))?;
    let executables = files.generators(&tests)?;

    let package = Package {
        id,
        name: title(&root).unwrap_or(short_name).to_owned(),
        format: Format::Polygon,
        revision: opened.tree.revision()?,
        root: opened.tree.root().to_owned(),
        limits,
        tests: tests.into_iter().map(|test| test.test).collect(),
        groups,
        checker: checker.checker,
        checker_name: checker.name,
        checker_tests: checker.tests,
        solutions,
        executables,
        validators,
        interactor,
        scorer,
        resources: files.into_resources(),
        run_count: run_count(&judging)?,
        input_file: file_name(&judging, "input-file", "stdin")?,
        output_file: file_name(&judging, "output-file", "stdout")?,
        manifest: file.clone(),
        _scratch: std::sync::Arc::clone(&opened.scratch),
    };
    answers_can_be_made(&package, &assets)?;
    Ok(package)
}

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
            "no solution is tagged `{}`, but test {} has no answer file; tag one, or add the answer",
            SolutionTag::Main,
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
