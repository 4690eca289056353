//! ICPC/Kattis packages: `problem.yaml` and the folders beside it, in the versions `legacy`,
//! `legacy-icpc`, `2023-07-draft` and `2025-09`.
//!
//! The old versions have a tree of test groups, whose results graders combine; the new ones have
//! groups with a highest score. Programs are single files or folders, and say by their place what
//! they are for. Statements, attachments, generators and visualisers are recognised and not read.

mod about;
mod constants;
mod data;
mod expected;
mod glob;
mod groups;
mod includes;
mod legacy;
mod limits;
mod manifest;
mod place;
mod programs;
mod recent;
mod scripts;
mod submissions;

use minos_model::{Digest, LanguageId, ProblemId};
use sha2::{Digest as _, Sha256};

use crate::open::Opened;
use crate::{
    Checker, Comparison, Format, IcpcVersion, Input, JuryProgram, Languages, Package, PackageError,
    Validator, Validators,
};
use constants::Constants;
use data::Data;
use manifest::Manifest;
use place::Place;
pub use programs::language_code;

/// The manifest's name.
const MANIFEST: &str = "problem.yaml";

pub(crate) fn read(opened: &Opened, languages: &Languages) -> Result<Package, PackageError> {
    let mut place = Place::new(opened, languages);
    let file = opened.shown(MANIFEST);
    let mut manifest = Manifest::read(&place)?;
    manifest.mode.passes = limits::passes(&manifest)?;
    place.constants = Constants::new(opened, &manifest.constants);
    place.check_folders(manifest.version)?;
    let limits = limits::read(&place, &manifest)?;
    let checker = checker(&mut place, &manifest)?;
    let data = Data::read(&mut place, &manifest)?;
    check_flags(&place, &checker, &data)?;
    let grader = grader(&mut place, &data)?;
    let solutions = submissions::read(&mut place, &manifest, &data)?;
    let includes = includes::read(&mut place)?;
    let validators = validators(&mut place, manifest.version.is_legacy())?;
    let id = id(opened, &file)?;
    let rules = limits::rules(&place, &manifest)?;
    let static_validator = static_validator(&mut place, &manifest, &data)?;
    note_what_is_missing(&mut place, &manifest, &validators);
    Ok(Package {
        revision: revision(&id, &opened.tree.revision()?),
        name: manifest.name.clone().unwrap_or_else(|| id.to_string()),
        id,
        format: Format::Icpc(manifest.version),
        root: opened.tree.root().to_owned(),
        mode: manifest.mode,
        limits: limits.limits,
        inference: limits.inference,
        rules,
        tests: data.tests,
        groups: data.groups,
        scoring: data.scoring,
        checker,
        checker_name: None,
        checker_tests: data.checker_tests,
        solutions,
        executables: Vec::new(),
        validators,
        invalid_inputs: data.invalid_inputs,
        interactor: None,
        grader,
        scorer: None,
        static_validator,
        resources: Vec::new(),
        includes,
        input_file: None,
        output_file: None,
        notes: place.notes,
        _scratch: std::sync::Arc::clone(&opened.scratch),
    })
}

/// Notes what the format demands of every package, and what can be judged without.
fn note_what_is_missing(place: &mut Place<'_>, manifest: &Manifest, validators: &[Validator]) {
    if validators.is_empty() {
        place.note("input_validators/ holds no program: nothing says whether the inputs are valid");
    }
    if place.list("submissions/accepted").is_empty() {
        place.note("submissions/accepted/ holds no solution: nothing shows that one is accepted");
    }
    if !manifest.version.is_legacy() && manifest.uuid.is_none() {
        let version = manifest.version.as_str();
        place.note(format!("{MANIFEST}: uuid is missing; version {version} demands one"));
    }
}

/// The name of the package's folder.
fn id(opened: &Opened, file: &str) -> Result<ProblemId, PackageError> {
    ProblemId::new(opened.name.as_str()).map_err(|error| PackageError::Field {
        file: file.to_owned(),
        field: "the name of the package's folder".to_owned(),
        problem: format!("{error}; it is the problem's short name, rename the folder"),
    })
}

/// The name is no part of the files, and yet of the problem: two folders with the same files are
/// two problems.
fn revision(id: &ProblemId, files: &Digest) -> Digest {
    let mut hash = Sha256::new();
    hash.update(id.as_str().as_bytes());
    hash.update([0]);
    hash.update(files.to_string().as_bytes());
    Digest::from_bytes(hash.finalize().into())
}

/// The default output validator, or the package's own.
fn checker(place: &mut Place<'_>, manifest: &Manifest) -> Result<Checker, PackageError> {
    let early =
        manifest.version == IcpcVersion::Draft202307 && !place.has_folder("output_validator");
    let legacy = manifest.version.is_legacy() || early;
    let (many, one) = ("output_validators", "output_validator");
    if legacy && place.has_folder(many) && place.has_folder(one) {
        return Err(place.wrong(one, format!("beside {many}/; expected only one of them")));
    }
    // Some old packages have the new name.
    let legacy = legacy && !place.has_folder(one);
    let folder = if legacy { many } else { one };
    let custom = manifest.custom_validation.unwrap_or_else(|| place.has_folder(folder));
    if !custom {
        if place.has_folder(folder) {
            place.note(format!("{folder}/ is not used: `validation` is default"));
        }
        return Ok(Checker::Default);
    }
    let tools = if legacy {
        place.programs(folder)?
    } else {
        place.single_program(folder)?.into_iter().collect()
    };
    if tools.is_empty() {
        let problem = "custom output validation, and the package holds no program there";
        return Err(place.wrong(folder, problem));
    }
    if tools.len() > 1 && (manifest.mode.interactive || manifest.mode.passes != crate::Passes::Once)
    {
        let problem = "several output validators; only one can talk to a submission";
        return Err(place.wrong(folder, problem));
    }
    let programs: Result<Vec<JuryProgram>, _> =
        tools.iter().map(crate::Tool::jury_program).collect();
    Ok(Checker::Validators(Validators { programs: programs?, scores: manifest.validator_scores }))
}

/// The flags of every test are some that the default output validator has.
fn check_flags(place: &Place<'_>, checker: &Checker, data: &Data) -> Result<(), PackageError> {
    if *checker != Checker::Default {
        return Ok(());
    }
    for test in data.tests.iter().filter(|test| test.input != Input::Sources) {
        Comparison::parse(&test.validator_args).map_err(|problem| PackageError::Field {
            file: place.opened.shown(&giving_flags(place, &test.name)),
            field: format!("flags of the output validator for test {}", test.name),
            problem,
        })?;
    }
    Ok(())
}

/// The file that gives a test its flags: the nearest one that has such a key, its own first.
fn giving_flags(place: &Place<'_>, test: &str) -> String {
    const KEYS: [&str; 2] = ["output_validator_args", "output_validator_flags"];
    let own = format!("data/{test}.yaml");
    let around = own.match_indices('/').rev().map(|(at, _)| own.get(..at).unwrap_or_default());
    let settings = around.flat_map(|folder| {
        ["test_group.yaml", "testdata.yaml"].map(|name| format!("{folder}/{name}"))
    });
    let mut files = std::iter::once(own.clone()).chain(settings);
    let gives = |file: &String| {
        let text = if place.holds(file) { place.text(file).ok() } else { None };
        text.is_some_and(|text| KEYS.iter().any(|key| text.contains(key)))
    };
    files.find(gives).unwrap_or_else(|| MANIFEST.to_owned())
}

fn grader(place: &mut Place<'_>, data: &Data) -> Result<Option<JuryProgram>, PackageError> {
    if !data.custom_grader {
        if place.has_folder("graders") {
            place.note("graders/ is not used: no testdata.yaml has `grading: custom`");
        }
        return Ok(None);
    }
    let tools = place.programs("graders")?;
    match tools.as_slice() {
        [grader] => grader.jury_program().map(Some),
        [] => {
            Err(place
                .wrong("graders", "a testdata.yaml has `grading: custom`; expected one program"))
        }
        _ => Err(place.wrong("graders", "several programs; expected one")),
    }
}

fn validators(place: &mut Place<'_>, legacy: bool) -> Result<Vec<Validator>, PackageError> {
    let mut tools = place.programs("input_validators")?;
    if legacy {
        tools.extend(place.programs("input_format_validators")?);
    }
    Ok(tools.into_iter().map(|tool| Validator { tool, tests: Vec::new() }).collect())
}

/// The program that looks at sources, which has to be there when a group asks for it.
fn static_validator(
    place: &mut Place<'_>,
    manifest: &Manifest,
    data: &Data,
) -> Result<Option<JuryProgram>, PackageError> {
    const FOLDER: &str = "static_validator";
    let asked = data.tests.iter().any(|test| test.input == Input::Sources);
    let Some(tool) = place.single_program(FOLDER)? else {
        if asked {
            let problem = "a test_group.yaml asks for static validation; expected a program there";
            return Err(place.wrong(FOLDER, problem));
        }
        return Ok(None);
    };
    if manifest.mode.submit_answer {
        return Err(place.wrong(FOLDER, "an answer that is submitted has no sources"));
    }
    if !asked {
        place.note(format!("{FOLDER}/ is not used: no test_group.yaml asks for it"));
        return Ok(None);
    }
    tool.jury_program().map(Some)
}

/// The languages of this installation that one of the format's codes means.
fn languages_of(languages: &Languages, code: &str) -> Option<Vec<LanguageId>> {
    let extensions = programs::extensions_of(code)?;
    let meant = languages.iter().filter(|language| {
        language.extensions.iter().any(|extension| extensions.contains(&extension.as_str()))
    });
    Some(meant.map(|language| language.id.clone()).collect())
}
