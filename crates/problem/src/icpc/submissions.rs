//! `submissions/`: the author's solutions, by folder and by `submissions.yaml`.

use super::data::Data;
use super::expected::{Rule, annotated, scope};
use super::glob::Glob;
use super::manifest::Manifest;
use super::place::Place;
use super::programs::{extensions_of, kind_of};
use crate::yaml::Field;
use crate::{Expectation, PackageError, Scope, Solution, TimeBound};

/// What is said about solutions beside their folders.
const FILE: &str = "submissions/submissions.yaml";

/// The keys of a pattern that are requirements or about the solution itself; all others are tests
/// or groups.
const KEYS: [&str; 9] = [
    "language",
    "entrypoint",
    "authors",
    "model_solution",
    "permitted",
    "required",
    "score",
    "message",
    "use_for_time_limit",
];

/// One pattern of `submissions.yaml`.
struct Entry {
    pattern: String,
    glob: Glob,
    /// What it asks, for all tests and for some.
    rules: Vec<(Scope, Rule)>,
    language: Option<String>,
    entry_point: Option<String>,
}

pub(super) fn read(
    place: &mut Place<'_>,
    manifest: &Manifest,
    data: &Data,
) -> Result<Vec<Solution>, PackageError> {
    let entries = entries(place, manifest, data)?;
    let listing = place.list("submissions");
    for file in listing.files.iter().filter(|file| *file != "submissions.yaml") {
        place.note(format!("submissions/{file} is not used: solutions lie in folders"));
    }
    let mut solutions = Vec::new();
    for folder in &listing.folders {
        let inside = place.list(&format!("submissions/{folder}"));
        let answers = manifest.mode.submit_answer;
        for name in inside.files.iter().filter(|name| answers || !is_about(name)) {
            let mut solution = file_solution(place, &format!("{folder}/{name}"))?;
            judge_by(place, manifest, folder, &entries, &mut solution)?;
            solutions.push(solution);
        }
        for name in &inside.folders {
            let mut solution = folder_solution(place, manifest, &format!("{folder}/{name}"))?;
            judge_by(place, manifest, folder, &entries, &mut solution)?;
            solutions.push(solution);
        }
    }
    for Entry { pattern, glob, .. } in &entries {
        if !solutions.iter().any(|solution| glob.fits(&solution.name)) {
            place.note(format!("{FILE}: {pattern} fits no solution"));
        }
    }
    Ok(solutions)
}

/// Files that say something about solutions and are none.
fn is_about(name: &str) -> bool {
    [".md", ".txt", ".yaml", ".yml"].iter().any(|ending| name.ends_with(ending))
}

fn file_solution(place: &Place<'_>, name: &str) -> Result<Solution, PackageError> {
    let path = format!("submissions/{name}");
    let kind = kind_of(name);
    Ok(Solution {
        name: name.to_owned(),
        path: place.constants.path(&path)?,
        further: Vec::new(),
        label: String::new(),
        main: false,
        expectations: Vec::new(),
        time_bounds: Vec::new(),
        language: place.language(&path, &kind),
        kind,
        resources: Vec::new(),
        entry_point: None,
        note: None,
    })
}

fn folder_solution(
    place: &Place<'_>,
    manifest: &Manifest,
    name: &str,
) -> Result<Solution, PackageError> {
    let folder = format!("submissions/{name}");
    let files = place.below(&folder);
    let first = files.first().cloned().unwrap_or_default();
    let mut solution =
        Solution { name: name.to_owned(), ..file_solution(place, &format!("{name}/{first}"))? };
    let path = |file: &String| place.constants.path(&format!("{folder}/{file}"));
    let paths = |files: &[String]| files.iter().map(path).collect::<Result<Vec<_>, _>>();
    if manifest.mode.submit_answer {
        // No program: the answers to the tests, a file each.
        solution.further = paths(files.get(1..).unwrap_or_default())?;
        return Ok(solution);
    }
    let sources = place.sources(&folder, &files);
    solution.path = path(&sources.main)?;
    solution.further = paths(&sources.further)?;
    solution.resources = paths(&sources.resources)?;
    solution.kind = sources.kind;
    solution.language = sources.language;
    Ok(solution)
}

/// Adds to a solution what its folder, its own text and `submissions.yaml` ask of it.
fn judge_by(
    place: &mut Place<'_>,
    manifest: &Manifest,
    folder: &str,
    entries: &[Entry],
    solution: &mut Solution,
) -> Result<(), PackageError> {
    solution.label = folder.to_owned();
    let legacy = manifest.version.is_legacy();
    let by_default = match Rule::of_folder(folder) {
        _ if legacy => Rule::of_legacy_folder(folder),
        // An old folder that packages of the draft still have.
        None if folder == "partially_accepted" => Rule::of_legacy_folder(folder),
        rule => rule,
    };
    let mut rules: Vec<(String, Scope, Rule)> = Vec::new();
    let mut by_default = by_default.map(|rule| (format!("submissions/{folder}/"), rule));
    let name = solution.name.clone();
    for entry in entries.iter().filter(|entry| entry.glob.fits(&name)) {
        let said_by = format!("submissions.yaml: {}", entry.pattern);
        if let Some(entry_point) = &entry.entry_point {
            start_at(place, solution, entry_point);
        }
        if let Some(code) = &entry.language {
            let ending = extensions_of(code).and_then(|endings| endings.first());
            let kind = ending.map_or_else(String::new, |ending| (*ending).to_owned());
            let named = place.languages.by_kattis_name(code).map(|language| language.id.clone());
            solution.language = named.or_else(|| place.language("", &kind));
            solution.kind = kind;
        }
        for (scope, rule) in &entry.rules {
            // The folder's own name replaces what it asks by itself.
            let replaced = by_default.take_if(|_| entry.pattern == folder && *scope == Scope::All);
            let rule = match replaced {
                Some((_, default)) => rule.clone().over(default),
                None => rule.clone(),
            };
            rules.push((said_by.clone(), scope.clone(), rule));
        }
    }
    if let Some((said_by, rule)) = by_default {
        rules.insert(0, (said_by, Scope::All, rule));
    }
    let mut bounds: Vec<TimeBound> = Vec::new();
    for (said_by, scope, rule) in &rules {
        solution.expectations.extend(rule.expectation(said_by, scope.clone()));
        bounds.extend(rule.bounds(scope));
    }
    solution.time_bounds = bounds;
    if solution.expectations.is_empty() {
        by_annotation(place, folder, solution);
    }
    Ok(())
}

/// Makes the file that is named, or holds the class that is, the one that is started.
fn start_at(place: &mut Place<'_>, solution: &mut Solution, entry_point: &str) {
    solution.entry_point = Some(entry_point.to_owned());
    let class = entry_point.rsplit('.').next().unwrap_or(entry_point);
    let named = |path: &std::path::PathBuf| {
        let is = |part: Option<&std::ffi::OsStr>, name: &str| part.is_some_and(|it| it == name);
        is(path.file_name(), entry_point) || is(path.file_stem(), class)
    };
    if named(&solution.path) {
        return;
    }
    let others = solution.further.iter_mut().chain(&mut solution.resources);
    match others.into_iter().find(|path| named(path)) {
        Some(other) => std::mem::swap(other, &mut solution.path),
        None => place.note(format!(
            "submissions/{}: entrypoint `{entry_point}` names none of its files, and is not used",
            solution.name
        )),
    }
}

/// Solutions in folders that ask nothing may say in their text what becomes of them.
fn by_annotation(place: &mut Place<'_>, folder: &str, solution: &mut Solution) {
    use std::io::Read;
    const LOOKED_AT: u64 = 64 << 10;
    let mut head = Vec::new();
    let file = std::fs::File::open(&solution.path).ok();
    let read = file.and_then(|file| file.take(LOOKED_AT).read_to_end(&mut head).ok());
    let text = String::from_utf8_lossy(&head);
    match read.and_then(|_bytes| annotated(&text)) {
        Some(first) => solution
            .expectations
            .push(Expectation { first: Some(first), ..Expectation::new("@EXPECTED_RESULTS@") }),
        None => {
            let name = &solution.name;
            place.note(format!("submissions/{name}: {folder}/ asks nothing of its solutions"));
        }
    }
}

fn entries(
    place: &Place<'_>,
    manifest: &Manifest,
    data: &Data,
) -> Result<Vec<Entry>, PackageError> {
    if !place.holds(FILE) {
        return Ok(Vec::new());
    }
    let file = place.opened.shown(FILE);
    let node = place.yaml(FILE)?;
    if manifest.version.is_legacy() {
        return Err(place.wrong(FILE, "no file of this version of the format"));
    }
    let mut entries = Vec::new();
    for (pattern, field) in Field::root(&node, &file).map()?.all() {
        entries.push(entry(pattern, &field, manifest, data)?);
    }
    Ok(entries)
}

fn entry(
    pattern: &str,
    field: &Field<'_>,
    manifest: &Manifest,
    data: &Data,
) -> Result<Entry, PackageError> {
    let map = field.map()?;
    map.allow(&["authors"]);
    if let Some(model) = map.get("model_solution") {
        model.truth()?;
    }
    let text = |key: &'static str| -> Result<Option<String>, PackageError> {
        map.get(key).map(|field| field.text("a text").map(str::to_owned)).transpose()
    };
    let language = text("language")?;
    if let Some(code) = language.as_ref().filter(|code| extensions_of(code).is_none()) {
        return Err(map.wrong("language", format!("`{code}` is no code of a language")));
    }
    let mut rules = vec![(Scope::All, Rule::read(&map, manifest.scoring)?)];
    for (key, inner) in map.all().filter(|(key, _)| !KEYS.contains(key)) {
        let scope = scope(&inner, key, &data.tests, &data.groups)?;
        let keys = inner.map()?;
        rules.push((scope, Rule::read(&keys, manifest.scoring)?));
        keys.close()?;
    }
    Ok(Entry {
        pattern: pattern.trim_end_matches('/').to_owned(),
        glob: Glob::parse(pattern).map_err(|problem| field.wrong(problem))?,
        rules,
        language,
        entry_point: text("entrypoint")?,
    })
}
